// Trains sibling labels that share their rows, 16 at a time, on a kernel backend whose memory it lays out.
// Every problem starts from the solution of "all rows negative, all rows alike", which most negatives never leave.
import type { Csr } from "../sparse/csr.ts";
import { type Kernels, NUM_LANES } from "./kernels.ts";
import { type LoadedRows, loadRows } from "./lane-rows.ts";
import { type LaneStart, type Loss, startOf } from "./lane-start.ts";

/** The positives of one label: positions in the shared rows, and LIBLINEAR's C for each. */
export interface LanePositives {
  readonly rows: Uint32Array;
  readonly costs: Float32Array;
}

export interface SolverOptions {
  readonly loss: Loss;
  /** C of every negative. */
  readonly negativeCost: number;
  /** Stop when a label's projected gradients span at most this, as LIBLINEAR's eps. */
  readonly eps: number;
  readonly maxPasses: number;
  /** Weights below this in absolute value are dropped. */
  readonly threshold: number;
  readonly seed: number;
}

/** Weights of up to 16 labels: entry k is the weight of `features[k]` for the label in `lanes[k]`, in no order. */
export interface SolvedLanes {
  readonly bias: Float32Array;
  readonly features: Uint32Array;
  readonly lanes: Uint8Array;
  readonly weights: Float32Array;
  /** Weights of the dense block, [width][16], valid until the next call; none are dropped. Empty without a dense block. */
  readonly dense: Float32Array;
  readonly passes: number;
}

/** Coordinates within this share of eps of their optimum stay: they cannot keep a label from converging. */
const LAZY_SHARE = 0.25;

/** Owns the kernels' memory, and scratch as wide as the matrix. */
export class LaneSolver {
  readonly #kernels: Kernels;
  #problem: LoadedRows | undefined;
  #placeOf = new Uint32Array(0);

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /**
   * Copies these rows of `matrix`, which `numLabels` labels share, in an order drawn from `seed`.
   * @throws RangeError if they and the working arrays do not fit in 4 GiB.
   */
  load(matrix: Csr, rows: Uint32Array, numLabels: number, seed: number): void {
    if (this.#placeOf.length < matrix.numCols) this.#placeOf = new Uint32Array(matrix.numCols);
    this.#problem = loadRows(matrix, rows, numLabels, seed, this.#kernels, this.#placeOf);
  }

  /** Solves for up to 16 labels at once. */
  solve(labels: readonly LanePositives[], options: SolverOptions): SolvedLanes {
    const problem = this.#problem;
    if (problem === undefined) throw new Error("internal: solve before load");
    const { numRows, width, layout } = problem;
    const kernels = this.#kernels;
    const start = startOf(options.loss, options.negativeCost, numRows * (1 + problem.meanSimilarity));
    const numKinds = 1 + labels.reduce((count, it) => count + it.rows.length, 0);
    kernels.reserve(layout.kinds + numKinds * NUM_LANES * 8);
    const memory = kernels.buffer();
    new Float32Array(memory, layout.alpha, numRows * NUM_LANES).fill(start.stored);
    const state = new Float32Array(memory, layout.state, NUM_LANES * 4).fill(0);
    state.fill(-start.alpha * numRows, 0, NUM_LANES);
    new Uint32Array(memory, layout.state + NUM_LANES * 4, NUM_LANES).fill(0).fill(0xffffffff, 0, labels.length);
    const order = new Uint32Array(memory, layout.order, numRows);
    for (let row = 0; row < numRows; row++) order[row] = row;
    const signs = writeKinds(memory, problem, labels, options.negativeCost, start);
    const passes = this.#run(problem, start.alpha, options);
    const bias = state.slice(0, NUM_LANES);
    const kept = new KeptWeights();
    this.#collectShared(problem, labels.length, options.threshold, kept);
    collectSingles(memory, problem, signs, labels.length, options.threshold, kept);
    const denseWeights = new Float32Array(memory, layout.panel, width * NUM_LANES);
    return { ...kept.finish(), bias, dense: denseWeights, passes };
  }

  /** From the start to weights in w and panel, biases in state; `share` is the alpha that negatives start with. */
  #run({ numRows, layout, order }: LoadedRows, share: number, options: SolverOptions): number {
    const kernels = this.#kernels;
    const { indptr, indices, values, norms, w, alpha, rowKind, kinds, state, dense, stride, panel, gram } = layout;
    if (gram === 0) {
      kernels.spreadRows(w, layout.sum, order.length, -share);
      kernels.spreadRows(panel, layout.denseSum, stride, -share);
      kernels.liftPositives(numRows, indptr, indices, values, w, rowKind, kinds, dense, stride, panel, share);
    } else {
      kernels.startMargins(numRows, gram, rowKind, kinds, layout.margins, share);
    }
    const passes = kernels.solveGroup(
      numRows,
      indptr,
      indices,
      values,
      norms,
      gram === 0 ? w : layout.margins,
      alpha,
      rowKind,
      kinds,
      state,
      layout.order,
      layout.active,
      options.eps,
      options.eps * LAZY_SHARE,
      options.maxPasses,
      options.seed,
      dense,
      stride,
      panel,
      options.loss === "logistic",
      gram,
    );
    if (gram !== 0) {
      const numFeatures = order.length;
      kernels.sumWeights(
        numRows,
        indptr,
        indices,
        values,
        w,
        numFeatures,
        alpha,
        rowKind,
        kinds,
        state,
        dense,
        stride,
        panel,
      );
    }
    return passes;
  }

