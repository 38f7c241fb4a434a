// Puts the parts of a node together that were trained side by side: their children are disjoint, their features not.
import type { Chunk, DensePanel } from "@tagwright/model/internals";

export interface NodeWeights {
  readonly bias: Float32Array;
  readonly chunk: Chunk;
}

/** One node from its parts, as if it had been trained in one piece. */
export function mergeParts(parts: readonly NodeWeights[]): NodeWeights {
  const bias = new Float32Array(parts[0]!.bias.length);
  for (const part of parts) for (let child = 0; child < bias.length; child++) bias[child]! += part.bias[child]!;
  const panels = parts.flatMap(({ chunk }) => chunk.dense ?? []);
  const chunk = mergeChunks(parts.map((it) => it.chunk));
  return { bias, chunk: panels.length === 0 ? chunk : { ...chunk, dense: mergePanels(panels) } };
}

/** Children that a part did not train are zero in its panel. */
function mergePanels(panels: readonly DensePanel[]): DensePanel {
  const weights = new Int8Array(panels[0]!.weights.length);
  const scales = new Float32Array(panels[0]!.scales.length);
  for (const panel of panels) {
    for (let k = 0; k < weights.length; k++) weights[k]! += panel.weights[k]!;
    for (let child = 0; child < scales.length; child++) scales[child]! += panel.scales[child]!;
  }
  return { weights, scales };
}

function mergeChunks(chunks: readonly Chunk[]): Chunk {
  const features = unionOf(chunks.map((it) => it.features));
  const numEntries = chunks.reduce((sum, { weights }) => sum + weights.length, 0);
  const rowStart = new Uint32Array(features.length + 1);
  const children = new Uint16Array(numEntries);
  const weights = new Float32Array(numEntries);
  const next = chunks.map(() => 0);
  let end = 0;
  for (const [row, feature] of features.entries()) {
    const start = end;
    for (const [c, chunk] of chunks.entries()) {
      if (chunk.features[next[c]!] !== feature) continue;
      const own = next[c]!++;
      for (let e = chunk.rowStart[own]!; e < chunk.rowStart[own + 1]!; e++) {
        // Insertion by child: rows are short, and each part's entries ascend.
        let at = end++;
        for (; at > start && children[at - 1]! > chunk.children[e]!; at--) {
          children[at] = children[at - 1]!;
          weights[at] = weights[at - 1]!;
        }
        children[at] = chunk.children[e]!;
        weights[at] = chunk.weights[e]!;
      }
    }
    rowStart[row + 1] = end;
  }
  return { features, rowStart, children, weights };
}

function unionOf(lists: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  all.sort();
  return all.filter((feature, i) => i === 0 || feature !== all[i - 1]);
}
