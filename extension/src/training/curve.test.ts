import type { ProgressEvent } from "@tagwright/trainer/progress";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Curve, recordCurve, thin } from "./curve.ts";

type Step = Extract<ProgressEvent, { type: "step" }>;

const step = (level: number, at: number, loss: number, steps = 100): Step => ({
  type: "step",
  level,
  step: at,
  steps,
  loss,
  rate: 1e-4,
  documentsPerSecond: 30,
});

function record(events: readonly ProgressEvent[]): Curve {
  const recorder = recordCurve();
  for (const it of events) recorder.add(it);
  return recorder.curve();
}

/** The runs of a level as the steps and losses that they hold, for levels that are not thinned. */
const points = (curve: Curve, level = 0) =>
  curve.levels[level]!.runs.map((run) => run.map((it) => [it.first - curve.levels[level]!.start, it.mean]));

test("losses stand at their steps, levels one behind the other, room for the steps to come", () => {
  const curve = record([
    { type: "level", level: 0, levels: 2, nodes: 16 },
    { type: "quality", level: 0, metric: "precision@1", value: 0.1 },
    step(0, 50, 2),
    step(0, 100, 1),
    { type: "quality", level: 0, metric: "precision@1", value: 0.6 },
    { type: "level", level: 1, levels: 2, nodes: 256 },
    step(1, 10, 3, 400),
  ]);
  expect(points(curve, 0)).toEqual([
    [
      [50, 2],
      [100, 1],
    ],
  ]);
  expect(curve.levels[1]).toMatchObject({
    start: 100,
    nodes: 256,
    levels: 2,
    step: 10,
    steps: 400,
    looks: [],
  });
  expect(curve.levels[0]).toMatchObject({ firstLoss: 2, lastLoss: 1 });
  expect(curve.levels[0]!.looks).toEqual([
    { at: 0, precision: 0.1 },
    { at: 100, precision: 0.6 },
  ]);
  expect(curve.end).toBe(500);
});

test("a loss that is no number is a gap, and JSON writes it as null", () => {
  const lost = JSON.parse(JSON.stringify(step(0, 3, Number.NaN))) as Step;
  const curve = record([step(0, 1, 5), step(0, 2, 4), lost, step(0, 4, 3)]);
  expect(points(curve)).toEqual([
    [
      [1, 5],
      [2, 4],
    ],
    [[4, 3]],
  ]);
});

test("steps that were not reported leave a gap where they are many more than usual", () => {
  const curve = record([step(0, 2, 5), step(0, 5, 4), step(0, 60, 2), step(0, 62, 1)]);
  expect(points(curve)).toEqual([
    [
      [2, 5],
      [5, 4],
    ],
    [
      [60, 2],
      [62, 1],
    ],
  ]);
});

test("a resumed run does the steps since its checkpoint anew: the first ones count no more", () => {
  const curve = record([step(0, 1, 9), step(0, 2, 8), step(0, 3, 7), step(0, 4, 6), step(0, 3, 1), step(0, 4, 0.5)]);
  expect(points(curve)).toEqual([
    [
      [1, 9],
      [2, 8],
    ],
    [
      [3, 1],
      [4, 0.5],
    ],
  ]);
});

test("precision stands at the step it was measured at; a resumed run measures anew what it does anew", () => {
  const quality = (value: number): ProgressEvent => ({ type: "quality", level: 0, metric: "precision@1", value });
  const events = [quality(0.1), step(0, 40, 3), quality(0.4), step(0, 90, 2), quality(0.5)];
  const looks = (more: readonly ProgressEvent[]) => record([...events, ...more]).levels[0]!.looks;
  expect(looks([]).map((it) => it.at)).toEqual([0, 40, 90]);
  expect(looks([step(0, 41, 3), quality(0.6)]).map((it) => [it.at, it.precision])).toEqual([
    [0, 0.1],
    [40, 0.4],
    [41, 0.6],
  ]);
  expect(looks([quality(Number.NaN)])).toHaveLength(3);
});

