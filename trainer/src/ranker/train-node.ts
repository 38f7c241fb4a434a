// The problems of one node: its children against each other, on the documents below it and on those that the levels
// above bring there by mistake (tfn, tfn+man). One call trains all children and packs their weights as one chunk.
import type { Chunk, Csr, Kernels, LanePositives, Loss } from "@tagwright/model/internals";
import { LaneSolver, NUM_LANES, newPanel, quantiseChild } from "@tagwright/model/internals";
import { childSeed } from "../random.ts";
import { type GroupWeights, toChunk } from "./chunk-of-groups.ts";
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

/**
 * Owns the scratch memory: one is needed for each thread. Rows stay loaded from one part of a node to the next: to bring
 * them into the kernels' memory costs as much as to solve for a group or two.
 */
export function newNodeTrainer(data: RankerData, kernels: Kernels): NodeTrainer {
  const { features, nodes, childStart } = data;
  const solver = new LaneSolver(kernels);
  const rowOf = new Uint32Array(features.numRows);
  const scratch = new Uint32Array(features.numCols);
  let loaded: LoadedNode | undefined;
  return {
    train(level, parent, extra, options, part = WHOLE) {
      const first = childStart[level]![parent]!;
      const numChildren = childStart[level]![parent + 1]! - first;
      const panel = features.dense && newPanel(numChildren, features.dense.width);
      const seed = childSeed(options.seed, level * 0x100000 + parent);
      if (loaded === undefined || !isLoaded(loaded, level, parent, extra, seed)) {
        const documents = union(documentsBelow(nodes, level, parent, features.numRows), extra);
        loaded = { level, parent, extra, seed, documents };
        for (let row = 0; row < documents.length; row++) rowOf[documents[row]!] = row;
        if (documents.length > 0) solver.load(features, documents, numChildren, seed);
      }
      // Nobody to learn from: a margin of -1, so that such labels never outrank trained ones.
      if (loaded.documents.length === 0) {
        const bias = new Float32Array(numChildren).fill(part.index === 0 ? -1 : 0);
        return { bias, chunk: { ...EMPTY_CHUNK, ...(panel && { dense: panel }) }, passes: 0 };
      }
      // Siblings with about as many positives need about as many passes: they share lanes.
      const { indptr } = nodes[level]!;
      const sizes = Uint32Array.from({ length: numChildren }, (_, c) => indptr[first + c + 1]! - indptr[first + c]!);
      const order = [...sizes.keys()].sort((a, b) => sizes[b]! - sizes[a]! || a - b);
      const bias = new Float32Array(numChildren);
      const groups: GroupWeights[] = [];
      let passes = 0;
      for (let from = part.index * NUM_LANES; from < numChildren; from += part.count * NUM_LANES) {
        const group = order.slice(from, from + NUM_LANES);
        const solved = solver.solve(
          group.map((child) => positives(nodes[level]!, first + child, rowOf, options)),
          { ...options, seed: childSeed(seed, from) },
        );
        passes += solved.passes;
        for (const [lane, child] of group.entries()) bias[child] = solved.bias[lane]!;
        groups.push({ ...solved, children: group });
        if (panel !== undefined) {
          for (const [lane, child] of group.entries()) quantiseChild(panel, child, laneOf(solved.dense, lane));
        }
      }
      return { bias, chunk: { ...toChunk(groups, numChildren, scratch), ...(panel && { dense: panel }) }, passes };
    },
  };
}

interface LoadedNode {
  readonly level: number;
  readonly parent: number;
  readonly extra: Uint32Array;
  readonly seed: number;
  readonly documents: Uint32Array;
}

function isLoaded(node: LoadedNode, level: number, parent: number, extra: Uint32Array, seed: number): boolean {
  if (node.level !== level || node.parent !== parent || node.seed !== seed) return false;
  return node.extra.length === extra.length && extra.every((document, i) => document === node.extra[i]);
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

/** `rowOf` says where a document stands among those that take part. */
function positives(
  { indptr, documents, share }: NodeDocuments,
  node: number,
  rowOf: Uint32Array,
  { positiveCost, induceRelevance }: RankerOptions,
): LanePositives {
  const start = indptr[node]!;
  const size = indptr[node + 1]! - start;
  const rows = new Uint32Array(size);
  const costs = new Float32Array(size).fill(positiveCost);
  for (let k = 0; k < size; k++) {
    rows[k] = rowOf[documents[start + k]!]!;
    if (induceRelevance) costs[k]! *= share[start + k]!;
  }
  return { rows, costs };
}
