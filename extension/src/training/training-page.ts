// The page of the training view, and what passes between it and the extension. The page only shows: drawings and words are
// made here, where they are tested. Nothing in it moves by itself, and all colours are the theme's.

import { describeCurve, tableHead, tableRows } from "./describe-curve.ts";
import { drawCurve, type PlotSize } from "./plot.ts";
import type { TrainingSnapshot, TrainingState } from "./training-monitor.ts";

/** To the page. */
export interface PageContent {
  readonly headline: string;
  readonly line: string;
  readonly engine: string;
  /** SVG markup, made of numbers and our own words alone. */
  readonly plot: string;
  readonly rows: readonly (readonly string[])[];
  readonly news: { readonly number: number; readonly text: string };
  readonly actions: readonly PageAction[];
}

export type PageAction = "train" | "resume" | "cancel";

/** From the page. */
export type PageMessage =
  | { readonly type: "size"; readonly size: PlotSize }
  | { readonly type: "action"; readonly action: PageAction };

const headlines: Readonly<Record<TrainingState, (folder: string) => string>> = {
  none: () => "Nothing was trained yet.",
  running: (folder) => `Training the tag model of ${folder}`,
  stopping: (folder) => `Stopping the training of ${folder} …`,
  done: (folder) => `The tag model of ${folder} is trained`,
  cancelled: (folder) => `The training of ${folder} was stopped`,
  failed: (folder) => `The training of ${folder} failed`,
};

const sizeLimit = 10_000;

/** @param canResume whether a stopped run left a checkpoint. */
export function pageContent(snapshot: TrainingSnapshot, size: PlotSize, canResume: boolean): PageContent {
  const { state, folder, line, curve, news } = snapshot;
  const { engine } = curve;
  const words = [line, describeCurve(curve)].filter((it) => it !== undefined && it !== "");
  const again: PageAction[] = canResume ? ["resume", "train"] : ["train"];
  return {
    headline: headlines[state](folder),
    line: words.join(" · "),
    engine: engine === undefined ? "" : `${engine.description || engine.name}: ${engine.reason}`,
    plot: drawCurve(curve, size),
    rows: tableRows(curve),
    news,
    actions: state === "running" ? ["cancel"] : state === "stopping" ? [] : again,
  };
}

/** The message of a page, checked; undefined for anything else. */
export function parsePageMessage(value: unknown): PageMessage | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { type, width, height, action } = value as Record<string, unknown>;
  if (type === "size" && isExtent(width) && isExtent(height)) return { type, size: { width, height } };
  if (type === "action" && (action === "train" || action === "resume" || action === "cancel")) return { type, action };
  return undefined;
}

function isExtent(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= sizeLimit;
}

/** @param nonce random letters and digits, new for each page: nothing but our own style and script may run. */
export function pageMarkup(nonce: string): string {
  if (!/^[A-Za-z0-9]{16,}$/u.test(nonce))
    throw new RangeError("pageMarkup: the nonce must be 16 letters or digits at least");
  const head = tableHead.map((it) => `<th scope="col">${it}</th>`).join("");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tag Training</title>
<style nonce="${nonce}">${styles}</style>
</head>
<body>
<header>
<h1 id="headline"></h1>
<div class="actions">
<button type="button" data-action="cancel" hidden>Cancel</button>
<button type="button" data-action="resume" hidden>Resume</button>
<button type="button" data-action="train" class="secondary" hidden>Train Model…</button>
</div>
</header>
<p><span id="line"></span> <span id="engine" class="quiet"></span></p>
<div id="news" class="heard" role="status" aria-live="polite"></div>
<main id="plot" aria-label="Loss and held-out precision"></main>
<details id="figures" hidden>
<summary>Figures as a table</summary>
<table><thead><tr>${head}</tr></thead><tbody id="rows"></tbody></table>
</details>
<script nonce="${nonce}">${script}</script>
</body>
</html>`;
}

const styles = `
body { box-sizing: border-box; min-height: 100vh; margin: 0; padding: 4px 16px 8px; display: flex; flex-direction: column;
  color: var(--vscode-foreground); font: var(--vscode-font-size)/1.4 var(--vscode-font-family); }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; }
