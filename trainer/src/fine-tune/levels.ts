// The levels of the label tree as tasks for the encoder: which nodes a document belongs to, and which it is shown.
import { type LabelTree, numNodes } from "@tagwright/model/internals";
import type { LabelMatrix } from "../features/label-matrix.ts";
import { nodeDocuments } from "../ranker/node-documents.ts";

/** Nodes of each document on one level: entries [indptr[d], indptr[d + 1]), ascending. */
interface DocumentNodes {
  readonly indptr: Uint32Array;
  readonly nodes: Uint32Array;
  /** Labels of the document below the node: what a positive costs. */
  readonly counts: Float32Array;
}

export interface TuningLevel {
  /** The level of the tree, 0 the one below the root. */
  readonly level: number;
  readonly numNodes: number;
  /** Children of parent p are the nodes [childStart[p], childStart[p + 1]). */
  readonly childStart: Uint32Array;
  readonly own: DocumentNodes;
}

/** All levels, root's children first. The last one's nodes are the labels, in the order of `tree.labelOf`. */
export function tuningLevels(labels: LabelMatrix, tree: LabelTree): TuningLevel[] {
  const documents = nodeDocuments(labels, tree);
  return tree.levels.map(({ childStart }, level) => {
    const width = numNodes(tree.levels[level]!);
    const { indptr, documents: below, share } = documents[level]!;
    const start = new Uint32Array(labels.numDocuments + 1);
    for (const document of below) start[document + 1]!++;
    for (let d = 0; d < labels.numDocuments; d++) start[d + 1]! += start[d]!;
    const next = start.slice();
    const nodes = new Uint32Array(below.length);
    const counts = new Float32Array(below.length);
    for (let node = 0; node < width; node++) {
      for (let e = indptr[node]!; e < indptr[node + 1]!; e++) {
        const document = below[e]!;
        const at = next[document]!++;
        nodes[at] = node;
        counts[at] = share[e]! * (labels.indptr[document + 1]! - labels.indptr[document]!);
      }
    }
    return { level, numNodes: width, childStart, own: { indptr: start, nodes, counts } };
  });
}
