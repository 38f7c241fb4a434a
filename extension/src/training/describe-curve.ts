// The curve in words: one line for people who listen, and a table with a row a level.
import type { Curve, CurveLevel, Look } from "./curve.ts";
import { number, percent } from "./figures.ts";

export const tableHead = [
  "Level",
  "Clusters",
  "Steps",
  "First loss",
  "Last loss",
  "Documents/s",
  "First held-out P@1",
  "Last held-out P@1",
] as const;

/** One row a level; a dash where something is not known. */
export function tableRows({ levels }: Curve): string[][] {
  return levels.map((it) => [
    `${it.level + 1} of ${it.levels}`,
    it.nodes === undefined ? "–" : number(it.nodes),
    `${number(it.step)} of ${number(it.steps)}`,
    it.firstLoss === undefined ? "–" : number(it.firstLoss),
    it.lastLoss === undefined ? "–" : number(it.lastLoss),
    it.documentsPerSecond > 0 ? number(it.documentsPerSecond) : "–",
    shareOf(it.looks[0]),
    shareOf(it.looks.at(-1)),
  ]);
}

/** How far fine-tuning is, in a sentence or two; undefined before it begins. */
export function describeCurve({ levels, encoder }: Curve): string | undefined {
  const now = levels.at(-1);
  if (now === undefined) return undefined;
  const parts = encoder === undefined ? [] : [`Encoder ${encoder.encoder + 1} of ${encoder.encoders}`];
  parts.push(`${parts.length === 0 ? "L" : "l"}evel ${now.level + 1} of ${now.levels}`);
  if (now.steps > 0) parts.push(`step ${number(now.step)} of ${number(now.steps)}`);
  if (now.lastLoss !== undefined) parts.push(`loss ${number(now.lastLoss)}`);
  if (now.documentsPerSecond > 0) parts.push(`${number(now.documentsPerSecond)} documents/s`);
  const measured = levels.findLast((it) => it.looks.length > 0);
  return `${parts.join(", ")}.${measured === undefined ? "" : ` Held-out P@1 at ${describeLooks(measured)}.`}`;
}

/** What a level that was measured began with, and what it has come to. */
export function describeLooks({ level, looks }: CurveLevel): string {
  const from = looks.length > 1 ? `from ${shareOf(looks[0])} to ` : "";
  return `level ${level + 1}: ${from}${shareOf(looks.at(-1))}`;
}

function shareOf(look: Look | undefined): string {
  return look === undefined ? "–" : percent(look.precision);
}
