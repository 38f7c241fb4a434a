import { expectAllClose, hundredths } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newReferenceKernels } from "../kernels/reference.ts";
import { newSimdKernels } from "../kernels/simd.ts";
import { PanelScorer } from "../search/panel-scorer.ts";
import { childWeights, denseMargin, newPanel, quantiseChild, quantiseRow } from "./dense-panel.ts";

const problem = fc
  .record({ width: fc.integer({ min: 1, max: 70 }), numChildren: fc.integer({ min: 1, max: 9 }) })
  .chain(({ width, numChildren }) =>
    fc.record({
      row: fc.array(hundredths(), { minLength: width, maxLength: width }),
      weights: fc.array(fc.array(hundredths(), { minLength: width, maxLength: width }), {
        minLength: numChildren,
        maxLength: numChildren,
      }),
    }),
  );

function panelOf(weights: readonly (readonly number[])[]) {
  const panel = newPanel(weights.length, weights[0]!.length);
  for (const [child, own] of weights.entries()) quantiseChild(panel, child, Float32Array.from(own));
  return panel;
}

test("weights come back to within half a step, the largest one exactly", () => {
  fc.assert(
    fc.property(problem, ({ weights }) => {
      const panel = panelOf(weights);
      for (const [child, own] of weights.entries()) {
        const largest = Math.max(...own.map(Math.abs));
        const back = childWeights(panel, child);
        expectAllClose(back, own, { atol: largest / 254 + 1e-6 });
        expectAllClose([Math.max(...back.map(Math.abs))], [largest], { atol: 1e-6 });
      }
    }),
  );
});

test("margins are those of the rounded weights to a thousandth of the product of norms, the same on both kernels", () => {
  fc.assert(
    fc.property(problem, ({ row, weights }) => {
      const panel = panelOf(weights);
      const dense = Float32Array.from(row);
      const quantised = new Int16Array(dense.length);
      const step = quantiseRow(dense, quantised);
      const [simd, plain] = [newSimdKernels(), newReferenceKernels()].map((kernels) => {
        const margins = new Float64Array(weights.length);
        const scorer = new PanelScorer(kernels);
        scorer.load(dense);
        scorer.add(panel, margins);
        return margins;
      });
      expect(simd).toEqual(plain);
      for (const child of weights.keys()) {
        const own = childWeights(panel, child);
        const exact = own.reduce((sum, weight, k) => sum + weight * dense[k]!, 0);
        const norms = Math.hypot(...own) * Math.hypot(...dense);
        expect(Math.abs(simd![child]! - exact)).toBeLessThanOrEqual(1e-3 * norms + 1e-6);
        expect(simd![child]).toBe(denseMargin(panel, child, quantised, step));
      }
    }),
    { numRuns: 50 },
  );
});

test("the largest values of a wide block do not overflow the sum", () => {
  const width = 4096;
  const panel = newPanel(1, width);
  panel.weights.fill(-128);
  panel.scales[0] = 1;
  const scorer = new PanelScorer(newSimdKernels());
  scorer.load(new Float32Array(width).fill(-3));
  const margins = new Float64Array(1);
  scorer.add(panel, margins);
  expectAllClose(margins, [128 * 3 * width]);
});

test("a scorer goes from a narrow panel to a wide one and back, and from row to row", () => {
  const scorer = new PanelScorer(newSimdKernels());
  for (const [numChildren, width] of [
    [2, 20],
    [300, 20],
    [1, 20],
    [5, 64],
    [2, 20],
  ] as const) {
    const panel = panelOf(Array.from({ length: numChildren }, (_, c) => new Array<number>(width).fill((c % 7) + 1)));
    const margins = new Float64Array(numChildren).fill(0.5);
    scorer.load(new Float32Array(width).fill(0.25));
    scorer.add(panel, margins);
    expectAllClose(
      margins,
      Array.from({ length: numChildren }, (_, c) => 0.5 + 0.25 * width * ((c % 7) + 1)),
    );
  }
});

test("a weight that is no number cannot be rounded, and zeros stay zeros", () => {
  const panel = newPanel(2, 3);
  expect(() => quantiseChild(panel, 0, Float32Array.of(1, Number.NaN, 0))).toThrow(RangeError);
  quantiseChild(panel, 1, new Float32Array(3));
  expect([...childWeights(panel, 1)]).toEqual([0, 0, 0]);
});
