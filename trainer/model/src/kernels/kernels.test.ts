import { expectAllClose } from "@tagwright/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Csr } from "../sparse/csr.ts";
import { NUM_LANES } from "./kernels.ts";
import { type LanePositives, LaneSolver, type SolvedLanes } from "./lane-solver.ts";
import type { Loss } from "./lane-start.ts";
import { newReferenceKernels } from "./reference.ts";
import { newSimdKernels } from "./simd.ts";

const options = { loss: "squared-hinge", negativeCost: 1, eps: 1e-3, maxPasses: 2000, threshold: 0, seed: 7 } as const;
const losses: Loss[] = ["squared-hinge", "logistic"];

interface Problem {
  readonly matrix: Csr;
  /** Rows of the matrix that the labels share. */
  readonly rows: Uint32Array;
  readonly labels: LanePositives[];
}

/**
 * Sparse rows of hundredths, some of more entries than there are rows, a dense block beside most of them, and up to 16 labels that share them. They stand in a
 * larger matrix, in another order, between rows that do not count.
 */
const problem: fc.Arbitrary<Problem> = fc
  .record({
    numFeatures: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 20, max: 90 })),
    width: fc.integer({ min: 0, max: 5 }),
    numRows: fc.integer({ min: 2, max: 20 }),
    numLabels: fc.integer({ min: 1, max: NUM_LANES }),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .map(({ numFeatures, width, numRows, numLabels, seed }) => {
    const next = generator(seed);
    const all = 2 * numRows + 1;
    const indptr = [0];
    const indices: number[] = [];
    const values: number[] = [];
    for (let row = 0; row < all; row++) {
      for (let f = 0; f < numFeatures; f++) {
        if (next() > 0.5) continue;
        indices.push(f);
        values.push(Math.round(next() * 200 - 100) / 100);
      }
      indptr.push(indices.length);
    }
    const dense = Float32Array.from({ length: all * width }, () => Math.round(next() * 200 - 100) / 100);
    const labels = Array.from({ length: numLabels }, () => {
      const rows = Array.from({ length: numRows }, (_, row) => row).filter(() => next() < 0.3);
      return { rows: Uint32Array.from(rows), costs: Float32Array.from(rows, () => 0.25 + Math.round(next() * 4) / 4) };
    });
    const matrix = {
      numRows: all,
      numCols: numFeatures,
      indptr: Uint32Array.from(indptr),
      indices: Uint32Array.from(indices),
      values: Float32Array.from(values),
      ...(width > 0 && { dense: { width, values: dense } }),
    };
    return { matrix, rows: Uint32Array.from({ length: numRows }, (_, row) => 2 * (numRows - row)), labels };
  });

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

/** Row `row` of [features | dense block | 1]. */
function wholeRow({ indptr, indices, values, numCols, dense }: Csr, row: number): Float64Array {
  const width = dense?.width ?? 0;
  const x = new Float64Array(numCols + width + 1);
  for (let p = indptr[row]!; p < indptr[row + 1]!; p++) x[indices[p]!] = values[p]!;
  for (let k = 0; k < width; k++) x[numCols + k] = dense!.values[row * width + k]!;
  x[numCols + width] = 1;
  return x;
}

