// The label tree from label features: binary balanced splits to small leaves, cut into wide levels.
// Source: HierarchicalKMeans of PECOS (Yu et al., JMLR 2022); Bonsai's wide k-means: Khandagale et al., 2020.
import type { Csr, LabelTree, TreeLevel } from "@tagwright/model/internals";
import type { TreeShape } from "../config.ts";
import { balancedClusters } from "./balanced-kmeans.ts";
import { buildWideTree } from "./wide-kmeans.ts";

export interface TreeOptions {
  readonly shape: TreeShape;
  readonly branching: number;
  /** Labels below a lowest cluster, at most. */
  readonly leafSize: number;
}

/** The tree that the recipe asks for. Deterministic in `seed`. @throws the signal's reason when aborted. */
export function buildTree(
  embedding: Csr,
  options: TreeOptions,
  seed: number,
  signal?: AbortSignal,
): Promise<LabelTree> {
  const build = options.shape === "bonsai" ? buildWideTree : buildBalancedTree;
  return build(embedding, options, seed, signal);
}

/** One level: what any shape is of labels that fit into one cluster. */
export function flatTree(numLabels: number): LabelTree {
  return cutLevels([Uint32Array.from({ length: numLabels }, (_, label) => label)], numLabels);
}

/** ⌈log2(labels / leafSize)⌉ binary splits, merged so that each node has `branching` children, a power of two. */
async function buildBalancedTree(
  embedding: Csr,
  { branching, leafSize }: TreeOptions,
  seed: number,
  signal?: AbortSignal,
): Promise<LabelTree> {
  const numLabels = embedding.numRows;
  const depth = numLabels <= leafSize ? 0 : Math.ceil(Math.log2(numLabels / leafSize));
  const clusters = await balancedClusters(embedding, depth, seed, signal);
  return cutLevels(clusters, branching);
}

/** Wide levels over clusters in heap order: the width falls by `branching` a level until it is at most that. */
function cutLevels(clusters: readonly Uint32Array[], branching: number): LabelTree {
  const levels: TreeLevel[] = [{ childStart: starts(clusters.map((it) => it.length)) }];
  let width = clusters.length;
  while (width > branching) {
    const parents = Math.ceil(width / branching);
    const sizes = Array.from({ length: parents }, (_, p) => Math.min(branching, width - p * branching));
    levels.unshift({ childStart: starts(sizes) });
    width = parents;
  }
  if (width > 1) levels.unshift({ childStart: starts([width]) });
  const labelOf = new Uint32Array(clusters.reduce((sum, it) => sum + it.length, 0));
  let node = 0;
  for (const cluster of clusters) for (const label of cluster) labelOf[node++] = label;
  return { levels, labelOf };
}

function starts(sizes: readonly number[]): Uint32Array {
  const childStart = new Uint32Array(sizes.length + 1);
  for (const [p, size] of sizes.entries()) childStart[p + 1] = childStart[p]! + size;
  return childStart;
}
