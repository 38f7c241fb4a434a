// The kept weights of a node, which come by groups of lanes, in the order of a chunk: by feature, then by child.
import type { Chunk, SolvedLanes } from "@tagwright/model/internals";

/** Kept weights of one group: entry k is the weight of `features[k]` for child `children[lanes[k]]`. */
export interface GroupWeights extends Pick<SolvedLanes, "features" | "lanes" | "weights"> {
  readonly children: readonly number[];
}

/** One chunk of all groups, whose children differ. `scratch` [features] is all zero before and after. */
export function toChunk(groups: readonly GroupWeights[], numChildren: number, scratch: Uint32Array): Chunk {
  const size = groups.reduce((sum, { features }) => sum + features.length, 0);
  const { features, childStart } = count(groups, size, numChildren, scratch);
  const byChild = { features: new Uint32Array(size), weights: new Float32Array(size) };
  const nextOfChild = childStart.slice();
  for (const group of groups) {
    const numEntries = group.features.length;
    for (let k = 0; k < numEntries; k++) {
      const at = nextOfChild[group.children[group.lanes[k]!]!]!++;
      byChild.features[at] = group.features[k]!;
      byChild.weights[at] = group.weights[k]!;
    }
  }
  const rowStart = new Uint32Array(features.length + 1);
  for (let row = 0; row < features.length; row++) {
    const feature = features[row]!;
    rowStart[row + 1] = rowStart[row]! + scratch[feature]!;
    scratch[feature] = rowStart[row]!;
  }
  const children = new Uint16Array(size);
  const weights = new Float32Array(size);
  for (let child = 0; child < numChildren; child++) {
    for (let k = childStart[child]!; k < childStart[child + 1]!; k++) {
      const at = scratch[byChild.features[k]!]!++;
      children[at] = child;
      weights[at] = byChild.weights[k]!;
    }
  }
  for (let row = 0; row < features.length; row++) scratch[features[row]!] = 0;
  return { features, rowStart, children, weights };
}

/** The features that have weights, ascending, how many each has in `counts`, and where each child's would begin. */
function count(groups: readonly GroupWeights[], size: number, numChildren: number, counts: Uint32Array) {
  const known = new Uint32Array(Math.min(size, counts.length));
  const childStart = new Uint32Array(numChildren + 1);
  let numKnown = 0;
  for (const { features, lanes, children } of groups) {
    for (let k = 0; k < features.length; k++) {
      const feature = features[k]!;
      if (counts[feature]!++ === 0) known[numKnown++] = feature;
      childStart[children[lanes[k]!]! + 1]!++;
    }
  }
  for (let child = 0; child < numChildren; child++) childStart[child + 1]! += childStart[child]!;
  return { features: known.slice(0, numKnown).sort(), childStart };
}
