// Matcher-aware negatives: which nodes the levels trained so far predict for the training documents themselves.
import {
  type Beam,
  BeamSearch,
  type Csr,
  decodeChunk,
  type LabelTree,
  type LevelContent,
  type Loss,
  newBeam,
  rowOf,
} from "@tagwright/model/internals";
import { NO_NODE } from "./worker-protocol.ts";

export interface Matcher {
  /** Best nodes of the last loaded level for documents [from, to), `keep` each, NO_NODE where there are fewer. */
  match(from: number, to: number, keep: number): Uint32Array;
}

const POWER = 3;

export function newMatcher(features: Csr, tree: LabelTree, levels: readonly LevelContent[], loss: Loss): Matcher {
  const ranker = {
    levels: levels.map(({ bias, chunks }, level) => {
      const { childStart } = tree.levels[level]!;
      const decoded = chunks.map((chunk, parent) =>
        decodeChunk(chunk, {
          numChildren: childStart[parent + 1]! - childStart[parent]!,
          numFeatures: features.numCols,
          denseWidth: features.dense?.width ?? 0,
          place: `level ${level}, parent ${parent}`,
        }),
      );
      return { bias, chunk: (parent: number) => decoded[parent]! };
    }),
  };
  const search = new BeamSearch(tree, ranker);
  return {
    match(from, to, keep) {
      const beam: Beam = newBeam(keep);
      const options = { beam: keep, power: POWER, pathWeight: 1, loss };
      const nodes = new Uint32Array((to - from) * keep).fill(NO_NODE);
      for (let document = from; document < to; document++) {
        search.searchLevels(rowOf(features, document), levels.length, options, beam);
        nodes.set(beam.nodes.subarray(0, beam.length), (document - from) * keep);
      }
      return nodes;
    },
  };
}
