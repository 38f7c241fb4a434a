// The trees of a model and their rankers, from examples: the part of the recipe that calibration repeats on a subset.
import {
  decodeChunk,
  type LabelTree,
  type LevelContent,
  type Member,
  type MemberContent,
  numNodes,
} from "@tagwright/model/internals";
import { breathe } from "../breathe.ts";
import { leafSizeFor, type Recipe, rankerOptions } from "../config.ts";
import type { Examples } from "../features/training-set.ts";
import { childSeed } from "../random.ts";
import { buildTree, flatTree } from "../tree/build-tree.ts";
import { labelEmbedding } from "../tree/label-embedding.ts";
import { nodeDocuments } from "./node-documents.ts";
import { trainRanker } from "./train-ranker.ts";
import type { WorkerPool } from "./worker-pool.ts";

export interface LearnProgress {
  tree(done: number, total: number): void;
  ranker(done: number, total: number): void;
}

/** One member for each tree of the recipe, each with a tree drawn from a seed of its own. */
export async function learnMembers(
  { features, labels }: Examples,
  recipe: Recipe,
  pool: WorkerPool,
  progress: LearnProgress,
  signal?: AbortSignal,
): Promise<MemberContent[]> {
  const members: MemberContent[] = [];
  const { numLabels } = labels;
  const leafSize = leafSizeFor(recipe.tree, numLabels);
  const embedding = numLabels > leafSize ? labelEmbedding(features, labels, recipe.tree.labelEntries) : undefined;
  await breathe(signal);
  for (let m = 0; m < recipe.tree.members; m++) {
    const seed = childSeed(recipe.seed, m);
    const shaped = { ...recipe.tree, leafSize };
    const tree = embedding ? await buildTree(embedding, shaped, seed, signal) : flatTree(numLabels);
    progress.tree(m + 1, recipe.tree.members);
    await breathe(signal);
    const data = { features, nodes: nodeDocuments(labels, tree), childStart: tree.levels.map((it) => it.childStart) };
    const options = rankerOptions(recipe.ranker, features, numLabels, seed);
    const levels = await trainRanker(
      data,
      tree,
      options,
      pool,
      (done, total) => progress.ranker(m * total + done, recipe.tree.members * total),
      signal,
    );
    members.push({ tree, levels });
  }
  return members;
}

/** A member to search with while it is still in memory. Chunks are decoded when they are first needed. */
export function toMember({ tree, levels }: MemberContent, numFeatures: number): Member {
  return { tree, ranker: { levels: levels.map((level, t) => memoryLevel(level, tree, t, numFeatures)) } };
}

function memoryLevel({ bias, chunks }: LevelContent, tree: LabelTree, level: number, numFeatures: number) {
  const { childStart } = tree.levels[level]!;
  const decoded = new Map<number, ReturnType<typeof decodeChunk>>();
  if (bias.length !== numNodes(tree.levels[level]!)) throw new Error("internal: a level and its tree differ in width");
  return {
    bias,
    chunk(parent: number) {
      let chunk = decoded.get(parent);
      if (chunk === undefined) {
        const numChildren = childStart[parent + 1]! - childStart[parent]!;
        const encoded = chunks[parent]!;
        const denseWidth = encoded.dense === undefined ? 0 : encoded.dense.weights.length / numChildren;
        const place = `level ${level}, parent ${parent}`;
        chunk = decodeChunk(encoded, { numChildren, numFeatures, denseWidth, place });
        decoded.set(parent, chunk);
      }
      return chunk;
    },
  };
}
