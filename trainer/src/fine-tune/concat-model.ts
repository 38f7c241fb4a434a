// What a linear ranker contributes to the recursion: on TF-IDF beside the current embedding it predicts the candidates of
// the next level; on the embedding alone it gives the next head its start. Source: sections 5.4, 5.5 and 5.7 of
// our reference, after PECOS (Zhang et al., NeurIPS 2021).
import { type Csr, type LabelTree, numNodes } from "@tagwright/model/internals";
import { type Recipe, rankerOptions } from "../config.ts";
import type { Examples } from "../features/training-set.ts";
import { childSeed } from "../random.ts";
import { denseWeights } from "../ranker/dense-weights.ts";
import { nodeDocuments } from "../ranker/node-documents.ts";
import { documentsByNode, predictNodes, topLevels } from "../ranker/predict-nodes.ts";
import type { RankerData } from "../ranker/train-node.ts";
import { trainLevel, trainRanker } from "../ranker/train-ranker.ts";
import type { WorkerPool } from "../ranker/worker-pool.ts";
import { unitRows } from "./embed.ts";
import type { Head } from "./head.ts";
import type { PredictedNodes } from "./shortlist.ts";

/** The problems of all levels, from TF-IDF alone. */
export function tuningData({ features, labels }: Examples, tree: LabelTree): RankerData {
  const { dense: _, ...sparse } = features;
  return {
    features: sparse,
    nodes: nodeDocuments(labels, tree),
    childStart: tree.levels.map(({ childStart }) => childStart),
  };
}

/** For each document the nodes above `level` whose children it is told apart from, besides its own. */
export async function predictCandidates(
  data: RankerData,
  tree: LabelTree,
  level: number,
  raw: Float32Array,
  recipe: Recipe,
  pool: WorkerPool,
  signal?: AbortSignal,
): Promise<PredictedNodes> {
  const width = raw.length / data.features.numRows;
  const dense = { width, values: unitRows(raw, width) };
  const top = topLevels({ ...data, features: { ...data.features, dense } }, tree, level);
  const numLabels = tree.labelOf.length;
  const options = rankerOptions(recipe.ranker, top.data.features, numLabels, childSeed(recipe.seed, 0x3000 + level));
  const trained = await trainRanker(top.data, top.tree, options, pool, () => undefined, signal);
  const keep = Math.min(recipe.tuning.predicted, numNodes(tree.levels[level - 1]!));
  return { keep, nodes: await predictNodes(top.data, top.tree, trained, keep, pool, signal, recipe.ranker.loss) };
}

/**
 * Linear SVMs on the raw embeddings, one for each node of `level`: against its siblings' documents and the predicted
 * ones, or without predictions against all documents.
 */
export async function bootstrapHead(
  data: RankerData,
  tree: LabelTree,
  level: number,
  raw: Float32Array,
  predicted: PredictedNodes | undefined,
  recipe: Recipe,
  pool: WorkerPool,
  signal?: AbortSignal,
): Promise<Head> {
  const { numRows } = data.features;
  const width = raw.length / numRows;
  const shared = new Float32Array(new SharedArrayBuffer(raw.length * 4));
  shared.set(raw);
  const features: Csr = {
    numRows,
    numCols: 0,
    indptr: new Uint32Array(new SharedArrayBuffer((numRows + 1) * 4)),
    indices: new Uint32Array(0),
    values: new Float32Array(0),
    dense: { width, values: shared },
  };
  const { bootstrapCost, bootstrapPasses: maxPasses } = recipe.tuning;
  const cost = bootstrapCost / (sumOfSquares(raw) / numRows || 1);
  const options = {
    ...recipe.ranker,
    loss: "squared-hinge",
    positiveCost: cost,
    negativeCost: cost,
    maxPasses,
    threshold: 0,
    seed: childSeed(recipe.seed, 0x4000 + level),
  } as const;
  const problem = predicted === undefined ? oneNode(data, tree, level) : { data, tree, level };
  const matched = predicted && documentsByNode(predicted.nodes, predicted.keep, numNodes(tree.levels[level - 1]!));
  const trained = await trainLevel(
    { ...problem.data, features },
    problem.tree,
    problem.level,
    matched,
    options,
    pool,
    () => undefined,
    signal,
  );
  return { weights: denseWeights(trained), bias: trained.bias };
}

function sumOfSquares(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}

/** A level whose nodes all stand below the root. */
function oneNode(data: RankerData, tree: LabelTree, level: number) {
  const width = numNodes(tree.levels[level]!);
  const childStart = Uint32Array.of(0, width);
  return {
    data: { ...data, nodes: [data.nodes[level]!], childStart: [childStart] },
    tree: { levels: [{ childStart }], labelOf: Uint32Array.from({ length: width }, (_, node) => node) },
    level: 0,
  };
}
