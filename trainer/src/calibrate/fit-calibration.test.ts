import { probabilityOf } from "@tagwright/model/internals";
import { expectAllClose } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { calibrationError } from "../eval/calibration-error.ts";
import { newRandom } from "../random.ts";
import { bestThreshold, fitCalibration, type Outcome } from "./fit-calibration.ts";

/** Outcomes of suggestions that are right with chance `chance(value)`, values uniform in [0, 1). */
function draw(count: number, seed: number, chance: (value: number) => number): Outcome[] {
  const random = newRandom(seed);
  return Array.from({ length: count }, () => {
    const value = random();
    return { value, isRight: random() < chance(value) };
  });
}

const outcomes = fc.array(
  fc.record({ value: fc.integer({ min: 0, max: 30 }).map((it) => it / 10), isRight: fc.boolean() }),
  { minLength: 1, maxLength: 300 },
);

test("values ascend strictly, probabilities rise and are never certain", () => {
  fc.assert(
    fc.property(outcomes, (it) => {
      const { values, probabilities } = fitCalibration(it);
      expect(values.length).toBe(probabilities.length);
      for (let i = 0; i < values.length; i++) {
        expect(probabilities[i]!).toBeGreaterThan(0);
        expect(probabilities[i]!).toBeLessThan(1);
        if (i === 0) continue;
        expect(values[i]!).toBeGreaterThan(values[i - 1]!);
        expect(probabilities[i]!).toBeGreaterThan(probabilities[i - 1]!);
      }
    }),
  );
});

test("groups of equal values become the isotonic regression of their shares of right outcomes", () => {
  // Groups so large that the half outcome of each kind, which keeps probabilities off 0 and 1, weighs nothing.
  const groups = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(groups, (twentieths) => {
      const size = 2000;
      const all = twentieths.flatMap((rights, value) =>
        Array.from({ length: size }, (_, i) => ({ value, isRight: i < (rights * size) / 20 })),
      );
      const curve = fitCalibration(all);
      // Min-max formula: the fit at i is the max over starts ≤ i of the min over ends ≥ i of the mean between.
      const mean = (from: number, to: number) =>
        twentieths.slice(from, to + 1).reduce((a, b) => a + b, 0) / 20 / (to - from + 1);
      const fit = twentieths.map((_, i) => {
        const starts = Array.from({ length: i + 1 }, (_s, start) => start);
        const ends = Array.from({ length: twentieths.length - i }, (_e, e) => i + e);
        return Math.max(...starts.map((start) => Math.min(...ends.map((end) => mean(start, end)))));
      });
      const levels = fit.filter((it, i) => i === 0 || it > fit[i - 1]! + 1e-9);
      // Neighbours of one level may stay apart by what the half outcomes weigh.
      const apart = curve.probabilities.filter((it, i) => i === 0 || it > curve.probabilities[i - 1]! + 1e-3);
      expectAllClose(apart, levels, { atol: 1e-3 });
      if (curve.values.length > levels.length) return;
      const centres = levels.map((level) => {
        const members = [...fit.keys()].filter((i) => Math.abs(fit[i]! - level) < 1e-9);
        return members.reduce((a, b) => a + b, 0) / members.length;
      });
      expectAllClose(curve.values, centres, { atol: 1e-9 });
    }),
  );
});

test("on outcomes drawn from a curve the probabilities come true for other outcomes", () => {
  for (const chance of [
    (v: number) => v,
    (v: number) => v ** 4,
    (v: number) => 0.05 + 0.9 / (1 + Math.exp(8 - 16 * v)),
  ]) {
    const curve = fitCalibration(draw(8000, 1, chance));
    const fresh = draw(20_000, 2, chance);
    const stated = fresh.map(({ value }) => probabilityOf(curve, value));
    expect(
      calibrationError(
        stated,
        fresh.map((it) => it.isRight),
        15,
      ).error,
    ).toBeLessThan(0.02);
    expect(curve.values.length).toBeLessThanOrEqual(40);
  }
});

test("outcomes that say nothing about the value give one level", () => {
  const { probabilities } = fitCalibration(draw(5000, 3, () => 0.3));
  expect(Math.max(...probabilities) - Math.min(...probabilities)).toBeLessThan(0.35);
  const same = fitCalibration([true, false, false].map((isRight) => ({ value: 0.5, isRight })));
  expect(same).toEqual({ values: [0.5], probabilities: [1.5 / 4] });
});

test("without outcomes everything is unlikely", () => {
  expect(probabilityOf(fitCalibration([]), 0.9)).toBe(0.1);
});

test("the order of outcomes does not matter", () => {
  const drawn = draw(3000, 4, (v) => v);
  const there = fitCalibration(drawn);
  const back = fitCalibration([...drawn].reverse());
  expectAllClose(back.values, there.values, { atol: 1e-9 });
  expect(back.probabilities).toEqual(there.probabilities);
});

test("the threshold is the one with the best micro-F1 of all that could be taken", () => {
  const suggestions = fc.array(
    fc.record({ probability: fc.integer({ min: 0, max: 20 }).map((it) => it / 20), isRight: fc.boolean() }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(suggestions, fc.integer({ min: 0, max: 10 }), (it, missed) => {
      const numTrue = missed + it.filter(({ isRight }) => isRight).length;
      const f1 = (threshold: number) => {
        const taken = it.filter(({ probability }) => probability >= threshold);
        return (2 * taken.filter(({ isRight }) => isRight).length) / Math.max(1, taken.length + numTrue);
      };
      const best = Math.max(0, ...it.map(({ probability }) => f1(probability)));
      expect(f1(bestThreshold(it, numTrue))).toBeCloseTo(best, 12);
    }),
  );
});
