// A trained level as the head of an encoder: the weights of its nodes for the dense block.
import { childWeights, type LevelContent } from "@tagwright/model/internals";

/** [nodes, width], to within the rounding of eight bits; biases are the level's own. @throws RangeError without a dense block. */
export function denseWeights({ bias, chunks }: LevelContent): Float32Array {
  const panels = chunks.map(({ dense }) => {
    if (dense === undefined) throw new RangeError("denseWeights: the level was trained without a dense block");
    return dense;
  });
  const size = panels.reduce((sum, { weights }) => sum + weights.length, 0);
  const width = size / bias.length;
  const rows = new Float32Array(size);
  let node = 0;
  for (const panel of panels) {
    for (let child = 0; child < panel.scales.length; child++) rows.set(childWeights(panel, child), node++ * width);
  }
  return rows;
}
