import { expect, test } from "vitest";
import { bucketOf, RELATIVE_BUCKETS } from "./relative.ts";

test("buckets are those of MPNetEncoder.relative_position_bucket", () => {
  // By transformers 5.23 on PyTorch: the nearest distance of each bucket.
  const nearest = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91];
  const half = RELATIVE_BUCKETS / 2;
  for (let distance = 0; distance < 512; distance++) {
    const expected = nearest.findLastIndex((it) => it <= distance);
    expect(bucketOf(-distance)).toBe(expected);
    if (distance > 0) expect(bucketOf(distance)).toBe(half + expected);
  }
});
