// Small learning problems for the tests of this folder: documents about topics, labels by topic, in shared memory.
import type { Csr, LabelTree } from "@tagwright/model/internals";
import { sharedFloat32, sharedUint32 } from "../features/growing.ts";
import type { LabelMatrix } from "../features/label-matrix.ts";
import { newRandom } from "../random.ts";
import { nodeDocuments } from "./node-documents.ts";
import type { RankerData } from "./train-node.ts";

export interface TopicProblem {
  readonly features: Csr;
  readonly labels: LabelMatrix;
  readonly tree: LabelTree;
  readonly data: RankerData;
}

/** Label l has a feature of its own, topic l mod numTopics has another, the rest is noise; rows of unit norm. */
export function topicProblem(numDocuments: number, numLabels: number, numTopics: number, seed: number): TopicProblem {
  const random = newRandom(seed);
  const numCols = numLabels + numTopics + 20;
  const rows: [number, number][][] = [];
  const labelsOf: number[][] = [];
  for (let d = 0; d < numDocuments; d++) {
    const first = Math.floor(random() * numLabels);
    const own = [...new Set([first, (first + numTopics) % numLabels])].slice(0, 1 + Math.floor(random() * 2));
    labelsOf.push(own.sort((a, b) => a - b));
    const row = new Map<number, number>();
    for (const label of own) {
      if (random() < 0.9) row.set(label, 1);
      row.set(numLabels + (label % numTopics), 0.8);
    }
    for (let k = 0; k < 4; k++) row.set(numLabels + numTopics + Math.floor(20 * random()), 0.3 + 0.4 * random());
    const norm = Math.hypot(...row.values());
    rows.push([...row].sort(([a], [b]) => a - b).map(([feature, value]) => [feature, value / norm]));
  }
  const indptr = sharedUint32(numDocuments + 1);
  const flat = rows.flat();
  const indices = sharedUint32(flat.length);
  const values = sharedFloat32(flat.length);
  for (const [d, row] of rows.entries()) indptr[d + 1] = indptr[d]! + row.length;
  for (const [e, [feature, value]] of flat.entries()) {
    indices[e] = feature;
    values[e] = value;
  }
  const features = { numRows: numDocuments, numCols, indptr, indices, values };
  const labels = toLabelMatrix(labelsOf, numLabels);
  const tree = treeOverTopics(numLabels, numTopics);
  return { features, labels, tree, data: toData(features, labels, tree) };
}

export function toData(features: Csr, labels: LabelMatrix, tree: LabelTree): RankerData {
  return { features, nodes: nodeDocuments(labels, tree), childStart: tree.levels.map((it) => it.childStart) };
}

export function toLabelMatrix(labelsOf: readonly (readonly number[])[], numLabels: number): LabelMatrix {
  const indptr = new Uint32Array(labelsOf.length + 1);
  for (const [d, own] of labelsOf.entries()) indptr[d + 1] = indptr[d]! + own.length;
  return { numDocuments: labelsOf.length, numLabels, indptr, labels: Uint32Array.from(labelsOf.flat()) };
}

/** Two levels: a node for each topic, its labels below it. */
function treeOverTopics(numLabels: number, numTopics: number): LabelTree {
  const topics = Array.from({ length: numTopics }, (_, topic) =>
    Array.from({ length: numLabels }, (_label, label) => label).filter((label) => label % numTopics === topic),
  );
  const childStart = new Uint32Array(numTopics + 1);
  for (const [topic, own] of topics.entries()) childStart[topic + 1] = childStart[topic]! + own.length;
  return {
    levels: [{ childStart: Uint32Array.of(0, numTopics) }, { childStart }],
    labelOf: Uint32Array.from(topics.flat()),
  };
}

/** Options that solve to the optimum and drop nothing. */
export const exact = {
  loss: "squared-hinge",
  positiveCost: 1,
  negativeCost: 1,
  induceRelevance: false,
  eps: 1e-4,
  maxPasses: 3000,
  threshold: 0,
  seed: 1,
} as const;

/** The problem with a dense block beside its rows: about the first label's topic, with noise; unit rows times `scale`. */
export function withDense({ features, labels, tree }: TopicProblem, width: number, scale: number): TopicProblem {
  const random = newRandom(width);
  const numTopics = tree.levels[0]!.childStart.at(-1)!;
  const centers = Array.from({ length: numTopics * width }, () => random() - 0.5);
  const values = sharedFloat32(features.numRows * width);
  for (let d = 0; d < features.numRows; d++) {
    const topic = labels.labels[labels.indptr[d]!]! % numTopics;
    const row = Array.from({ length: width }, (_, k) => centers[topic * width + k]! + 0.5 * (random() - 0.5));
    const norm = Math.hypot(...row);
    for (const [k, value] of row.entries()) values[d * width + k] = (scale * value) / norm;
  }
  const both = { ...features, dense: { width, values } };
  return { features: both, labels, tree, data: toData(both, labels, tree) };
}

/** The same rows in one block: the dense one written as columns behind the others. */
export function oneBlock({ features, labels, tree }: TopicProblem): TopicProblem {
  const { numRows, numCols, indptr, indices, values, dense } = features;
  if (dense === undefined) throw new RangeError("oneBlock: the problem has no dense block");
  const { width } = dense;
  const mixed = {
    numRows,
    numCols: numCols + width,
    indptr: indptr.map((start, row) => start + row * width),
    indices: sharedUint32(indices.length + numRows * width),
    values: sharedFloat32(indices.length + numRows * width),
  };
  for (let row = 0; row < numRows; row++) {
    const at = mixed.indptr[row]!;
    const end = mixed.indptr[row + 1]!;
    mixed.indices.set(indices.subarray(indptr[row], indptr[row + 1]), at);
    mixed.values.set(values.subarray(indptr[row], indptr[row + 1]), at);
    for (let k = 0; k < width; k++) mixed.indices[end - width + k] = numCols + k;
    mixed.values.set(dense.values.subarray(row * width, (row + 1) * width), end - width);
  }
  return { features: mixed, labels, tree, data: toData(mixed, labels, tree) };
}