/** Weights of one label as [features | dense block | bias]. */
function wholeWeights(solved: SolvedLanes, lane: number, { numCols, dense }: Csr): Float64Array {
  const width = dense?.width ?? 0;
  const w = new Float64Array(numCols + width + 1);
  for (const [k, feature] of solved.features.entries()) if (solved.lanes[k] === lane) w[feature] = solved.weights[k]!;
  for (let k = 0; k < width; k++) w[numCols + k] = solved.dense[k * NUM_LANES + lane]!;
  w[numCols + width] = solved.bias[lane]!;
  return w;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** max(0, 1 − z)² or log(1 + exp(−z)), and its slope. */
function lossOf(loss: Loss, z: number): { value: number; slope: number } {
  if (loss === "squared-hinge") return { value: Math.max(0, 1 - z) ** 2, slope: -2 * Math.max(0, 1 - z) };
  return { value: Math.max(0, -z) + Math.log1p(Math.exp(-Math.abs(z))), slope: -1 / (1 + Math.exp(z)) };
}

/** ½‖w‖² + Σ C loss(y w·x) in float64, the bias being a feature of constant 1: the primal, from its definition. */
function primal(w: Float64Array, matrix: readonly Float64Array[], label: LanePositives, loss: Loss): number {
  let sum = 0.5 * dot(w, w);
  for (const [row, x] of matrix.entries()) {
    const k = label.rows.indexOf(row);
    const cost = k < 0 ? options.negativeCost : label.costs[k]!;
    sum += cost * lossOf(loss, (k < 0 ? -1 : 1) * dot(w, x)).value;
  }
  return sum;
}

/** An independent solver: gradient descent on the primal with backtracking, in float64. */
function solvePrimal(matrix: readonly Float64Array[], label: LanePositives, loss: Loss): number {
  let w = new Float64Array(matrix[0]!.length);
  let value = primal(w, matrix, label, loss);
  let step = 1;
  for (let iteration = 0; iteration < 5000; iteration++) {
    const gradient = Float64Array.from(w);
    for (const [row, x] of matrix.entries()) {
      const k = label.rows.indexOf(row);
      const y = k < 0 ? -1 : 1;
      const factor = (k < 0 ? options.negativeCost : label.costs[k]!) * y * lossOf(loss, y * dot(w, x)).slope;
      for (let f = 0; f < x.length; f++) gradient[f]! += factor * x[f]!;
    }
    const squared = dot(gradient, gradient);
    if (squared < 1e-14) break;
    for (; step > 1e-12; step /= 2) {
      const next = w.map((it, i) => it - step * gradient[i]!);
      const nextValue = primal(next, matrix, label, loss);
      if (nextValue <= value - 0.5 * step * squared) {
        w = next;
        value = nextValue;
        step *= 2;
        break;
      }
    }
  }
  return value;
}

/** The same rows with the dense block written as sparse columns. */
function oneBlock(matrix: Csr): Csr {
  const numCols = matrix.numCols + (matrix.dense?.width ?? 0);
  const indptr = [0];
  const entries: [feature: number, value: number][] = [];
  for (let row = 0; row < matrix.numRows; row++) {
    const whole = wholeRow(matrix, row).subarray(0, numCols);
    entries.push(...[...whole.entries()].filter(([, value]) => value !== 0));
    indptr.push(entries.length);
  }
  return {
    numRows: matrix.numRows,
    numCols,
    indptr: Uint32Array.from(indptr),
    indices: Uint32Array.from(entries, ([feature]) => feature),
    values: Float32Array.from(entries, ([, value]) => value),
  };
}

describe.each([
  ["simd", newSimdKernels],
  ["reference", newReferenceKernels],
])("the %s kernels", (_name, newKernels) => {
  test.each(losses)("reach the primal optimum of every lane, whatever the mix of costs and positives: %s", (loss) => {
    fc.assert(
      fc.property(problem, (it) => {
        const solver = new LaneSolver(newKernels());
        solver.load(it.matrix, it.rows, it.labels.length, 1);
        const solved = solver.solve(it.labels, { ...options, loss });
        const matrix = Array.from(it.rows, (row) => wholeRow(it.matrix, row));
        for (const [lane, label] of it.labels.entries()) {
          const reached = primal(wholeWeights(solved, lane, it.matrix), matrix, label, loss);
          const best = solvePrimal(matrix, label, loss);
          expect(reached).toBeLessThanOrEqual(best * 1.002 + 1e-4);
        }
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  test.each(losses)("solve two blocks as they solve one whose last columns are the dense block: %s", (loss) => {
    fc.assert(
      fc.property(problem, (it) => {
        const solver = new LaneSolver(newKernels());
        const exact = { ...options, loss, eps: 1e-5, maxPasses: 20_000 };
        solver.load(it.matrix, it.rows, it.labels.length, 1);
        const twoBlocks = solver.solve(it.labels, exact);
        const mine = it.labels.map((_, lane) => wholeWeights(twoBlocks, lane, it.matrix));
        const mixed = oneBlock(it.matrix);
        solver.load(mixed, it.rows, it.labels.length, 1);
        const solved = solver.solve(it.labels, exact);
        for (const lane of it.labels.keys()) {
          expectAllClose(mine[lane]!, wholeWeights(solved, lane, mixed), { atol: 2e-4 });
        }
      }),
      { numRuns: 20, seed: 8 },
    );
  });

  test("leave weights under the threshold out and keep the others as they were", () => {
    fc.assert(
      fc.property(problem, (it) => {
        const solver = new LaneSolver(newKernels());
        solver.load(it.matrix, it.rows, it.labels.length, 1);
        const all = solver.solve(it.labels, options);
        const pruned = solver.solve(it.labels, { ...options, threshold: 0.2 });
        for (const lane of it.labels.keys()) {
          const full = wholeWeights(all, lane, it.matrix);
          const kept = wholeWeights(pruned, lane, it.matrix);
          for (const [f, weight] of full.entries()) if (Math.abs(weight) >= 0.2) expect(kept[f]).toBe(weight);
        }
        for (const weight of pruned.weights) expect(Math.abs(weight)).toBeGreaterThanOrEqual(Math.fround(0.2));
      }),
      { numRuns: 20, seed: 4 },
    );
  });

  test("a solver that is loaded again forgets the rows it had", () => {
    const [first, second] = fc.sample(problem, { numRuns: 2, seed: 5 }) as [Problem, Problem];
    const reused = new LaneSolver(newKernels());
    reused.load(first.matrix, first.rows, first.labels.length, 1);
    reused.solve(first.labels, options);
    reused.load(second.matrix, second.rows, second.labels.length, 1);
    const fresh = new LaneSolver(newKernels());
    fresh.load(second.matrix, second.rows, second.labels.length, 1);
    expect(reused.solve(second.labels, options)).toEqual(fresh.solve(second.labels, options));
  });
});

test.each(losses)("both kernels agree bit for bit: %s", (loss) => {
  fc.assert(
    fc.property(problem, (it) => {
      const [simd, reference] = [newSimdKernels(), newReferenceKernels()].map((kernels) => {
        const solver = new LaneSolver(kernels);
        solver.load(it.matrix, it.rows, it.labels.length, 1);
        return solver.solve(it.labels, { ...options, loss, eps: 0.1, threshold: 0.01 });
      });
      expect(simd).toEqual(reference);
    }),
    { numRuns: 100, seed: 6 },
  );
});
