import fc from "fast-check";
import { expect, test } from "vitest";
import { type BatchOptions, type BatchPlan, planBatches } from "./batches.ts";
import { newPieceCollector, type PieceRows, passageLength } from "./pieces.ts";

/** A corpus by the lengths of each document's passages. */
function corpus(documents: readonly (readonly number[])[]): PieceRows {
  const collector = newPieceCollector();
  for (const lengths of documents) collector.add(lengths.map((it) => new Int32Array(it)));
  return collector.finish();
}

function single(lengths: readonly number[]): PieceRows {
  return corpus(lengths.map((it) => [it]));
}

function options(given: Partial<BatchOptions> = {}): BatchOptions {
  return { maxPieces: 128, size: 32, epochs: 1, seed: 3, ...given };
}

function batches(plan: BatchPlan) {
  return Array.from({ length: plan.numSteps }, (_, step) => plan.batch(step));
}

const documents = fc.array(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 4 }), {
  minLength: 1,
  maxLength: 300,
});

test("an epoch shows a passage of each document that has one, once, in batches of at most the size", () => {
  fc.assert(
    fc.property(documents, fc.integer({ min: 1, max: 40 }), fc.nat(), (all, size, seed) => {
      const pieces = corpus(all);
      const shown = batches(planBatches(pieces, options({ size, seed })));
      for (const batch of shown) {
        expect(batch.documents.length).toBeGreaterThan(0);
        expect(batch.documents.length).toBeLessThanOrEqual(size);
        for (const [i, d] of batch.documents.entries()) {
          expect(batch.passages[i]).toBeGreaterThanOrEqual(pieces.passageStart[d]!);
          expect(batch.passages[i]).toBeLessThan(pieces.passageStart[d + 1]!);
        }
      }
      const seen = shown.flatMap((it) => [...it.documents]).sort((a, b) => a - b);
      expect(seen).toEqual([...all.keys()].filter((d) => all[d]!.length > 0));
    }),
  );
});

test("over the epochs each passage of a document is read about as often", () => {
  const pieces = corpus(Array.from({ length: 50 }, () => [5, 5, 5, 5]));
  const times = new Array<number>(4).fill(0);
  for (const { documents, passages } of batches(planBatches(pieces, options({ epochs: 40 }))))
    for (const [i, d] of documents.entries()) times[passages[i]! - pieces.passageStart[d]!]!++;
  expect(times.reduce((a, b) => a + b)).toBe(2_000);
  for (const count of times) expect(Math.abs(count - 500)).toBeLessThan(100);
});

test("batches of like length pad less than half of what batches in any order pad", () => {
  const pieces = single(Array.from({ length: 1600 }, (_, i) => 1 + ((i * 7919) % 128)));
  let padded = 0;
  let real = 0;
  for (const { passages } of batches(planBatches(pieces, options()))) {
    const own = [...passages].map((it) => passageLength(pieces, it, 128));
    padded += Math.max(...own) * own.length;
    real += own.reduce((a, b) => a + b, 0);
  }
  expect(padded / real).toBeLessThan(1.1);
});

test("any step can be asked for first, and epochs differ", () => {
  const pieces = corpus(Array.from({ length: 100 }, (_, i) => [1 + (i % 9), 3]));
  const given = options({ size: 8, epochs: 2, seed: 5 });
  const inOrder = batches(planBatches(pieces, given));
  const last = planBatches(pieces, given);
  expect(last.batch(last.numSteps - 1)).toEqual(inOrder.at(-1));
  const perEpoch = inOrder.length / 2;
  expect(inOrder.slice(0, perEpoch)).not.toEqual(inOrder.slice(perEpoch));
});

test("a part of an epoch is a part of its steps, and at least one; without a passage there is none", () => {
  const pieces = single(new Array<number>(320).fill(4));
  expect(planBatches(pieces, options({ epochs: 0.5 })).numSteps).toBe(5);
  expect(planBatches(pieces, options({ epochs: 0.001 })).numSteps).toBe(1);
  expect(planBatches(corpus([[], []]), options()).numSteps).toBe(0);
});
