// Trains sibling labels that share their rows, 16 at a time, on a kernel backend whose memory it lays out.
// Every problem starts from the solution of "all rows negative, all rows alike", which most negatives never leave.
import { type Kernels, NUM_LANES } from "./kernels.ts";

/** Rows that all siblings of a node share, over features renumbered 0..numFeatures-1. */
export interface SharedRows {
  readonly numRows: number;
  readonly numFeatures: number;
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

/** The positives of one label: positions in the shared rows, and LIBLINEAR's C for each. */
export interface LanePositives {
  readonly rows: Uint32Array;
  readonly costs: Float32Array;
}

export interface SolverOptions {
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
  readonly passes: number;
}

/** Coordinates within this share of eps of their optimum stay: they cannot keep a label from converging. */
const LAZY_SHARE = 0.25;

export class LaneSolver {
  readonly #kernels: Kernels;
  #rows: SharedRows | undefined;
  #layout: Layout | undefined;
  #meanSimilarity = 0;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** Copies the rows in. @throws RangeError if they and the working arrays do not fit in 4 GiB. */
  load(rows: SharedRows): void {
    const { numRows, numFeatures } = rows;
    const layout = layOut(numRows, numFeatures, rows.indices.length);
    this.#kernels.reserve(layout.kinds);
    const memory = this.#kernels.buffer();
    new Uint32Array(memory, layout.indptr, numRows + 1).set(rows.indptr);
    new Uint32Array(memory, layout.indices, rows.indices.length).set(rows.indices);
    new Float32Array(memory, layout.values, rows.values.length).set(rows.values);
    const norms = new Float32Array(memory, layout.norms, numRows);
    const sum = new Float32Array(memory, layout.sum, numFeatures).fill(0);
    for (let row = 0; row < numRows; row++) {
      let square = 1;
      for (let p = rows.indptr[row]!; p < rows.indptr[row + 1]!; p++) {
        const value = rows.values[p]!;
        square += value * value;
        sum[rows.indices[p]!]! += value;
      }
      norms[row] = square;
    }
    let squares = 0;
    for (let f = 0; f < numFeatures; f++) squares += sum[f]! * sum[f]!;
    this.#meanSimilarity = squares / (numRows * numRows);
    this.#rows = rows;
    this.#layout = layout;
  }