h1 { margin: 0; font-size: 1.1em; font-weight: 600; }
p { margin: 2px 0; font-variant-numeric: tabular-nums; }
.quiet { color: var(--vscode-descriptionForeground); }
.actions { display: flex; gap: 6px; margin-left: auto; }
button { padding: 2px 10px; border: 1px solid var(--vscode-button-border, transparent); border-radius: 2px; font: inherit;
  color: var(--vscode-button-foreground); background: var(--vscode-button-background); cursor: pointer; }
button:hover { background: var(--vscode-button-hoverBackground); }
button.secondary { color: var(--vscode-button-secondaryForeground); background: var(--vscode-button-secondaryBackground); }
button.secondary:hover { background: var(--vscode-button-secondaryHoverBackground); }
button:focus-visible, summary:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
[hidden] { display: none !important; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
main { flex: 1 0 125px; margin-top: 4px; overflow: hidden; }
@media (max-width: 650px) { main { flex-basis: 260px; } }
svg { display: inline-block; vertical-align: top; }
svg text { fill: var(--vscode-descriptionForeground); font-size: 11px; font-family: var(--vscode-font-family);
  font-variant-numeric: tabular-nums; }
svg .title { fill: var(--vscode-foreground); font-size: 12px; font-weight: 600; }
svg .value { fill: var(--vscode-foreground); font-weight: 600; }
svg path { fill: none; }
.grid { stroke: var(--vscode-charts-lines, var(--vscode-foreground)); stroke-opacity: 0.25; }
.axis { stroke: var(--vscode-charts-lines, var(--vscode-foreground)); stroke-opacity: 0.7; }
.mark { stroke: var(--vscode-charts-lines, var(--vscode-foreground)); stroke-dasharray: 3 3; }
.line { stroke-width: 1.5; stroke-linejoin: round; }
.line.loss { stroke: var(--vscode-charts-blue); }
svg .band { fill: var(--vscode-charts-blue); fill-opacity: 0.22; }
.line.precision { stroke: var(--vscode-charts-green); }
.dot { fill: var(--vscode-charts-green); }
.dot.loss { fill: var(--vscode-charts-blue); }
.vscode-high-contrast .grid { stroke-opacity: 0.5; }
.vscode-high-contrast .axis { stroke-opacity: 1; }
.vscode-high-contrast .line { stroke-width: 2.5; stroke: var(--vscode-foreground); }
.vscode-high-contrast svg .band { fill: var(--vscode-foreground); fill-opacity: 0.3; }
.vscode-high-contrast .dot { fill: var(--vscode-foreground); }
.vscode-high-contrast svg text { fill: var(--vscode-foreground); }
.vscode-high-contrast .quiet { color: var(--vscode-foreground); }
.vscode-high-contrast button { border-color: var(--vscode-contrastBorder); }
details { margin-top: 4px; }
summary { width: fit-content; cursor: pointer; }
table { margin-top: 4px; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 2px 14px 2px 0; text-align: left; }
th { font-weight: 600; border-bottom: 1px solid var(--vscode-contrastBorder, var(--vscode-charts-lines, currentColor)); }
`;

const script = `
"use strict";
const api = acquireVsCodeApi();
const at = (id) => document.getElementById(id);
let heard = 0;
addEventListener("message", ({ data }) => {
  at("headline").textContent = data.headline;
  at("line").textContent = data.line;
  at("engine").textContent = data.engine;
  at("plot").innerHTML = data.plot;
  at("figures").hidden = data.rows.length === 0;
  at("rows").replaceChildren(...data.rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...row.map((text, i) => {
      const cell = document.createElement(i === 0 ? "th" : "td");
      if (i === 0) cell.scope = "row";
      cell.textContent = text;
      return cell;
    }));
    return line;
  }));
  for (const it of document.querySelectorAll("button")) it.hidden = !data.actions.includes(it.dataset.action);
  if (data.news.number > heard) {
    heard = data.news.number;
    at("news").textContent = data.news.text;
  }
});
addEventListener("click", ({ target }) => {
  const action = target.dataset?.action;
  if (action !== undefined) api.postMessage({ type: "action", action });
});
new ResizeObserver(([{ contentRect }]) => {
  const { width, height } = contentRect;
  api.postMessage({ type: "size", width: Math.floor(width), height: Math.floor(height) });
}).observe(at("plot"));
`;
