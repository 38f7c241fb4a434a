// The label tree as flat arrays, root first: it knows nodes and labels, no weights.
// Invariant: the children of a node are contiguous, and each level's nodes are numbered in the order of their parents.

export interface TreeLevel {
  /** Children of parent p are the nodes [childStart[p], childStart[p + 1]) of this level; length parents + 1. */
  readonly childStart: Uint32Array;
}

/** Level 0 has one parent, the root. A node of the last level is a leaf; `labelOf` names its label. */
export interface LabelTree {
  readonly levels: readonly TreeLevel[];
  /** Leaf node → label index: a permutation. */
  readonly labelOf: Uint32Array;
}

export function numNodes(level: TreeLevel): number {
  return level.childStart[level.childStart.length - 1]!;
}
