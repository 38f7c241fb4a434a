// Random trees with random rankers for the tests of this folder, and their margins by dense arithmetic.
import type { Chunk } from "../ranker/chunk.ts";
import type { SparseRow } from "../sparse/csr.ts";
import { type LabelTree, numNodes } from "../tree/label-tree.ts";
import type { Member } from "./ensemble.ts";

export interface RandomMember extends Member {
  /** Weights as [level][node][feature]. */
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

/** A tree over `numLabels` in random order with one to five children a node, and weights for `numFeatures`. */
export function randomMember(numLabels: number, numFeatures: number, seed: number): RandomMember {
  const random = randomNumbers(seed);
  const tree = randomTree(numLabels, random);
  const dense = tree.levels.map((level) =>
    Array.from({ length: numNodes(level) }, () =>
      Array.from({ length: numFeatures }, () => (random() < 0.5 ? 0 : Math.fround(2 * random() - 0.6))),
    ),
  );
  const levels = tree.levels.map(({ childStart }, t) => {
    const bias = Float32Array.from({ length: dense[t]!.length }, () => 2 * random() - 1);
    const chunks = Array.from(childStart.subarray(1), (end, p) => toChunk(dense[t]!.slice(childStart[p], end)));
    return { bias, chunk: (parent: number) => chunks[parent]! };
  });
  return { tree, ranker: { levels }, dense };
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
  return {
    features: Uint32Array.from(entries, ({ feature }) => feature),
    rowStart: Uint32Array.from(rowStart),
    children: Uint16Array.from(flat, ({ child }) => child),
    weights: Float32Array.from(flat, ({ weight }) => weight),
  };
}

export function randomRow(numFeatures: number, seed: number): SparseRow {
  const random = randomNumbers(seed);
  const indices = Array.from({ length: numFeatures }, (_, feature) => feature).filter(() => random() < 0.6);
  return { indices: Uint32Array.from(indices), values: Float32Array.from(indices, () => random()) };
}

/** bias + w·x of one node, summed densely. */
export function denseMargin({ ranker, dense }: RandomMember, level: number, node: number, row: SparseRow): number {
  let margin = ranker.levels[level]!.bias[node]!;
  for (const [k, feature] of row.indices.entries()) margin += dense[level]![node]![feature]! * row.values[k]!;
  return margin;
}

/** Parent of `node` of `level`, by walking all parents. */
export function parentOf({ tree }: Member, level: number, node: number): number {
  const { childStart } = tree.levels[level]!;
  let parent = 0;
  while (childStart[parent + 1]! <= node) parent++;
  return parent;
}
