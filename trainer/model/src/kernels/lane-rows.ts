// Rows of a matrix, copied into the kernels' memory. Features are renumbered there by falling frequency, so that the
// frequent ones share pages, and those of a single row are left out: such a weight is that row's y·alpha·x, and most of
// a text's n-grams are such.
import type { Csr } from "../sparse/csr.ts";
import type { Kernels } from "./kernels.ts";
import { type Layout, layOut, loadDense } from "./lane-memory.ts";

/** What lies in the kernels' memory, and what of the rows does not. */
export interface LoadedRows {
  readonly numRows: number;
  /** Of the dense block; 0 without one. */
  readonly width: number;
  readonly layout: Layout;
  /** Place in the kernels' memory → feature. */
  readonly order: Uint32Array;
  /** Position among the rows that were given → place in the kernels' memory. */
  readonly rowPlace: Uint32Array;
  readonly singles: Singles;
  /** Of two rows, one drawn after the other with replacement. */
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

/**
 * Copies `rows` of `matrix`, which `numLabels` share, in an order drawn from `seed`. `placeOf` [columns] is scratch, all zero before and after.
 * @throws RangeError if they and the working arrays do not fit in 4 GiB.
 */
export function loadRows(
  matrix: Csr,
  rows: Uint32Array,
  numLabels: number,
  seed: number,
  kernels: Kernels,
  placeOf: Uint32Array,
): LoadedRows {
  const { indptr: from, indices: features, values: weights, dense } = matrix;
  const numRows = rows.length;
  const known = countFeatures(matrix, rows, placeOf);
  const { order, numEntries, numSingles } = byFrequency(known, placeOf);
  const width = dense?.width ?? 0;
  const layout = layOut({ numRows, numLabels }, order.length, numEntries, width + (width & 1));
  kernels.reserve(layout.kinds);
  const memory = kernels.buffer();
  const indptr = new Uint32Array(memory, layout.indptr, numRows + 1);
  const indices = new Uint32Array(memory, layout.indices, numEntries);
  const values = new Float32Array(memory, layout.values, numEntries);
  const norms = new Float32Array(memory, layout.norms, numRows * 2);
  const sum = new Float32Array(memory, layout.sum, order.length).fill(0);
  const singles = {
    rowStart: new Uint32Array(numRows + 1),
    features: new Uint32Array(numSingles),
    values: new Float32Array(numSingles),
  };
  const rowOrder = permutation(numRows, seed);
  const rowPlace = new Uint32Array(numRows);
  let at = 0;
  let single = 0;
  indptr[0] = 0;
  for (let place = 0; place < numRows; place++) {
    const row = rows[rowOrder[place]!]!;
    const end = from[row + 1]!;
    let square = 1;
    let own = 0;
    for (let p = from[row]!; p < end; p++) {
      const value = weights[p]!;
      const feature = placeOf[features[p]!]!;
      square += value * value;
      if (feature === SINGLE) {
        own += value * value;
        singles.features[single] = features[p]!;
        singles.values[single++] = value;
        continue;
      }
      sum[feature]! += value;
      indices[at] = feature;
      values[at++] = value;
    }
    indptr[place + 1] = at;
    singles.rowStart[place + 1] = single;
    norms[place * 2] = square;
    norms[place * 2 + 1] = layout.gram === 0 ? own : 0;
    rowPlace[rowOrder[place]!] = place;
  }
  for (let k = 0; k < known.length; k++) placeOf[known[k]!] = 0;
  const rowOf = rowOrder.map((row) => rows[row]!);
  let squares = dense === undefined ? 0 : loadDense(dense, rowOf, memory, layout, norms);
  for (let k = 0; k < sum.length; k++) squares += sum[k]! * sum[k]!;
  if (layout.gram !== 0) {
    kernels.gramMatrix(
      numRows,
      layout.indptr,
      layout.indices,
      layout.values,
      layout.norms,
      layout.w,
      order.length,
      layout.dense,
      layout.stride,
      layout.panel,
      layout.gram,
    );
  }
  return { numRows, width, layout, order, rowPlace, singles, meanSimilarity: squares / (numRows * numRows) };
}

/** Features of the rows, in the order in which they appear; `counts` gets in how many rows each does. */
function countFeatures({ indptr, indices }: Csr, rows: Uint32Array, counts: Uint32Array): Uint32Array {
  let size = 0;
  for (let r = 0; r < rows.length; r++) size += indptr[rows[r]! + 1]! - indptr[rows[r]!]!;
  const known = new Uint32Array(Math.min(size, counts.length));
  let numKnown = 0;
  for (let r = 0; r < rows.length; r++) {
    const end = indptr[rows[r]! + 1]!;
    for (let p = indptr[rows[r]!]!; p < end; p++) {
      const feature = indices[p]!;
      if (counts[feature]!++ === 0) known[numKnown++] = feature;
    }
  }
  return known.subarray(0, numKnown);
}

/** Features of several rows, the frequent ones first, of equal ones those that appear first; counts become places. */
function byFrequency(known: Uint32Array, counts: Uint32Array) {
  const next = new Uint32Array(MANY + 2);
  let numEntries = 0;
  let numSingles = 0;
  for (let k = 0; k < known.length; k++) {
    const count = counts[known[k]!]!;
    if (count === 1) numSingles++;
    else {
      numEntries += count;
      next[MANY - Math.min(count, MANY) + 1]!++;
    }
  }
  for (let i = 0; i <= MANY; i++) next[i + 1]! += next[i]!;
  const order = new Uint32Array(next[MANY + 1]!);
  for (let k = 0; k < known.length; k++) {
    const feature = known[k]!;
    const count = counts[feature]!;
    if (count === 1) {
      counts[feature] = SINGLE;
      continue;
    }
    const place = next[MANY - Math.min(count, MANY)]!++;
    order[place] = feature;
    counts[feature] = place;
  }
  return { order, numEntries, numSingles };
}

/** 0..size-1 in random order: neighbours in memory are then no neighbours in the corpus, and passes run straight on. */
function permutation(size: number, seed: number): Uint32Array {
  const order = new Uint32Array(size);
  for (let i = 0; i < size; i++) order[i] = i;
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
