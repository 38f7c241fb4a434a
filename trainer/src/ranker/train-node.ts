// The problems of one node: its children against each other, on the documents below it and on those that the levels
// above bring there by mistake (tfn, tfn+man). One call trains all children and packs their weights as one chunk.
import type { Chunk, Csr, Kernels, LanePositives, Loss } from "@tagwright/model/internals";
import { LaneSolver, NUM_LANES, newPanel, quantiseChild } from "@tagwright/model/internals";
import { childSeed } from "../random.ts";
import type { NodeDocuments } from "./node-documents.ts";

export interface RankerOptions {
  readonly loss: Loss;
  /** C of a positive with full relevance, and of every negative. */
  readonly positiveCost: number;
  readonly negativeCost: number;
  /** A positive's cost is scaled by its induced relevance: the share of the document's labels below the node. */
  readonly induceRelevance: boolean;
  readonly eps: number;
  readonly maxPasses: number;
  readonly threshold: number;
  readonly seed: number;
}

/** What all nodes of a ranker are trained from. */
export interface RankerData {
  readonly features: Csr;
  /** One entry a level. */
  readonly nodes: readonly NodeDocuments[];
  readonly childStart: readonly Uint32Array[];
}

interface TrainedNode {
  readonly bias: Float32Array;
  readonly chunk: Chunk;
  readonly passes: number;
}

const EMPTY_CHUNK: Chunk = {
  features: new Uint32Array(0),
  rowStart: new Uint32Array(1),
  children: new Uint16Array(0),
  weights: new Float32Array(0),
};

/** Part `index` of `count`: the groups of lanes of a large node can be trained side by side. */
export interface NodePart {
  readonly index: number;
  readonly count: number;
}

const WHOLE: NodePart = { index: 0, count: 1 };

export interface NodeTrainer {
  /**
   * Trains the children of `parent` at `level`; `extra` are further documents (ascending) to tell them from. With
   * `part`, every `count`th group of lanes only, from `index` on: biases of the other children are 0.
   */
  train(level: number, parent: number, extra: Uint32Array, options: RankerOptions, part?: NodePart): TrainedNode;
}

/** Owns the scratch memory: one is needed for each thread. */
export function newNodeTrainer({ features, nodes, childStart }: RankerData, kernels: Kernels): NodeTrainer {
  const solver = new LaneSolver(kernels);
  const localOf = new Uint32Array(features.numCols);
  return {
    train(level, parent, extra, options, part = WHOLE) {
      const first = childStart[level]![parent]!;
      const numChildren = childStart[level]![parent + 1]! - first;
      const documents = union(documentsBelow(nodes, level, parent, features.numRows), extra);
      const panel = features.dense && newPanel(numChildren, features.dense.width);
      // Nobody to learn from: a margin of -1, so that such labels never outrank trained ones.
      if (documents.length === 0) {
        const bias = new Float32Array(numChildren).fill(part.index === 0 ? -1 : 0);
        return { bias, chunk: { ...EMPTY_CHUNK, ...(panel && { dense: panel }) }, passes: 0 };
      }
      const rows = selectRows(features, documents, localOf);
      solver.load(rows, childSeed(options.seed, level * 0x100000 + parent));
      const seed = childSeed(options.seed, level * 0x100000 + parent);
      const children = Array.from({ length: numChildren }, (_, child) =>
        positives(nodes[level]!, first + child, documents, options),
      );
      // Siblings with about as many positives need about as many passes: they share lanes.
      const order = [...children.keys()].sort((a, b) => children[b]!.rows.length - children[a]!.rows.length || a - b);
      const bias = new Float32Array(numChildren);
      const entries = new EntryList();
      let passes = 0;
      for (let from = part.index * NUM_LANES; from < numChildren; from += part.count * NUM_LANES) {
        const group = order.slice(from, from + NUM_LANES);
        const solved = solver.solve(
          group.map((child) => children[child]!),
          { ...options, seed: childSeed(seed, from) },
        );
        passes += solved.passes;
        for (const [lane, child] of group.entries()) bias[child] = solved.bias[lane]!;
        entries.add(solved.features, solved.weights, group, options.threshold);
        if (panel !== undefined) {
          for (const [lane, child] of group.entries()) quantiseChild(panel, child, laneOf(solved.dense, lane));
        }
      }
      return { bias, chunk: { ...entries.toChunk(rows.features), ...(panel && { dense: panel }) }, passes };
    },
  };
}

/** One lane of weights [width][16]. */
function laneOf(weights: Float32Array, lane: number): Float32Array {
  return Float32Array.from({ length: weights.length / NUM_LANES }, (_, k) => weights[k * NUM_LANES + lane]!);
}

function documentsBelow(nodes: readonly NodeDocuments[], level: number, parent: number, all: number): Uint32Array {
  if (level === 0) return Uint32Array.from({ length: all }, (_, document) => document);
  const { indptr, documents } = nodes[level - 1]!;
  return documents.subarray(indptr[parent], indptr[parent + 1]);
}

