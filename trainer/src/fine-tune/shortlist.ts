// Which nodes a document is told apart from: the children of its own parents (teacher forcing) and of the parents that
// the level above predicts for it (matcher-aware), as PECOS's tfn+man. Source: Zhang et al., NeurIPS 2021, section 3.
import { NO_NODE } from "../ranker/worker-protocol.ts";
import type { TuningLevel } from "./levels.ts";

/** `keep` predicted nodes for each document, NO_NODE where there are fewer. */
export interface PredictedNodes {
  readonly keep: number;
  readonly nodes: Uint32Array;
}

export interface Shortlist {
  /** Nodes a document is compared with, each once, its own ones among them. Valid until the next call. */
  candidatesOf(document: number): Uint32Array;
}

/** Without a level above, or without predictions for one, all nodes are candidates. */
export function newShortlist(
  { numNodes, childStart }: TuningLevel,
  above: TuningLevel | undefined,
  predicted: PredictedNodes | undefined,
): Shortlist {
  if (above === undefined || predicted === undefined) {
    const all = Uint32Array.from({ length: numNodes }, (_, node) => node);
    return { candidatesOf: () => all };
  }
  const seen = new Uint32Array(above.numNodes);
  const found = new Uint32Array(numNodes);
  let visit = 0;
  return {
    candidatesOf(document) {
      visit++;
      let length = 0;
      const addChildren = (parent: number) => {
        if (seen[parent] === visit) return;
        seen[parent] = visit;
        for (let child = childStart[parent]!; child < childStart[parent + 1]!; child++) found[length++] = child;
      };
      const { indptr, nodes } = above.own;
      for (let e = indptr[document]!; e < indptr[document + 1]!; e++) addChildren(nodes[e]!);
      for (let k = document * predicted.keep; k < (document + 1) * predicted.keep; k++) {
        if (predicted.nodes[k] !== NO_NODE) addChildren(predicted.nodes[k]!);
      }
      return found.subarray(0, length);
    },
  };
}