  #collectShared({ layout, order }: LoadedRows, numLanes: number, threshold: number, kept: KeptWeights): void {
    const count = this.#kernels.collectRows(layout.w, order.length, threshold, layout.list);
    const memory = this.#kernels.buffer();
    const places = new Uint32Array(memory, layout.list, count);
    const w = new Float32Array(memory, layout.w, order.length * NUM_LANES);
    for (let k = 0; k < count; k++) {
      const place = places[k]!;
      for (let lane = 0; lane < numLanes; lane++) {
        const weight = w[place * NUM_LANES + lane]!;
        if (Math.abs(weight) >= threshold && weight !== 0) kept.add(order[place]!, lane, weight);
      }
    }
  }
}

/** A list of weights that grows. */
class KeptWeights {
  #features = new Uint32Array(1024);
  #lanes = new Uint8Array(1024);
  #weights = new Float32Array(1024);
  #count = 0;

  add(feature: number, lane: number, weight: number): void {
    if (this.#count === this.#weights.length) this.#grow();
    this.#features[this.#count] = feature;
    this.#lanes[this.#count] = lane;
    this.#weights[this.#count++] = weight;
  }

  finish(): Pick<SolvedLanes, "features" | "lanes" | "weights"> {
    const end = this.#count;
    return {
      features: this.#features.slice(0, end),
      lanes: this.#lanes.slice(0, end),
      weights: this.#weights.slice(0, end),
    };
  }

  #grow(): void {
    const [features, lanes, weights] = [this.#features, this.#lanes, this.#weights];
    const size = 2 * weights.length;
    this.#features = new Uint32Array(size);
    this.#features.set(features);
    this.#lanes = new Uint8Array(size);
    this.#lanes.set(lanes);
    this.#weights = new Float32Array(size);
    this.#weights.set(weights);
  }
}

/** Weights of single-row features from the duals of their row: w = y · alpha · x. */
function collectSingles(
  memory: ArrayBuffer,
  { numRows, layout, singles }: LoadedRows,
  signs: Float32Array,
  numLanes: number,
  threshold: number,
  kept: KeptWeights,
): void {
  const alpha = new Float32Array(memory, layout.alpha, numRows * NUM_LANES);
  const rowKind = new Uint32Array(memory, layout.rowKind, numRows);
  for (let row = 0; row < numRows; row++) {
    const end = singles.rowStart[row + 1]!;
    if (singles.rowStart[row] === end) continue;
    let largest = 0;
    for (let lane = 0; lane < numLanes; lane++) largest = Math.max(largest, alpha[row * NUM_LANES + lane]!);
    const kind = rowKind[row]! * NUM_LANES * 2;
    for (let p = singles.rowStart[row]!; p < end; p++) {
      const value = singles.values[p]!;
      if (largest * Math.abs(value) < threshold) continue;
      for (let lane = 0; lane < numLanes; lane++) {
        const weight = Math.fround(signs[kind + lane]! * alpha[row * NUM_LANES + lane]! * value);
        if (Math.abs(weight) >= threshold && weight !== 0) kept.add(singles.features[p]!, lane, weight);
      }
    }
  }
}

/** Gives rows with positives a kind of their own, and takes their share out of the alphas and biases at the start. */
function writeKinds(
  memory: ArrayBuffer,
  { numRows, layout, rowPlace }: LoadedRows,
  labels: readonly LanePositives[],
  negativeCost: number,
  { alpha: start, storedZero, figure }: LaneStart,
): Float32Array {
  const rowKind = new Uint32Array(memory, layout.rowKind, numRows).fill(0);
  const numKinds = (memory.byteLength - layout.kinds) / (NUM_LANES * 8);
  const kinds = new Float32Array(memory, layout.kinds, Math.floor(numKinds) * NUM_LANES * 2);
  const alpha = new Float32Array(memory, layout.alpha, numRows * NUM_LANES);
  const bias = new Float32Array(memory, layout.state, NUM_LANES);
  kinds.fill(-1, 0, NUM_LANES).fill(figure(negativeCost), NUM_LANES, NUM_LANES * 2);
  let used = 1;
  for (const [lane, { rows: positives, costs }] of labels.entries()) {
    for (let k = 0; k < positives.length; k++) {
      const row = rowPlace[positives[k]!]!;
      if (rowKind[row] === 0) {
        kinds.copyWithin(used * NUM_LANES * 2, 0, NUM_LANES * 2);
        rowKind[row] = used++;
      }
      const kind = rowKind[row]! * NUM_LANES * 2;
      kinds[kind + lane] = 1;
      kinds[kind + NUM_LANES + lane] = figure(costs[k]!);
      alpha[row * NUM_LANES + lane] = storedZero;
      bias[lane]! += start;
    }
  }
  return kinds;
}
