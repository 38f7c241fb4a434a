// Margins of a node's children for the sparse block of a row: most of the time of a search goes by here.
import type { Chunk } from "../ranker/chunk.ts";
import { type RowIndex, rowOfFeature } from "../ranker/row-index.ts";
import type { SparseRow } from "../sparse/csr.ts";

/** margins[child] = bias + Σ weight · value over the features that row and chunk share. */
export function scoreChildren(
  row: SparseRow,
  chunk: Chunk,
  bias: Float32Array,
  first: number,
  count: number,
  margins: Float64Array,
): void {
  for (let child = 0; child < count; child++) margins[child] = bias[first + child]!;
  if (chunk.startOf !== undefined) lookUp(row, chunk, chunk.startOf, margins);
  else if (chunk.rowIndex !== undefined) lookUpRows(row, chunk, chunk.rowIndex, margins);
  else gallop(row, chunk, margins);
}

function lookUp(
  { indices, values }: SparseRow,
  { children, weights }: Chunk,
  startOf: Uint32Array,
  margins: Float64Array,
): void {
  for (let k = 0; k < indices.length; k++) {
    const feature = indices[k]!;
    addEntries(children, weights, startOf[feature]!, startOf[feature + 1]!, values[k]!, margins);
  }
}

function lookUpRows(
  { indices, values }: SparseRow,
  { rowStart, children, weights }: Chunk,
  rowIndex: RowIndex,
  margins: Float64Array,
): void {
  for (let k = 0; k < indices.length; k++) {
    const at = rowOfFeature(rowIndex, indices[k]!);
    if (at >= 0) addEntries(children, weights, rowStart[at]!, rowStart[at + 1]!, values[k]!, margins);
  }
}

/** Finds the features by steps that double through the chunk's list. */
function gallop(
  { indices, values }: SparseRow,
  { features, rowStart, children, weights }: Chunk,
  margins: Float64Array,
): void {
  const numRows = features.length;
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
      if (at === numRows) return;
    }
    if (features[at] !== feature) continue;
    addEntries(children, weights, rowStart[at]!, rowStart[at + 1]!, values[k]!, margins);
    at++;
  }
}

/** Four at a time: a fifth faster than one, as the engine asks for interrupts once a turn. */
function addEntries(
  children: Uint16Array,
  weights: Float32Array,
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