function union(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (b.length === 0) return a;
  const merged = new Uint32Array(a.length + b.length);
  merged.set(a);
  merged.set(b, a.length);
  merged.sort();
  return merged.filter((document, i) => i === 0 || document !== merged[i - 1]);
}

function positives(
  { indptr, documents, share }: NodeDocuments,
  node: number,
  rows: Uint32Array,
  { positiveCost, induceRelevance }: RankerOptions,
): LanePositives {
  const start = indptr[node]!;
  const size = indptr[node + 1]! - start;
  const local = new Uint32Array(size);
  const costs = new Float32Array(size).fill(positiveCost);
  let row = 0;
  for (let k = 0; k < size; k++) {
    while (rows[row]! < documents[start + k]!) row++;
    local[k] = row;
    if (induceRelevance) costs[k]! *= share[start + k]!;
  }
  return { rows: local, costs };
}

/**
 * The rows of `documents` with features renumbered by first appearance; `features[local]` is the global one. Dense rows
 * stay where they are.
 */
function selectRows({ indptr, indices, values, dense }: Csr, documents: Uint32Array, localOf: Uint32Array) {
  let size = 0;
  for (const document of documents) size += indptr[document + 1]! - indptr[document]!;
  const rows = {
    numRows: documents.length,
    indptr: new Uint32Array(documents.length + 1),
    indices: new Uint32Array(size),
    values: new Float32Array(size),
  };
  let known = new Uint32Array(1024);
  let numFeatures = 0;
  let at = 0;
  for (const [row, document] of documents.entries()) {
    for (let p = indptr[document]!; p < indptr[document + 1]!; p++) {
      const feature = indices[p]!;
      let local = localOf[feature]!;
      if (local === 0) {
        if (numFeatures === known.length) {
          const larger = new Uint32Array(known.length * 2);
          larger.set(known);
          known = larger;
        }
        known[numFeatures++] = feature;
        local = numFeatures;
        localOf[feature] = local;
      }
      rows.indices[at] = local - 1;
      rows.values[at++] = values[p]!;
    }
    rows.indptr[row + 1] = at;
  }
  const features = known.subarray(0, numFeatures);
  for (const feature of features) localOf[feature] = 0;
  return { ...rows, numFeatures, features, ...(dense && { dense: { ...dense, rowOf: documents } }) };
}

/** Kept weights of all lane groups of a node, until they are sorted by feature. */
class EntryList {
  readonly #groups: { features: Uint32Array; children: Uint16Array; weights: Float32Array }[] = [];

  add(rowFeatures: Uint32Array, laneWeights: Float32Array, group: readonly number[], threshold: number): void {
    const features = new Uint32Array(rowFeatures.length * group.length);
    const children = new Uint16Array(features.length);
    const weights = new Float32Array(features.length);
    let count = 0;
    for (const [k, feature] of rowFeatures.entries()) {
      for (let lane = 0; lane < group.length; lane++) {
        const weight = laneWeights[k * NUM_LANES + lane]!;
        if (Math.abs(weight) < threshold || weight === 0) continue;
        features[count] = feature;
        children[count] = group[lane]!;
        weights[count++] = weight;
      }
    }
    this.#groups.push({
      features: features.slice(0, count),
      children: children.slice(0, count),
      weights: weights.slice(0, count),
    });
  }

  /** By global feature, then child. `globalOf[local]` names the features. */
  toChunk(globalOf: Uint32Array): Chunk {
    const counts = new Uint32Array(globalOf.length);
    let size = 0;
    for (const { features } of this.#groups) {
      for (const feature of features) counts[feature]!++;
      size += features.length;
    }
    const used = Uint32Array.from(globalOf.keys()).filter((local) => counts[local]! > 0);
    used.sort((a, b) => globalOf[a]! - globalOf[b]!);
    const rowStart = new Uint32Array(used.length + 1);
    const next = new Uint32Array(globalOf.length);
    for (const [row, local] of used.entries()) {
      next[local] = rowStart[row]!;
      rowStart[row + 1] = rowStart[row]! + counts[local]!;
    }
    const weights = new Float32Array(size);
    const children = new Uint16Array(size);
    for (const group of this.#groups) {
      for (let k = 0; k < group.features.length; k++) {
        const at = next[group.features[k]!]!++;
        children[at] = group.children[k]!;
        weights[at] = group.weights[k]!;
      }
    }
    sortRows(rowStart, children, weights);
    return { features: used.map((local) => globalOf[local]!), rowStart, children, weights };
  }
}

/** Sorts each row by child: rows are short, so by insertion. */
function sortRows(rowStart: Uint32Array, children: Uint16Array, weights: Float32Array): void {
  for (let row = 0; row + 1 < rowStart.length; row++) {
    for (let i = rowStart[row]! + 1; i < rowStart[row + 1]!; i++) {
      const child = children[i]!;
      const weight = weights[i]!;
      let j = i - 1;
      for (; j >= rowStart[row]! && children[j]! > child; j--) {
        children[j + 1] = children[j]!;
        weights[j + 1] = weights[j]!;
      }
      children[j + 1] = child;
      weights[j + 1] = weight;
    }
  }
}
