import { afterAll, expect, test } from "vitest";
import { recipeFor } from "../config.ts";
import { toData, toLabelMatrix, topicProblem } from "../ranker/test-data.ts";
import { newWorkerPool } from "../ranker/worker-pool.ts";
import { bootstrapHead, predictCandidates, tuningData } from "./concat-model.ts";
import type { Head } from "./head.ts";
import { tuningLevels } from "./levels.ts";
import { newShortlist } from "./shortlist.ts";

const recipe = recipeFor("fast", 3);
const pool = newWorkerPool(1);
afterAll(() => pool.dispose());

/** `recipe` that predicts `predicted` nodes a document. */
const predicting = (predicted: number) => ({ ...recipe, tuning: { ...recipe.tuning, predicted } });

const [numTopics, numLabels, numDocuments] = [4, 12, 120];
const { features, labels, tree } = topicProblem(numDocuments, numLabels, numTopics, 5);
const topicOf = (document: number) => labels.labels[labels.indptr[document]!]! % numTopics;
const topics = Array.from({ length: numDocuments }, (_, document) => topicOf(document));
/** Of any length: what counts is the direction. */
const telling = Float32Array.from({ length: numDocuments * numTopics }, (_, i) =>
  i % numTopics === topicOf(Math.floor(i / numTopics)) ? 1 + (i % 7) : 0,
);
const silent = { ...features, indices: features.indices.map(() => 0), values: features.values.map(() => 0) };

test.each([
  ["words tell", features, new Float32Array(numDocuments * numTopics)],
  ["the embedding tells", silent, telling],
])("where only %s parents apart, a document's own one is the first that is predicted for it", async (_, rows, raw) => {
  const data = tuningData({ features: rows, labels }, tree);
  const one = await predictCandidates(data, tree, 1, raw, predicting(1), pool);
  expect(one.keep).toBe(1);
  expect([...one.nodes]).toEqual(topics);
  const three = await predictCandidates(data, tree, 1, raw, predicting(3), pool);
  expect(three.keep).toBe(3);
  expect(three.nodes.filter((_node, i) => i % 3 === 0)).toEqual(one.nodes);
  for (let d = 0; d < numDocuments; d++) expect(new Set(three.nodes.subarray(3 * d, 3 * d + 3)).size).toBe(3);
});

test("no more parents are predicted than there are", async () => {
  const data = tuningData({ features, labels }, tree);
  const { keep, nodes } = await predictCandidates(data, tree, 1, telling, predicting(8), pool);
  expect(keep).toBe(numTopics);
  for (let d = 0; d < numDocuments; d++) expect([...nodes.subarray(4 * d, 4 * d + 4)].sort()).toEqual([0, 1, 2, 3]);
});

/**
 * Documents with one label each. One entry of the embedding stands for the label's topic and one for its place below the
 * topic, the same one in all topics: siblings alone teach nothing about the topic.
 */
const places = numLabels / numTopics;
const width = numTopics + places;
const own = Array.from({ length: numDocuments }, (_, d) => d % numLabels);
const separable = toLabelMatrix(
  own.map((label) => [label]),
  numLabels,
);
const embedding = new Float32Array(numDocuments * width);
for (const [d, label] of own.entries()) {
  embedding[d * width + (label % numTopics)] = 4;
  embedding[d * width + numTopics + Math.floor(label / numTopics)] = 4;
  embedding[d * width + (d % width)]! += 0.4;
}

/** Of `candidates`, the one that the head ranks first for document `d`. */
function first({ weights, bias }: Head, d: number, candidates: Uint32Array): number {
  const logit = (node: number) =>
    bias[node]! +
    weights.subarray(node * width, (node + 1) * width).reduce((sum, it, k) => sum + it * embedding[d * width + k]!, 0);
  return [...candidates].reduce((best, it) => (logit(it) > logit(best) ? it : best));
}

const levels = tuningLevels(separable, tree);
const leafOf = (label: number) => tree.labelOf.indexOf(label);
const leaves = own.map(leafOf);
const problem = toData(features, separable, tree);

test("a head tells a document's own node from its siblings and from the children of what is predicted", async () => {
  // Its own topic, and the next one, which is wrong.
  const nodes = Uint32Array.from(own.flatMap((label) => [label % numTopics, (label + 1) % numTopics]));
  const predicted = { keep: 2, nodes };
  const head = await bootstrapHead(problem, tree, 1, embedding, predicted, recipe, pool);
  const shortlist = newShortlist(levels[1]!, levels[0], predicted);
  const candidates = own.map((_, d) => shortlist.candidatesOf(d).slice());
  expect(candidates.every((it) => it.length === 2 * places)).toBe(true);
  expect(candidates.map((it, d) => first(head, d, it))).toEqual(leaves);
  // Without the wrong ones a child of the next topic looks the same.
  const alone = { keep: 1, nodes: Uint32Array.from(own, (label) => label % numTopics) };
  const narrow = await bootstrapHead(problem, tree, 1, embedding, alone, recipe, pool);
  expect(candidates.map((it, d) => first(narrow, d, it))).not.toEqual(leaves);
});

test.each([0, 1])(
  "without predictions a head of level %i tells a document's own node from all others",
  async (level) => {
    const head = await bootstrapHead(problem, tree, level, embedding, undefined, recipe, pool);
    const { numNodes } = levels[level]!;
    expect(head.bias).toHaveLength(numNodes);
    const all = Uint32Array.from({ length: numNodes }, (_, node) => node);
    const expected = level === 0 ? own.map((label) => label % numTopics) : leaves;
    expect(own.map((_, d) => first(head, d, all))).toEqual(expected);
  },
);
