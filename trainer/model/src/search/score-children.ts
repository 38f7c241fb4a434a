// Margins of a node's children for the sparse block of a row: most of the time of a search goes by here, waiting for
// memory. So the rows of a chunk are found first, then touched, then added up: neither of the first two has a branch that
// depends on what was read, and the processor asks for many of them at once.
import type { Chunk } from "../ranker/chunk.ts";
import { findRows } from "../ranker/row-index.ts";
import type { SparseRow } from "../sparse/csr.ts";

/** Owns the scratch memory: one is needed for each thread. Allocates nothing but for a row that is longer than all before. */
export class ChildScorer {
  /** Of the i-th shared feature: where its entries start and end in the chunk, and its place in the row. */
  #starts = new Uint32Array(0);
  #ends = new Uint32Array(0);
  #places = new Uint32Array(0);
  /** What was touched has to go somewhere, or the reads are optimised away. */
  readonly #touched = new Float64Array(1);

  /** margins[child] = bias + Σ weight · value over the features that row and chunk share. */
  score(row: SparseRow, chunk: Chunk, bias: Float32Array, first: number, count: number, margins: Float64Array): void {
    for (let child = 0; child < count; child++) margins[child] = bias[first + child]!;
    if (chunk.weights.length === 0) return;
    this.#reserve(row.indices.length);
    const found = this.#find(row, chunk);
    this.#touch(chunk, found);
    const [starts, ends, places] = [this.#starts, this.#ends, this.#places];
    for (let i = 0; i < found; i++) addEntries(chunk, starts[i]!, ends[i]!, row.values[places[i]!]!, margins);
  }

  #reserve(length: number): void {
    if (length <= this.#starts.length) return;
    this.#starts = new Uint32Array(2 * length);
    this.#ends = new Uint32Array(2 * length);
    this.#places = new Uint32Array(2 * length);
  }

  /** @returns how many features have entries; of a wide chunk all count, some with none. */
  #find({ indices }: SparseRow, chunk: Chunk): number {
    const [starts, ends, places] = [this.#starts, this.#ends, this.#places];
    const { startOf, rowIndex, rowStart } = chunk;
    if (startOf !== undefined) {
      for (let k = 0; k < indices.length; k++) {
        const feature = indices[k]!;
        starts[k] = startOf[feature]!;
        ends[k] = startOf[feature + 1]!;
        places[k] = k;
      }
      return indices.length;
    }
    const found =
      rowIndex !== undefined ? findRows(rowIndex, indices, starts, places) : gallop(indices, chunk, starts, places);
    for (let i = 0; i < found; i++) {
      const at = starts[i]!;
      starts[i] = rowStart[at]!;
      ends[i] = rowStart[at + 1]!;
    }
    return found;
  }

  #touch({ children, weights }: Chunk, found: number): void {
    const starts = this.#starts;
    const last = weights.length - 1;
    let sum = 0;
    for (let i = 0; i < found; i++) {
      const start = Math.min(starts[i]!, last);
      sum += weights[start]! + children[start]!;
    }
    this.#touched[0] = sum;
  }
}

/**
 * Finds features by steps that double through the chunk's list: row and place of the i-th into `rows` and `places`.
 * @returns how many there are.
 */
function gallop(indices: Uint32Array, { features }: Chunk, rows: Uint32Array, places: Uint32Array): number {
  const numRows = features.length;
  let found = 0;
  let at = 0;
  for (let k = 0; k < indices.length && at < numRows; k++) {
    const feature = indices[k]!;
    if (features[at]! < feature) {
      let step = 1;
      while (at + step < numRows && features[at + step]! < feature) {
        at += step;
        step *= 2;
      }
      let end = Math.min(at + step, numRows);
      at++;
      while (at < end) {
        const middle = (at + end) >> 1;
        if (features[middle]! < feature) at = middle + 1;
        else end = middle;
      }
      if (at === numRows) break;
    }
    if (features[at] !== feature) continue;
    rows[found] = at++;
    places[found++] = k;
  }
  return found;
}

/** Four at a time: a fifth faster than one, as the engine asks for interrupts once a turn. */
function addEntries(
  { children, weights }: Chunk,
  start: number,
  end: number,
  value: number,
  margins: Float64Array,
): void {
  let e = start;
  for (; e + 3 < end; e += 4) {
    margins[children[e]!]! += weights[e]! * value;
    margins[children[e + 1]!]! += weights[e + 1]! * value;
    margins[children[e + 2]!]! += weights[e + 2]! * value;
    margins[children[e + 3]!]! += weights[e + 3]! * value;
  }
  for (; e < end; e++) margins[children[e]!]! += weights[e]! * value;
}
