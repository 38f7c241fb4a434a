import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCalibration, probabilityOf } from "./calibrate.ts";

const curve = { values: [-1, 0, 0.5, 2], probabilities: [0.1, 0.3, 0.3, 0.9] };

test("a probability is read off the line between two points", () => {
  expect(probabilityOf(curve, -0.5)).toBeCloseTo(0.2, 12);
  expect(probabilityOf(curve, 0.25)).toBeCloseTo(0.3, 12);
  expect(probabilityOf(curve, 1.25)).toBeCloseTo(0.6, 12);
  for (const [i, value] of curve.values.entries()) expect(probabilityOf(curve, value)).toBe(curve.probabilities[i]);
});

test("beyond the ends the curve is level", () => {
  expect(probabilityOf(curve, -1e300)).toBe(0.1);
  expect(probabilityOf(curve, 1e300)).toBe(0.9);
  for (const value of [-5, 0.2, 7]) expect(probabilityOf({ values: [0.2], probabilities: [0.4] }, value)).toBe(0.4);
});

test("more value never means less probability", () => {
  const points = fc.uniqueArray(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 12 }).chain((values) =>
    fc
      .array(fc.integer({ min: 0, max: 100 }), { minLength: values.length, maxLength: values.length })
      .map((shares) => ({
        values: values.sort((a, b) => a - b),
        probabilities: shares.sort((a, b) => a - b).map((it) => it / 100),
      })),
  );
  fc.assert(
    fc.property(points, fc.array(fc.integer({ min: -1200, max: 1200 }), { maxLength: 20 }), (it, tenths) => {
      const ascending = tenths.map((tenth) => tenth / 10).sort((a, b) => a - b);
      const found = ascending.map((value) => probabilityOf(it, value));
      for (let i = 1; i < found.length; i++) expect(found[i]!).toBeGreaterThanOrEqual(found[i - 1]! - 1e-12);
      expect(parseCalibration(it)).toEqual(it);
    }),
  );
});

const hostile: [string, Record<string, unknown>][] = [
  ["nothing", {}],
  ["no points", { values: [], probabilities: [] }],
  ["points without probabilities", { values: [1] }],
  ["lists of two lengths", { values: [0, 1], probabilities: [0.5] }],
  ["values that stand still", { values: [0, 0], probabilities: [0.1, 0.2] }],
  ["values that fall", { values: [1, 0], probabilities: [0.1, 0.2] }],
  ["probabilities that fall", { values: [0, 1], probabilities: [0.2, 0.1] }],
  ["a probability below 0", { values: [0, 1], probabilities: [-0.1, 0.1] }],
  ["a probability above 1", { values: [0, 1], probabilities: [0.1, 1.1] }],
  ["a value that is no number", { values: [0, "1"], probabilities: [0.1, 0.2] }],
  ["a value that is null", { values: [null, 1], probabilities: [0.1, 0.2] }],
  ["values without end", { values: [0, Number.POSITIVE_INFINITY], probabilities: [0.1, 0.2] }],
  ["NaN", { values: [Number.NaN], probabilities: [0.1] }],
  ["an object for a list", { values: { 0: 1, length: 1 }, probabilities: [0.1] }],
];

test.each(hostile)("%s is no calibration", (_, json) => {
  expect(parseCalibration(json)).toBeUndefined();
});
