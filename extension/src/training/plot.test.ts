import type { ProgressEvent } from "@tagwright/trainer/progress";
import { expect, test } from "vitest";
import { recordCurve } from "./curve.ts";
import { describeCurve, tableRows } from "./describe-curve.ts";
import { drawCurve } from "./plot.ts";
import { linearScale, roundTicks } from "./scale.ts";

const events: ProgressEvent[] = [
  { type: "level", level: 0, levels: 2, nodes: 16 },
  { type: "quality", level: 0, metric: "precision@1", value: 0.1 },
  ...[2, 1.5, 1].map(
    (loss, i): ProgressEvent => ({
      type: "step",
      level: 0,
      step: i + 1,
      steps: 3,
      loss,
      rate: 1,
      documentsPerSecond: 31,
    }),
  ),
  { type: "quality", level: 0, metric: "precision@1", value: 0.5234 },
  { type: "level", level: 1, levels: 2, nodes: 2048 },
  { type: "step", level: 1, step: 1, steps: 7, loss: 0.75, rate: 1, documentsPerSecond: 28.4 },
];

function curve(of: readonly ProgressEvent[] = events) {
  const recorder = recordCurve();
  for (const it of of) recorder.add(it);
  return recorder.curve();
}

/** Every number of the paths and circles that a drawing holds. */
const numbers = (markup: string) =>
  [...markup.matchAll(/ (?:d|cx|cy|x|y|width|height|viewBox)="([^"]*)"/g)].flatMap((it) =>
    [...it[1]!.matchAll(/-?[\d.]+|NaN|Infinity/g)].map((number) => Number(number[0])),
  );

test.each([
  [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [0, 97, 5, [0, 20, 40, 60, 80]],
  [0.31, 0.42, 3, [0.35, 0.4]],
  [-3, 3, 2, [0]],
  [2, 2, 5, [2]],
  [Number.NaN, 1, 5, []],
])("from %d to %d, about %d round numbers", (from, to, count, ticks) => {
  expect(roundTicks(from, to, count)).toEqual(ticks);
});

test("a scale maps its ends to its pixels, and a range without extent to the middle", () => {
  const scale = linearScale(10, 20, 100, 0);
  expect([scale.at(10), scale.at(15), scale.at(20)]).toEqual([100, 50, 0]);
  expect(linearScale(3, 3, 0, 80).at(3)).toBe(40);
});

test.each([
  [900, 200],
  [400, 400],
  [40, 10],
  [0, 0],
])("a drawing for %d by %d pixels has no broken number, style or script", (width, height) => {
  const markup = drawCurve(curve(), { width, height });
  expect(markup.match(/<svg /g)).toHaveLength(2);
  expect(numbers(markup).length).toBeGreaterThan(10);
  for (const it of numbers(markup)) expect(Number.isFinite(it)).toBe(true);
  expect(markup).not.toMatch(/style=|<script|on\w+=|href/i);
});

test("everything drawn lies inside its drawing", () => {
  const markup = drawCurve(curve(), { width: 900, height: 200 });
  for (const svg of markup.split("<svg ").slice(1)) {
    const [, w, h] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
    for (const [, x, y] of svg.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0);
      expect(Number(x)).toBeLessThanOrEqual(w!);
      expect(Number(y)).toBeGreaterThanOrEqual(0);
      expect(Number(y)).toBeLessThanOrEqual(h!);
    }
  }
});

test("a lower loss is drawn lower, a later step further right", () => {
  const line = /class="line loss" d="([^"]*)"/.exec(drawCurve(curve(), { width: 900, height: 200 }))![1]!;
  const points = [...line.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map((it) => [Number(it[1]), Number(it[2])] as const);
  expect(points).toHaveLength(3);
  expect(points.map(([x]) => x)).toEqual(points.map(([x]) => x).sort((a, b) => a - b));
  expect(points.map(([, y]) => y)).toEqual(points.map(([, y]) => y).sort((a, b) => a - b));
});

test("precision has a line for each level, from where it began to where it is", () => {
  const more: ProgressEvent[] = [0.2, 0.3].flatMap((value, i) => [
    { type: "step", level: 1, step: 2 + i, steps: 7, loss: 0.7, rate: 1, documentsPerSecond: 28 },
    { type: "quality", level: 1, metric: "precision@1", value },
  ]);
  const markup = drawCurve(curve([...events, ...more]), { width: 900, height: 200 });
  const lines = [...markup.matchAll(/class="line precision" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/g)];
  expect(lines).toHaveLength(2);
  for (const [, x0, y0, x1, y1] of lines) {
    expect(Number(x1)).toBeGreaterThan(Number(x0));
    expect(Number(y1)).toBeLessThan(Number(y0));
  }
  expect([...markup.matchAll(/class="value"[^>]*>([^<]*)/g)].map((it) => it[1])).toEqual(["52.3 %", "30.0 %"]);
});

test.each([0.02, 0.5, 0.81, 0.95, 1])("a precision of %d is not written over the name of its level", (value) => {
  const all = [...events.slice(0, 5), { type: "quality", level: 0, metric: "precision@1", value } as const];
  const markup = drawCurve(curve(all), { width: 900, height: 120 });
  const precision = markup.slice(markup.indexOf("Held-out P@1"));
  const placeOf = (name: string) => Number(new RegExp(`class="${name}"[^>]* y="([\\d.]+)"`, "u").exec(precision)![1]);
  expect(placeOf("value") - placeOf("level")).toBeGreaterThanOrEqual(12);
});

test("both drawings say in words what they show", () => {
  const labels = [...drawCurve(curve(), { width: 900, height: 200 }).matchAll(/aria-label="([^"]*)"/g)].map(
    (it) => it[1],
  );
  expect(labels).toEqual([
    "Loss over 10 steps: from 2 to 0.75 at level 2.",
    "Precision at 1 on held-out documents: level 1: from 10.0 % to 52.3 %.",
  ]);
});

test("before the first step there is nothing to draw, and a level without losses is drawn all the same", () => {
  expect(drawCurve(curve([]), { width: 900, height: 200 })).toBe("");
  const begun = drawCurve(curve(events.slice(0, 1)), { width: 900, height: 200 });
  expect(begun).toContain("Loss: nothing to show yet.");
  for (const it of numbers(begun)) expect(Number.isFinite(it)).toBe(true);
});

test("the curve in words names level, step, loss, rate and the last figure", () => {
  expect(describeCurve(curve())).toBe(
    "Level 2 of 2, step 1 of 7, loss 0.75, 28.4 documents/s. Held-out P@1 at level 1: from 10.0 % to 52.3 %.",
  );
  expect(describeCurve(curve([]))).toBeUndefined();
  const second: ProgressEvent = { type: "encoder", encoder: 1, encoders: 3, name: "x" };
  expect(describeCurve(curve([second, ...events]))).toMatch(/^Encoder 2 of 3, level 2 of 2, step 1 of 7/u);
});

test("the table has a row a level, with a dash for what is not known", () => {
  expect(tableRows(curve())).toEqual([
    ["1 of 2", "16", "3 of 3", "2", "1", "31", "10.0 %", "52.3 %"],
    ["2 of 2", "2,048", "1 of 7", "0.75", "0.75", "28.4", "–", "–"],
  ]);
});