  /** Solves for up to 16 labels at once. */
  solve(labels: readonly LanePositives[], options: SolverOptions): SolvedLanes {
    const rows = this.#rows;
    const layout = this.#layout;
    if (rows === undefined || layout === undefined) throw new Error("internal: solve before load");
    const kernels = this.#kernels;
    const ridge = 0.5 / options.negativeCost;
    const start = 1 / (rows.numRows * (1 + this.#meanSimilarity) + ridge);
    const numKinds = 1 + labels.reduce((count, it) => count + it.rows.length, 0);
    kernels.reserve(layout.kinds + numKinds * NUM_LANES * 8);
    kernels.spreadRows(layout.w, layout.sum, rows.numFeatures, -start);
    const memory = kernels.buffer();
    new Float32Array(memory, layout.alpha, rows.numRows * NUM_LANES).fill(start);
    const state = new Float32Array(memory, layout.state, NUM_LANES * 4).fill(0);
    state.fill(-start * rows.numRows, 0, NUM_LANES);
    new Uint32Array(memory, layout.state + NUM_LANES * 4, NUM_LANES).fill(0).fill(0xffffffff, 0, labels.length);
    const order = new Uint32Array(memory, layout.order, rows.numRows);
    for (let row = 0; row < rows.numRows; row++) order[row] = row;
    writeKinds(memory, layout, rows, labels, ridge, start);
    const passes = kernels.solveGroup(
      rows.numRows,
      layout.indptr,
      layout.indices,
      layout.values,
      layout.norms,
      layout.w,
      layout.alpha,
      layout.rowKind,
      layout.kinds,
      layout.state,
      layout.order,
      layout.active,
      options.eps,
      options.eps * LAZY_SHARE,
      options.maxPasses,
      options.seed,
    );
    return { ...this.#collect(rows, layout, options.threshold), bias: state.slice(0, NUM_LANES), passes };
  }

  #collect({ numFeatures }: SharedRows, layout: Layout, threshold: number) {
    const count = this.#kernels.collectRows(layout.w, numFeatures, threshold, layout.list);
    const memory = this.#kernels.buffer();
    const features = new Uint32Array(memory, layout.list, count).slice();
    const w = new Float32Array(memory, layout.w, numFeatures * NUM_LANES);
    const weights = new Float32Array(count * NUM_LANES);
    for (let k = 0; k < count; k++) {
      const from = features[k]! * NUM_LANES;
      for (let lane = 0; lane < NUM_LANES; lane++) weights[k * NUM_LANES + lane] = w[from + lane]!;
    }
    return { features, weights };
  }
}

/** Byte offsets; `kinds` comes last because only it grows from call to call. */
interface Layout {
  readonly indptr: number;
  readonly indices: number;
  readonly values: number;
  readonly norms: number;
  readonly sum: number;
  readonly w: number;
  readonly alpha: number;
  readonly rowKind: number;
  readonly state: number;
  readonly order: number;
  readonly active: number;
  readonly list: number;
  readonly kinds: number;
}

function layOut(numRows: number, numFeatures: number, numEntries: number): Layout {
  let end = 1024;
  const take = (bytes: number) => {
    const start = end;
    end = Math.ceil((start + bytes) / 64) * 64;
    return start;
  };
  return {
    indptr: take(4 * (numRows + 1)),
    indices: take(4 * numEntries),
    values: take(4 * numEntries),
    norms: take(4 * numRows),
    sum: take(4 * numFeatures),
    w: take(4 * NUM_LANES * numFeatures),
    alpha: take(4 * NUM_LANES * numRows),
    rowKind: take(4 * numRows),
    state: take(4 * NUM_LANES * 4),
    order: take(4 * numRows),
    active: take(4 * numRows),
    list: take(4 * numFeatures),
    kinds: take(0),
  };
}

/** Gives rows with positives a kind of their own, and takes their share out of the all-negative start. */
function writeKinds(
  memory: ArrayBuffer,
  layout: Layout,
  rows: SharedRows,
  labels: readonly LanePositives[],
  ridge: number,
  start: number,
): void {
  const rowKind = new Uint32Array(memory, layout.rowKind, rows.numRows).fill(0);
  const numKinds = (memory.byteLength - layout.kinds) / (NUM_LANES * 8);
  const kinds = new Float32Array(memory, layout.kinds, Math.floor(numKinds) * NUM_LANES * 2);
  const alpha = new Float32Array(memory, layout.alpha, rows.numRows * NUM_LANES);
  const w = new Float32Array(memory, layout.w, rows.numFeatures * NUM_LANES);
  const bias = new Float32Array(memory, layout.state, NUM_LANES);
  kinds.fill(-1, 0, NUM_LANES).fill(ridge, NUM_LANES, NUM_LANES * 2);
  let used = 1;
  for (const [lane, { rows: positives, costs }] of labels.entries()) {
    for (const [k, row] of positives.entries()) {
      if (rowKind[row] === 0) {
        kinds.copyWithin(used * NUM_LANES * 2, 0, NUM_LANES * 2);
        rowKind[row] = used++;
      }
      const kind = rowKind[row]! * NUM_LANES * 2;
      kinds[kind + lane] = 1;
      kinds[kind + NUM_LANES + lane] = 0.5 / costs[k]!;
      alpha[row * NUM_LANES + lane] = 0;
      bias[lane]! += start;
      for (let p = rows.indptr[row]!; p < rows.indptr[row + 1]!; p++) {
        w[rows.indices[p]! * NUM_LANES + lane]! += start * rows.values[p]!;
      }
    }
  }
}
