// Random data of ordinary size: fast-check's own floats draw bit patterns, nearly all of them about 1e-30.
import fc from "fast-check";

/** A multiple of 0.01 in [min, max]. */
export function hundredths(min = -1, max = 1): fc.Arbitrary<number> {
  return fc.integer({ min: Math.round(min * 100), max: Math.round(max * 100) }).map((it) => it / 100);
}