test("however often a level is looked at, memory is bounded, and first and last look stay", () => {
  const quality = (value: number): ProgressEvent => ({ type: "quality", level: 0, metric: "precision@1", value });
  const count = 2001;
  const all = Array.from({ length: count }, (_, i) => [step(0, i + 1, 1, count), quality(i / count)]).flat();
  const { looks } = record(all).levels[0]!;
  expect(looks.length).toBeLessThanOrEqual(256);
  expect(looks.length).toBeGreaterThan(64);
  expect([looks[0]!.at, looks.at(-1)!.at]).toEqual([1, count]);
  expect(looks.every((it) => it.precision === (it.at - 1) / count)).toBe(true);
});

test("a run that is resumed on an earlier level forgets the later ones", () => {
  const curve = record([step(0, 1, 9), step(1, 1, 8), { type: "level", level: 0, levels: 2, nodes: 4 }, step(0, 2, 7)]);
  expect(curve.levels.map((it) => it.level)).toEqual([0]);
});

test("a run that is resumed where nothing was seen before begins at its step", () => {
  const curve = record([{ type: "level", level: 2, levels: 3, nodes: 9 }, step(2, 40, 1)]);
  expect(curve.levels).toHaveLength(1);
  expect(points(curve)).toEqual([[[40, 1]]]);
});

test("what is no part of the curve changes nothing", () => {
  const recorder = recordCurve();
  expect(recorder.add({ type: "log", level: "info", message: "x" })).toBe(false);
  expect(recorder.add({ type: "checkpoint", path: "/x", step: 3 })).toBe(false);
  expect(recorder.curve()).toEqual({ levels: [], end: 0, engine: undefined, checkpoint: undefined });
});

const losses = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 9000 });

test("however long a run is, memory is bounded and every loss is inside the band at its step", () => {
  fc.assert(
    fc.property(losses, (values) => {
      const curve = record(values.map((loss, i) => step(0, i + 1, loss, values.length)));
      const buckets = curve.levels[0]!.runs.flat();
      expect(buckets.length).toBeLessThanOrEqual(2048);
      expect(buckets.reduce((sum, it) => sum + it.count, 0)).toBe(values.length);
      for (const it of buckets) {
        const inside = values.slice(it.first - 1, it.last);
        expect([it.least, it.most]).toEqual([Math.min(...inside), Math.max(...inside)]);
        expect(it.mean).toBeCloseTo(inside.reduce((a, b) => a + b) / inside.length, 6);
      }
    }),
    { numRuns: 20 },
  );
});

test("a run thinned for a plot keeps its span, its extremes and its mean", () => {
  fc.assert(
    fc.property(losses, fc.integer({ min: 1, max: 300 }), (values, limit) => {
      const run = values.map((loss, i) => ({ first: i, last: i, least: loss, most: loss, mean: loss, count: 1 }));
      const thinned = thin(run, limit);
      expect(thinned.length).toBeLessThanOrEqual(limit);
      expect([thinned[0]!.first, thinned.at(-1)!.last]).toEqual([0, values.length - 1]);
      expect(Math.max(...thinned.map((it) => it.most))).toBe(Math.max(...values));
      expect(Math.min(...thinned.map((it) => it.least))).toBe(Math.min(...values));
      const sum = thinned.reduce((total, it) => total + it.mean * it.count, 0);
      expect(sum).toBeCloseTo(
        values.reduce((a, b) => a + b),
        4,
      );
    }),
    { numRuns: 40 },
  );
  expect(() => thin([], 0)).toThrow(RangeError);
});

test("each encoder has a curve of its own, and a resumed run goes on with that of the encoder it was at", () => {
  const encoder = (at: number): ProgressEvent => ({ type: "encoder", encoder: at, encoders: 3, name: `e${at}` });
  const recorder = recordCurve();
  const add = (...events: ProgressEvent[]) => {
    for (const it of events) recorder.add(it);
    return recorder.curve();
  };
  expect(add(encoder(0), step(0, 1, 9), step(1, 1, 8)).levels).toHaveLength(2);
  expect(add(encoder(1)).encoder).toMatchObject({ encoder: 0 });
  expect(add(step(0, 1, 7), step(0, 2, 6))).toMatchObject({
    encoder: { encoder: 1, encoders: 3, name: "e1" },
    end: 100,
  });
  const resumed = add(encoder(0), encoder(1), step(0, 3, 5));
  expect(points(resumed).flat()).toEqual([
    [1, 7],
    [2, 6],
    [3, 5],
  ]);
});
