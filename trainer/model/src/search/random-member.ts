// Random trees with random rankers for the tests of this folder, and their margins by dense arithmetic.
import type { Chunk } from "../ranker/chunk.ts";
import type { DensePanel } from "../ranker/dense-panel.ts";
import { newRowIndex } from "../ranker/row-index.ts";
import type { SparseRow } from "../sparse/csr.ts";
import { type LabelTree, numNodes } from "../tree/label-tree.ts";
import type { Member } from "./ensemble.ts";

export interface RandomMember extends Member {
  /** Weights as [level][node][feature], those of a dense block after the others. */
  readonly dense: readonly (readonly (readonly number[])[])[];
}

/** Numbers in [0, 1) from a linear congruence: enough for shapes and weights. */
function randomNumbers(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * A tree over `numLabels` in random order with one to five children a node, and weights for `numFeatures` and for a
 * dense block of `width`.
 */
export function randomMember(numLabels: number, numFeatures: number, seed: number, width = 0): RandomMember {
  const random = randomNumbers(seed);
  const tree = randomTree(numLabels, random);
  const sparse = tree.levels.map((level) =>
    Array.from({ length: numNodes(level) }, () =>
      Array.from({ length: numFeatures }, () => (random() < 0.5 ? 0 : Math.fround(2 * random() - 0.6))),
    ),
  );
  const levels = tree.levels.map(({ childStart }, t) => {
    const bias = Float32Array.from({ length: sparse[t]!.length }, () => 2 * random() - 1);
    const chunks = Array.from(childStart.subarray(1), (end, p) => {
      const chunk = toChunk(sparse[t]!.slice(childStart[p], end));
      return width === 0 ? chunk : { ...chunk, dense: randomPanel(end - childStart[p]!, width, random) };
    });
    return { bias, chunks, chunk: (parent: number) => chunks[parent]! };
  });
  const dense = sparse.map((nodes, t) => {
    const panels = levels[t]!.chunks.flatMap((chunk) => (chunk.dense === undefined ? [] : panelRows(chunk.dense)));
    return nodes.map((weights, node) => [...weights, ...(panels[node] ?? [])]);
  });
  return { tree, ranker: { levels }, dense };
}

function randomPanel(numChildren: number, width: number, random: () => number): DensePanel {
  return {
    weights: Int8Array.from({ length: numChildren * width }, () => Math.round(254 * random() - 127)),
    scales: Float32Array.from({ length: numChildren }, () => random() / 127),
  };
}

function panelRows({ weights, scales }: DensePanel): number[][] {
  const width = weights.length / scales.length;
  return Array.from(scales, (scale, c) => [...weights.subarray(c * width, (c + 1) * width)].map((it) => it * scale));
}

function randomTree(numLabels: number, random: () => number): LabelTree {
  const levels: { childStart: Uint32Array }[] = [];
  for (let width = numLabels; ; ) {
    const starts = [0];
    while (starts.at(-1)! < width) starts.push(Math.min(width, starts.at(-1)! + 1 + Math.floor(5 * random())));
    const isRoot = starts.length === 2 || (width <= 8 && random() < 0.5);
    levels.unshift({ childStart: isRoot ? Uint32Array.of(0, width) : Uint32Array.from(starts) });
    if (isRoot) break;
    width = starts.length - 1;
  }
  const keys = Array.from({ length: numLabels }, (_, label) => ({ label, key: random() }));
  return {
    levels,
    labelOf: Uint32Array.from(
      keys.sort((a, b) => a.key - b.key),
      ({ label }) => label,
    ),
  };
}

function toChunk(children: readonly (readonly number[])[]): Chunk {
  const entries = (children[0] ?? []).flatMap((_, feature) => {
    const own = children.flatMap((row, child) => (row[feature] === 0 ? [] : [{ child, weight: row[feature]! }]));
    return own.length === 0 ? [] : [{ feature, own }];
  });
  const rowStart = [0];
  for (const { own } of entries) rowStart.push(rowStart.at(-1)! + own.length);
  const flat = entries.flatMap(({ own }) => own);
  // All ways to find a feature: some chunks have the start of every one, and some an index of their rows.
  const before = (feature: number) => entries.flatMap((it) => (it.feature < feature ? it.own : [])).length;
  const starts = Uint32Array.from({ length: (children[0]?.length ?? 0) + 1 }, (_, feature) => before(feature));
  const features = Uint32Array.from(entries, ({ feature }) => feature);
  return {
    ...(children.length % 3 === 1 && { startOf: starts }),
    ...(children.length % 3 === 2 && { rowIndex: newRowIndex(features, children[0]!.length) }),
    features,
    rowStart: Uint32Array.from(rowStart),
    children: Uint16Array.from(flat, ({ child }) => child),
    weights: Float32Array.from(flat, ({ weight }) => weight),
  };
}

/** With a dense block of `width`, its values are such that 16 bits hold them exactly. */
export function randomRow(numFeatures: number, seed: number, width = 0): SparseRow {
  const random = randomNumbers(seed);
  const indices = Array.from({ length: numFeatures }, (_, feature) => feature).filter(() => random() < 0.6);
  const sparse = { indices: Uint32Array.from(indices), values: Float32Array.from(indices, () => random()) };
  if (width === 0) return sparse;
  const dense = Float32Array.from({ length: width }, (_, k) => {
    return k === 0 ? 32767 / 32768 : Math.round(65534 * random() - 32767) / 32768;
  });
  return { ...sparse, dense };
}

/** bias + w·x of one node, summed densely. */
export function denseMargin({ ranker, dense }: RandomMember, level: number, node: number, row: SparseRow): number {
  let margin = ranker.levels[level]!.bias[node]!;
  const weights = dense[level]![node]!;
  for (const [k, feature] of row.indices.entries()) margin += weights[feature]! * row.values[k]!;
  const width = row.dense?.length ?? 0;
  for (let k = 0; k < width; k++) margin += weights[weights.length - width + k]! * row.dense![k]!;
  return margin;
}

/** Parent of `node` of `level`, by walking all parents. */
export function parentOf({ tree }: Member, level: number, node: number): number {
  const { childStart } = tree.levels[level]!;
  let parent = 0;
  while (childStart[parent + 1]! <= node) parent++;
  return parent;
}
