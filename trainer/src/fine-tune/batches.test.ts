import fc from "fast-check";
import { expect, test } from "vitest";
import { planBatches } from "./batches.ts";

const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 400 });

test("an epoch shows each document once, in batches of at most the size", () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 40 }), fc.nat(), (all, size, seed) => {
      const plan = planBatches(Uint32Array.from(all), size, 1, seed);
      const seen: number[] = [];
      for (let step = 0; step < plan.numSteps; step++) {
        const batch = plan.batch(step);
        expect(batch.length).toBeLessThanOrEqual(size);
        seen.push(...batch);
      }
      expect(seen.sort((a, b) => a - b)).toEqual([...all.keys()]);
    }),
  );
});

test("batches of like length pad less than half of what batches in any order pad", () => {
  const all = Uint32Array.from({ length: 1600 }, (_, i) => 1 + ((i * 7919) % 128));
  const plan = planBatches(all, 32, 1, 3);
  let padded = 0;
  let real = 0;
  for (let step = 0; step < plan.numSteps; step++) {
    const own = [...plan.batch(step)].map((d) => all[d]!);
    padded += Math.max(...own) * own.length;
    real += own.reduce((a, b) => a + b, 0);
  }
  expect(padded / real).toBeLessThan(1.1);
});

test("any step can be asked for first, and epochs differ", () => {
  const all = Uint32Array.from({ length: 100 }, (_, i) => 1 + (i % 9));
  const forward = planBatches(all, 8, 2, 5);
  const inOrder = Array.from({ length: forward.numSteps }, (_, step) => [...forward.batch(step)]);
  const last = planBatches(all, 8, 2, 5);
  expect([...last.batch(forward.numSteps - 1)]).toEqual(inOrder.at(-1));
  const perEpoch = forward.numSteps / 2;
  expect(inOrder.slice(0, perEpoch)).not.toEqual(inOrder.slice(perEpoch));
});

test("a part of an epoch is a part of its steps, and at least one", () => {
  const all = new Uint32Array(320).fill(4);
  expect(planBatches(all, 32, 0.5, 0).numSteps).toBe(5);
  expect(planBatches(all, 32, 0.001, 0).numSteps).toBe(1);
});
