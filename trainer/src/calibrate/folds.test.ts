import { expect, test } from "vitest";
import { calibration } from "../config.ts";
import type { TrainingSet } from "../features/training-set.ts";
import { newRandom } from "../random.ts";
import { planCalibration, planEncoderFold } from "./folds.ts";

/** Only the buckets matter: uniform, as hashes of ids are. */
function setOf(size: number, seed = 1): TrainingSet {
  const random = newRandom(seed);
  return { bucket: Uint8Array.from({ length: size }, () => Math.floor(100 * random())) } as unknown as TrainingSet;
}

const ascending = (documents: Uint32Array) => documents.every((it, i) => i === 0 || it > documents[i - 1]!);

test("the folds of a small corpus are a partition of its documents, of about one size", () => {
  for (const size of [10, 40, 500, calibration.foldsBelow - 1]) {
    const { folds, setAside } = planCalibration(setOf(size));
    expect(setAside).toBe(false);
    expect(folds.length).toBeGreaterThan(1);
    expect(folds.flatMap((it) => [...it]).sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, d) => d));
    for (const fold of folds) {
      expect(ascending(fold)).toBe(true);
      if (size >= 500) expect(Math.abs(fold.length * folds.length - size)).toBeLessThan(size / 5);
    }
  }
});

test("a larger corpus is calibrated on one part, at most a fifth", () => {
  const { folds } = planCalibration(setOf(4 * calibration.foldsBelow));
  expect(folds.length).toBe(1);
  expect(folds[0]!.length).toBeGreaterThan(1000);
  expect(folds[0]!.length).toBeLessThan(calibration.foldsBelow);
  expect(ascending(folds[0]!)).toBe(true);
});

test("a very large corpus sets a small part aside for good", () => {
  const size = calibration.setAsideFrom;
  const { folds, setAside } = planCalibration(setOf(size));
  expect(setAside).toBe(true);
  expect(folds[0]!.length).toBeGreaterThan(500);
  expect(folds[0]!.length).toBeLessThan(size / 20);
  expect(planCalibration(setOf(size - 1)).setAside).toBe(false);
});

test("a handful of documents, or documents of one bucket, leave no fold that would have nothing to learn from", () => {
  expect(planCalibration(setOf(5)).folds).toEqual([]);
  const oneBucket = { bucket: new Uint8Array(50).fill(6) } as unknown as TrainingSet;
  expect(planCalibration(oneBucket).folds).toEqual([]);
});

test("an encoder is weighed on a fifth of a small corpus, and on five documents at least, whatever their buckets", () => {
  for (const size of [10, 12, 20, 25, 26, 120, 999]) {
    const expected = Math.max(5, Math.ceil(size / 5));
    for (let seed = 0; seed < 50; seed++) {
      const { bucket } = setOf(size, seed);
      const heldOut = planEncoderFold({ bucket } as TrainingSet);
      expect(heldOut.length).toBe(expected);
      expect(new Set(heldOut).size).toBe(expected);
      expect(ascending(heldOut)).toBe(true);
      const highest = Math.max(...Array.from(heldOut, (document) => bucket[document]!));
      expect(bucket.filter((it) => it < highest).length).toBeLessThan(expected);
    }
  }
  const oneBucket = { bucket: new Uint8Array(50).fill(99) } as unknown as TrainingSet;
  expect([...planEncoderFold(oneBucket)]).toEqual(Array.from({ length: 10 }, (_, document) => document));
  expect(planEncoderFold(setOf(9)).length).toBe(0);
});

test("a larger corpus gives an encoder's part by the bucket of each document alone", () => {
  for (const [size, percent] of [
    [1_000, 20],
    [4_999, 20],
    [5_000, 10],
    [40_000, 10],
    [100_000, 4],
  ] as const) {
    const { bucket } = setOf(size);
    const below = [...bucket.keys()].filter((document) => bucket[document]! < percent);
    expect([...planEncoderFold({ bucket } as TrainingSet)]).toEqual(below);
  }
});
