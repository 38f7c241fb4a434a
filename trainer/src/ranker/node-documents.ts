// Which documents stand below each node of the tree, and with what share of their labels: the positives of every level.
import type { LabelTree } from "@tagwright/model/internals";
import { numNodes } from "@tagwright/model/internals";
import { sharedFloat32, sharedUint32 } from "../features/growing.ts";
import type { LabelMatrix } from "../features/label-matrix.ts";

/** Documents of the nodes of one level, in shared memory: node n has entries [indptr[n], indptr[n + 1]). */
export interface NodeDocuments {
  readonly indptr: Uint32Array;
  /** Ascending within a node. */
  readonly documents: Uint32Array;
  /** Induced relevance: the share of the document's labels below the node, in (0, 1]. */
  readonly share: Float32Array;
}

/** One entry a level, root's children first. */
export function nodeDocuments(labels: LabelMatrix, tree: LabelTree): NodeDocuments[] {
  const numLevels = tree.levels.length;
  let nodeOfLabel = new Uint32Array(labels.numLabels);
  for (const [node, label] of tree.labelOf.entries()) nodeOfLabel[label] = node;
  const result: NodeDocuments[] = new Array(numLevels);
  for (let t = numLevels - 1; t >= 0; t--) {
    const { childStart } = tree.levels[t]!;
    result[t] = collect(labels, nodeOfLabel, numNodes(tree.levels[t]!));
    const parentOf = new Uint32Array(numNodes(tree.levels[t]!));
    for (let p = 0; p + 1 < childStart.length; p++) parentOf.fill(p, childStart[p], childStart[p + 1]);
    nodeOfLabel = nodeOfLabel.map((node) => parentOf[node]!);
  }
  return result;
}

function collect({ numDocuments, indptr, labels }: LabelMatrix, nodeOf: Uint32Array, width: number): NodeDocuments {
  const start = sharedUint32(width + 1);
  const last = new Uint32Array(width);
  for (let d = 0; d < numDocuments; d++) {
    for (let e = indptr[d]!; e < indptr[d + 1]!; e++) {
      const node = nodeOf[labels[e]!]!;
      if (last[node] === d + 1) continue;
      last[node] = d + 1;
      start[node + 1]!++;
    }
  }
  for (let node = 0; node < width; node++) start[node + 1]! += start[node]!;
  const next = start.slice(0, width);
  const documents = sharedUint32(start[width]!);
  const share = sharedFloat32(start[width]!);
  last.fill(0);
  for (let d = 0; d < numDocuments; d++) {
    const part = 1 / (indptr[d + 1]! - indptr[d]!);
    for (let e = indptr[d]!; e < indptr[d + 1]!; e++) {
      const node = nodeOf[labels[e]!]!;
      if (last[node] === d + 1) {
        share[next[node]! - 1]! += part;
        continue;
      }
      last[node] = d + 1;
      documents[next[node]!] = d;
      share[next[node]!++] = part;
    }
  }
  return { indptr: start, documents, share };
}
