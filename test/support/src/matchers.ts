// Numeric matchers that name the first bad index.
import { expect } from "vitest";

/** Fails unless both have one length and every |actual − expected| ≤ atol + rtol·|expected|. */
export function expectAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { atol = 1e-6, rtol = 0 } = {},
): void {
  expect(actual.length, "length").toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    if (!(Math.abs(a - e) <= atol + rtol * Math.abs(e))) {
      expect.fail(`index ${i}: ${a} is not close to ${e} (atol ${atol}, rtol ${rtol})`);
    }
  }
}
