// Why a label got its margin: exact for the linear model, margin = bias + the contributions of all terms + the
// embedding's.
import { denseMargin, quantiseRow } from "../ranker/dense-panel.ts";
import type { SparseRow } from "../sparse/csr.ts";
import type { LabelTree } from "../tree/label-tree.ts";
import type { Member } from "./ensemble.ts";

/** One node's margin taken apart: entry i is features[i] of the row, with what it added. */
export interface NodeMargin {
  readonly level: number;
  readonly node: number;
  readonly bias: number;
  readonly margin: number;
  /** As long as the row; 0 where the node has no weight for a feature. */
  readonly contributions: Float64Array;
  /** What the dense block of the row added, all of it; 0 without one. */
  readonly embedding: number;
}

/** The margins of all nodes from the root to `label`, root's child first. */
export function explainPath({ tree, ranker }: Member, label: number, row: SparseRow): NodeMargin[] {
  const dense = new Int16Array(row.dense?.length ?? 0);
  const step = row.dense === undefined ? 0 : quantiseRow(row.dense, dense);
  return pathTo(tree, label).map(({ level, parent, node }) => {
    const { bias, chunk } = { bias: ranker.levels[level]!.bias[node]!, chunk: ranker.levels[level]!.chunk(parent) };
    const child = node - tree.levels[level]!.childStart[parent]!;
    const contributions = new Float64Array(row.indices.length);
    let margin = bias;
    for (let k = 0; k < row.indices.length; k++) {
      const at = lowerBound(chunk.features, row.indices[k]!);
      if (chunk.features[at] !== row.indices[k]) continue;
      for (let e = chunk.rowStart[at]!; e < chunk.rowStart[at + 1]!; e++) {
        if (chunk.children[e] !== child) continue;
        contributions[k] = chunk.weights[e]! * row.values[k]!;
        margin += contributions[k]!;
      }
    }
    const embedding = chunk.dense === undefined || step === 0 ? 0 : denseMargin(chunk.dense, child, dense, step);
    return { level, node, bias, margin: margin + embedding, contributions, embedding };
  });
}

/** Nodes from the root's child down to the label's leaf. */
function pathTo(tree: LabelTree, label: number): { level: number; parent: number; node: number }[] {
  let node = tree.labelOf.indexOf(label);
  const path: { level: number; parent: number; node: number }[] = [];
  for (let level = tree.levels.length - 1; level >= 0; level--) {
    const parent = upperBound(tree.levels[level]!.childStart, node) - 1;
    path.unshift({ level, parent, node });
    node = parent;
  }
  return path;
}

/** Labels below a node of `level`, at most `limit`, left to right. */
export function labelsBelow(tree: LabelTree, level: number, node: number, limit: number): number[] {
  let first = node;
  let end = node + 1;
  for (let t = level + 1; t < tree.levels.length; t++) {
    first = tree.levels[t]!.childStart[first]!;
    end = tree.levels[t]!.childStart[end]!;
  }
  return [...tree.labelOf.subarray(first, Math.min(end, first + limit))];
}

function lowerBound(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function upperBound(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
