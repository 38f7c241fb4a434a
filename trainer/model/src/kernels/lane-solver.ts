// Trains sibling labels that share their rows, 16 at a time, on a kernel backend whose memory it lays out.
// Every problem starts from the solution of "all rows negative, all rows alike", which most negatives never leave.
import { type Kernels, NUM_LANES } from "./kernels.ts";
import { type DenseRows, type Layout, layOut, loadDense } from "./lane-memory.ts";
import { type LaneStart, type Loss, startOf } from "./lane-start.ts";

/** Rows that all siblings of a node share, over features renumbered 0..numFeatures-1. */
export interface SharedRows {
  readonly numRows: number;
  readonly numFeatures: number;
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
  /** The same rows' dense block, where there is one. */
  readonly dense?: DenseRows;
}

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

/** Weights of up to 16 labels: `weights[k * 16 + lane]` belongs to `features[k]`; valid until the next call. */
export interface SolvedLanes {
  readonly bias: Float32Array;
  readonly features: Uint32Array;
  readonly weights: Float32Array;
  /** Weights of the dense block, [width][16]; none are dropped. Empty without a dense block. */
  readonly dense: Float32Array;
  readonly passes: number;
}

/** Coordinates within this share of eps of their optimum stay: they cannot keep a label from converging. */
const LAZY_SHARE = 0.25;

/**
 * Owns the kernels' memory. Inside, features are renumbered by falling frequency, so that the frequent ones share pages,
 * and those of a single row are left out: such a weight is that row's y·alpha·x, and most of a text's n-grams are such.
 */
export class LaneSolver {
  readonly #kernels: Kernels;
  #problem: Problem | undefined;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** Copies the rows in, in an order drawn from `seed`. @throws RangeError if they and the working arrays do not fit in 4 GiB. */
  load(rows: SharedRows, seed: number): void {
    const { numRows } = rows;
    const { order, placeOf } = byFrequency(rows);
    const rowOrder = permutation(numRows, seed);
    const singles = takeSingles(rows, rowOrder, placeOf);
    const width = rows.dense?.width ?? 0;
    const numEntries = rows.indices.length - singles.features.length;
    const layout = layOut(numRows, order.length, numEntries, width + (width & 1));
    this.#kernels.reserve(layout.kinds);
    const memory = this.#kernels.buffer();
    const indptr = new Uint32Array(memory, layout.indptr, numRows + 1);
    const indices = new Uint32Array(memory, layout.indices, numEntries);
    const values = new Float32Array(memory, layout.values, indices.length);
    const norms = new Float32Array(memory, layout.norms, numRows * 2);
    const sum = new Float32Array(memory, layout.sum, order.length).fill(0);
    let at = 0;
    indptr[0] = 0;
    for (let place = 0; place < numRows; place++) {
      const row = rowOrder[place]!;
      let square = 1;
      let own = 0;
      for (let p = rows.indptr[row]!; p < rows.indptr[row + 1]!; p++) {
        const value = rows.values[p]!;
        const feature = placeOf[rows.indices[p]!]!;
        square += value * value;
        if (feature === SINGLE) {
          own += value * value;
          continue;
        }
        sum[feature]! += value;
        indices[at] = feature;
        values[at++] = value;
      }
      indptr[place + 1] = at;
      norms[place * 2] = square;
      norms[place * 2 + 1] = own;
    }
    let squares = rows.dense === undefined ? 0 : loadDense(rows.dense, memory, layout, rowOrder, norms);
    for (const value of sum) squares += value * value;
    const rowPlace = new Uint32Array(numRows);
    for (let place = 0; place < numRows; place++) rowPlace[rowOrder[place]!] = place;
    const meanSimilarity = squares / (numRows * numRows);
    this.#problem = { numRows, width, layout, order, rowPlace, singles, meanSimilarity };
  }

