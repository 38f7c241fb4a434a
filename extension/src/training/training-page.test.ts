import { expect, test } from "vitest";
import { createTrainingMonitor } from "./training-monitor.ts";
import { pageContent, pageMarkup, parsePageMessage } from "./training-page.ts";

const nonce = "0123456789abcdef0123456789abcdef";
const size = { width: 800, height: 200 };

test("the page allows nothing but its own style and script", () => {
  const page = pageMarkup(nonce);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1];
  expect(policy).toBe(`default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`);
  // Attributes like these would need a weaker policy, or be dead.
  expect(page).not.toMatch(/ style=| on\w+=|src="|href="|javascript:|@import|url\(/i);
  expect([...page.matchAll(/<(?:style|script)([^>]*)>/g)].map((it) => it[1])).toEqual([
    ` nonce="${nonce}"`,
    ` nonce="${nonce}"`,
  ]);
});

test("a nonce that could be guessed or break out is refused", () => {
  for (const it of ["", "short", `${nonce}"`, `${nonce};`]) expect(() => pageMarkup(it)).toThrow(RangeError);
});

test("all colours are the theme's, and nothing moves", () => {
  const style = /<style[^>]*>([\s\S]*)<\/style>/.exec(pageMarkup(nonce))![1]!;
  expect(style).not.toMatch(/#[0-9a-f]{3,8}\b|rgb|hsl/i);
  expect(style).not.toMatch(/animation|transition|@keyframes/);
});

test("what is heard is said politely and once, by a place of its own", () => {
  expect(pageMarkup(nonce)).toMatch(/<div id="news" class="heard" role="status" aria-live="polite"><\/div>/);
  const monitor = createTrainingMonitor();
  const heard = () => pageContent(monitor.snapshot(), size, false).news;
  const run = monitor.begin("notes", false);
  run.add({ type: "level", level: 0, levels: 2, nodes: 16 });
  const first = heard();
  run.add({ type: "step", level: 0, step: 1, steps: 9, loss: 1, rate: 1, documentsPerSecond: 9 });
  expect(heard()).toEqual(first);
  run.add({ type: "quality", level: 0, metric: "precision@1", value: 0.5 });
  expect(heard().number).toBe(first.number + 1);
  expect(heard().text).toContain("held-out P@1 50.0 %");
});

test("a run can be cancelled; afterwards it can be resumed where a checkpoint is left, or done anew", () => {
  const monitor = createTrainingMonitor();
  const content = (canResume: boolean) => pageContent(monitor.snapshot(), size, canResume);
  expect(content(false)).toMatchObject({
    headline: "Nothing was trained yet.",
    actions: ["train"],
    plot: "",
    rows: [],
  });
  const run = monitor.begin("notes", false);
  expect(content(false)).toMatchObject({ headline: "Training the tag model of notes", actions: ["cancel"] });
  run.stopping();
  expect(content(false)).toMatchObject({ headline: "Stopping the training of notes …", actions: [] });
  run.end("cancelled", "Cancelled; the model is as it was.");
  expect(content(true)).toMatchObject({ headline: "The training of notes was stopped", actions: ["resume", "train"] });
  expect(content(false).actions).toEqual(["train"]);
});

test("a resumed run goes on in the curve of the one that was stopped, a new one begins anew", () => {
  const monitor = createTrainingMonitor();
  const step = { type: "step", level: 0, step: 1, steps: 9, loss: 1, rate: 1, documentsPerSecond: 9 } as const;
  const stopped = monitor.begin("notes", false);
  stopped.add(step);
  stopped.end("cancelled", "");
  monitor.begin("notes", true);
  expect(monitor.snapshot().curve.levels).toHaveLength(1);
  monitor.begin("others", true);
  expect(monitor.snapshot().curve.levels).toHaveLength(0);
});

test("a folder's name cannot become markup", () => {
  const monitor = createTrainingMonitor();
  const run = monitor.begin("<img src=x onerror=alert(1)>", false);
  run.add({ type: "engine", name: "<b>", description: "<b>", reason: "<b>" });
  run.add({ type: "level", level: 0, levels: 1, nodes: 3 });
  expect(pageContent(monitor.snapshot(), size, false).plot).not.toContain("<b>");
  expect(pageMarkup(nonce)).not.toMatch(/innerHTML = data\.(?!plot)/);
});

test.each([
  [
    { type: "size", width: 10, height: 20 },
    { type: "size", size: { width: 10, height: 20 } },
  ],
  [
    { type: "action", action: "resume" },
    { type: "action", action: "resume" },
  ],
  [{ type: "size", width: 1e9, height: 1 }, undefined],
  [{ type: "size", width: "10", height: 1 }, undefined],
  [{ type: "size", width: Number.NaN, height: 1 }, undefined],
  [{ type: "action", action: "workbench.action.quit" }, undefined],
  [null, undefined],
  ["size", undefined],
])("of the messages of a page, %j is read as %j", (message, read) => {
  expect(parsePageMessage(message)).toEqual(read);
});
