import { expect, test } from "vitest";
import { biasCorrection, rateAt } from "./schedule.ts";

const options = { rate: 2, warmUp: 0.2 };

test("the rate rises in a line, reaches its height once, and falls in a line to nothing", () => {
  const rates = Array.from({ length: 10 }, (_, step) => rateAt(step, 10, options));
  expect(rates.map((it) => Math.round(it * 1000) / 1000)).toEqual([
    0.667, 1.333, 2, 1.75, 1.5, 1.25, 1, 0.75, 0.5, 0.25,
  ]);
});

test("a level of one step learns, and one without warm-up begins at the height", () => {
  expect(rateAt(0, 1, options)).toBeGreaterThan(0);
  expect(rateAt(0, 5, { rate: 2, warmUp: 0 })).toBe(2);
});

test("constant gradients have unbiased moments from the first update on", () => {
  let first = 0;
  let second = 0;
  for (let count = 1; count <= 50; count++) {
    first = 0.9 * first + 0.1 * 3;
    second = 0.999 * second + 0.001 * 9;
    const corrected = biasCorrection(count);
    expect(first * corrected.first).toBeCloseTo(3, 10);
    expect(Math.sqrt(second) * corrected.second).toBeCloseTo(3, 10);
  }
});
