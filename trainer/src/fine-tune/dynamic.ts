// LightXML's schedule: one head over groups and labels at once. A document is told apart from the labels of its own groups
// and of those that the group head gave it when it was last seen, so that the negatives grow harder as it learns.
// Source: Jiang et al., AAAI 2021.
import { NO_NODE } from "../ranker/worker-protocol.ts";
import type { TuningLevel } from "./levels.ts";
import type { PredictedNodes, Shortlist } from "./shortlist.ts";
import { newShortlist } from "./shortlist.ts";
import type { Table } from "./table.ts";

/** Groups and labels as the nodes of one level: groups first. */
export function jointLevel(groups: TuningLevel, labels: TuningLevel): TuningLevel {
  const numDocuments = groups.own.indptr.length - 1;
  const indptr = new Uint32Array(numDocuments + 1);
  const nodes = new Uint32Array(groups.own.nodes.length + labels.own.nodes.length);
  const counts = new Float32Array(nodes.length);
  let at = 0;
  for (let d = 0; d < numDocuments; d++) {
    for (const [{ own }, shift] of [[groups, 0] as const, [labels, groups.numNodes] as const]) {
      for (let e = own.indptr[d]!; e < own.indptr[d + 1]!; e++) {
        nodes[at] = own.nodes[e]! + shift;
        counts[at++] = own.counts[e]!;
      }
    }
    indptr[d + 1] = at;
  }
  const numNodes = groups.numNodes + labels.numNodes;
  return { level: labels.level, numNodes, childStart: Uint32Array.of(0, numNodes), own: { indptr, nodes, counts } };
}

/** No group is predicted for any document yet. */
export function nothingPredicted(numDocuments: number, keep: number): PredictedNodes {
  return { keep, nodes: new Uint32Array(numDocuments * keep).fill(NO_NODE) };
}

/** All groups, and the labels of the document's own groups and of those predicted for it, as these are now. */
export function newJointShortlist(groups: TuningLevel, labels: TuningLevel, predicted: PredictedNodes): Shortlist {
  const below = newShortlist(labels, groups, predicted);
  const found = new Uint32Array(groups.numNodes + labels.numNodes);
  for (let group = 0; group < groups.numNodes; group++) found[group] = group;
  return {
    candidatesOf(document) {
      const own = below.candidatesOf(document);
      for (const [k, label] of own.entries()) found[groups.numNodes + k] = groups.numNodes + label;
      return found.subarray(0, groups.numNodes + own.length);
    },
  };
}

/** Writes the best groups of each document of a batch into `predicted`. `embedding` is [documents, hidden]. */
export function predictGroups(
  documents: Uint32Array,
  embedding: Float32Array,
  head: { readonly weights: Table; readonly bias: Table },
  numGroups: number,
  { keep, nodes }: PredictedNodes,
): void {
  const { rows, width } = head.weights;
  const logits = new Float32Array(numGroups);
  for (const [b, document] of documents.entries()) {
    for (let group = 0; group < numGroups; group++) {
      let logit = head.bias.rows[group]!;
      for (let k = 0; k < width; k++) logit += rows[group * width + k]! * embedding[b * width + k]!;
      logits[group] = logit;
    }
    const best = [...logits.keys()].sort((x, y) => logits[y]! - logits[x]! || x - y).slice(0, keep);
    nodes.set(best, document * keep);
  }
}