  /** Solves for up to 16 labels at once. */
  solve(labels: readonly LanePositives[], options: SolverOptions): SolvedLanes {
    const problem = this.#problem;
    if (problem === undefined) throw new Error("internal: solve before load");
    const { numRows, width, layout, order: features } = problem;
    const kernels = this.#kernels;
    const start = startOf(options.loss, options.negativeCost, numRows * (1 + problem.meanSimilarity));
    const numKinds = 1 + labels.reduce((count, it) => count + it.rows.length, 0);
    kernels.reserve(layout.kinds + numKinds * NUM_LANES * 8);
    kernels.spreadRows(layout.w, layout.sum, features.length, -start.alpha);
    kernels.spreadRows(layout.panel, layout.denseSum, layout.stride, -start.alpha);
    const memory = kernels.buffer();
    new Float32Array(memory, layout.alpha, numRows * NUM_LANES).fill(start.stored);
    const state = new Float32Array(memory, layout.state, NUM_LANES * 4).fill(0);
    state.fill(-start.alpha * numRows, 0, NUM_LANES);
    new Uint32Array(memory, layout.state + NUM_LANES * 4, NUM_LANES).fill(0).fill(0xffffffff, 0, labels.length);
    const order = new Uint32Array(memory, layout.order, numRows);
    for (let row = 0; row < numRows; row++) order[row] = row;
    const signs = writeKinds(memory, problem, labels, options.negativeCost, start);
    const { rowKind, kinds, dense, stride, panel } = layout;
    if (stride > 0) kernels.liftPositives(numRows, rowKind, kinds, dense, stride, panel, start.alpha);
    const passes = kernels.solveGroup(
      numRows,
      layout.indptr,
      layout.indices,
      layout.values,
      layout.norms,
      layout.w,
      layout.alpha,
      rowKind,
      kinds,
      layout.state,
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
    );
    const bias = state.slice(0, NUM_LANES);
    const shared = this.#collectShared(problem, options.threshold);
    const own = collectSingles(memory, problem, signs, labels.length, options.threshold);
    const denseWeights = new Float32Array(memory, panel, width * NUM_LANES);
    return { ...concatenate(shared, own), bias, dense: denseWeights, passes };
  }

  #collectShared({ layout, order }: Problem, threshold: number): KeptRows {
    const count = this.#kernels.collectRows(layout.w, order.length, threshold, layout.list);
    const memory = this.#kernels.buffer();
    const places = new Uint32Array(memory, layout.list, count);
    const w = new Float32Array(memory, layout.w, order.length * NUM_LANES);
    const weights = new Float32Array(count * NUM_LANES);
    for (let k = 0; k < count; k++) {
      const from = places[k]! * NUM_LANES;
      for (let lane = 0; lane < NUM_LANES; lane++) weights[k * NUM_LANES + lane] = w[from + lane]!;
    }
    return { features: Uint32Array.from(places, (place) => order[place]!), weights };
  }
}

interface KeptRows {
  readonly features: Uint32Array;
  readonly weights: Float32Array;
}

interface Problem {
  readonly numRows: number;
  /** Of the dense block; 0 without one. */
  readonly width: number;
  readonly layout: Layout;
  /** Place in the kernels' memory → the caller's feature. */
  readonly order: Uint32Array;
  /** The caller's row → place in the kernels' memory. */
  readonly rowPlace: Uint32Array;
  readonly singles: Singles;
  readonly meanSimilarity: number;
}

/** Features of one row only, in the order of the kernels' memory: place r has entries [rowStart[r], rowStart[r + 1]). */
interface Singles {
  readonly rowStart: Uint32Array;
  readonly features: Uint32Array;
  readonly values: Float32Array;
}

const SINGLE = 0xffffffff;
/** Frequencies from here on are as good as equal: such features stay in memory all the time. */
const MANY = 4095;

function byFrequency({ numFeatures, indices }: SharedRows): { order: Uint32Array; placeOf: Uint32Array } {
  const counts = new Uint32Array(numFeatures);
  for (const feature of indices) counts[feature]!++;
  const next = new Uint32Array(MANY + 2);
  for (const count of counts) if (count > 1) next[MANY - Math.min(count, MANY) + 1]!++;
  for (let i = 0; i <= MANY; i++) next[i + 1]! += next[i]!;
  const order = new Uint32Array(next[MANY + 1]!);
  const placeOf = new Uint32Array(numFeatures).fill(SINGLE);
  for (let feature = 0; feature < numFeatures; feature++) {
    if (counts[feature]! <= 1) continue;
    const place = next[MANY - Math.min(counts[feature]!, MANY)]!++;
    order[place] = feature;
    placeOf[feature] = place;
  }
  return { order, placeOf };
}

function takeSingles(
  { numRows, indptr, indices, values }: SharedRows,
  rowOrder: Uint32Array,
  placeOf: Uint32Array,
): Singles {
  let size = 0;
  for (const feature of indices) if (placeOf[feature] === SINGLE) size++;
  const singles = {
    rowStart: new Uint32Array(numRows + 1),
    features: new Uint32Array(size),
    values: new Float32Array(size),
  };
  let at = 0;
  for (let place = 0; place < numRows; place++) {
    const row = rowOrder[place]!;
    for (let p = indptr[row]!; p < indptr[row + 1]!; p++) {
      if (placeOf[indices[p]!] !== SINGLE) continue;
      singles.features[at] = indices[p]!;
      singles.values[at++] = values[p]!;
    }
    singles.rowStart[place + 1] = at;
  }
  return singles;
}

/** 0..size-1 in random order: neighbours in memory are then no neighbours in the corpus, and passes run straight on. */
function permutation(size: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  let state = seed | 1;
  for (let i = size - 1; i > 0; i--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = Math.floor(((state >>> 0) * (i + 1)) / 0x100000000);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** Weights of single-row features from the duals of their row: w = y · alpha · x. */
function collectSingles(
  memory: ArrayBuffer,
  { numRows, layout, singles }: Problem,
  signs: Float32Array,
  numLanes: number,
  threshold: number,
): KeptRows {
  const alpha = new Float32Array(memory, layout.alpha, numRows * NUM_LANES);
  const rowKind = new Uint32Array(memory, layout.rowKind, numRows);
  const features: number[] = [];
  const weights: number[] = [];
  for (let row = 0; row < numRows; row++) {
    const end = singles.rowStart[row + 1]!;
    if (singles.rowStart[row] === end) continue;
    let largest = 0;
    for (let lane = 0; lane < numLanes; lane++) largest = Math.max(largest, alpha[row * NUM_LANES + lane]!);
    for (let p = singles.rowStart[row]!; p < end; p++) {
      const value = singles.values[p]!;
      if (largest * Math.abs(value) < threshold) continue;
      features.push(singles.features[p]!);
      const kind = rowKind[row]! * NUM_LANES * 2;
      for (let lane = 0; lane < NUM_LANES; lane++) {
        weights.push(lane < numLanes ? signs[kind + lane]! * alpha[row * NUM_LANES + lane]! * value : 0);
      }
    }
  }
  return { features: Uint32Array.from(features), weights: Float32Array.from(weights) };
}

function concatenate(a: KeptRows, b: KeptRows): KeptRows {
  const features = new Uint32Array(a.features.length + b.features.length);
  features.set(a.features);
  features.set(b.features, a.features.length);
  const weights = new Float32Array(a.weights.length + b.weights.length);
  weights.set(a.weights);
  weights.set(b.weights, a.weights.length);
  return { features, weights };
}

/** Gives rows with positives a kind of their own, and takes their share out of the all-negative start. */
function writeKinds(
  memory: ArrayBuffer,
  { numRows, layout, order, rowPlace }: Problem,
  labels: readonly LanePositives[],
  negativeCost: number,
  { alpha: start, storedZero, figure }: LaneStart,
): Float32Array {
  const rowKind = new Uint32Array(memory, layout.rowKind, numRows).fill(0);
  const numKinds = (memory.byteLength - layout.kinds) / (NUM_LANES * 8);
  const kinds = new Float32Array(memory, layout.kinds, Math.floor(numKinds) * NUM_LANES * 2);
  const alpha = new Float32Array(memory, layout.alpha, numRows * NUM_LANES);
  const w = new Float32Array(memory, layout.w, order.length * NUM_LANES);
  const bias = new Float32Array(memory, layout.state, NUM_LANES);
  const indptr = new Uint32Array(memory, layout.indptr, numRows + 1);
  const indices = new Uint32Array(memory, layout.indices, indptr[numRows]!);
  const values = new Float32Array(memory, layout.values, indptr[numRows]!);
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
      for (let p = indptr[row]!; p < indptr[row + 1]!; p++) {
        w[indices[p]! * NUM_LANES + lane]! += start * values[p]!;
      }
    }
  }
  return kinds;
}
