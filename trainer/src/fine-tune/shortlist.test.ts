import type { LabelTree } from "@tagwright/model/internals";
import { expect, test } from "vitest";
import { NO_NODE } from "../ranker/worker-protocol.ts";
import { tuningLevels } from "./levels.ts";
import { newShortlist } from "./shortlist.ts";

/** Two levels: 3 clusters of 2, 3 and 1 labels; leaf n is label (n + 1) % 6. */
const tree: LabelTree = {
  levels: [{ childStart: Uint32Array.of(0, 3) }, { childStart: Uint32Array.of(0, 2, 5, 6) }],
  labelOf: Uint32Array.of(1, 2, 3, 4, 5, 0),
};
/** Documents with the labels 1 and 2; 0; none; 3 and 5. */
const labels = {
  numDocuments: 4,
  numLabels: 6,
  indptr: Uint32Array.of(0, 2, 3, 3, 5),
  labels: Uint32Array.of(1, 2, 0, 3, 5),
};

test("a level knows each document's nodes and how many of its labels are below them", () => {
  const [clusters, leaves] = tuningLevels(labels, tree);
  const own = (level: typeof clusters, d: number) => {
    const { indptr, nodes, counts } = level!.own;
    return [...nodes.subarray(indptr[d], indptr[d + 1])].map((node, i) => [node, counts[indptr[d]! + i]]);
  };
  expect([0, 1, 2, 3].map((d) => own(clusters, d))).toEqual([[[0, 2]], [[2, 1]], [], [[1, 2]]]);
  expect([0, 1, 2, 3].map((d) => own(leaves, d))).toEqual([
    [
      [0, 1],
      [1, 1],
    ],
    [[5, 1]],
    [],
    [
      [2, 1],
      [4, 1],
    ],
  ]);
});

test("candidates are the children of true and of predicted parents, each once", () => {
  const [clusters, leaves] = tuningLevels(labels, tree);
  const predicted = { keep: 2, nodes: Uint32Array.of(1, 0, NO_NODE, NO_NODE, 2, NO_NODE, 1, 2) };
  const shortlist = newShortlist(leaves!, clusters, predicted);
  const candidates = [0, 1, 2, 3].map((d) => [...shortlist.candidatesOf(d)].sort());
  expect(candidates).toEqual([[0, 1, 2, 3, 4], [5], [5], [2, 3, 4, 5]]);
});

test("on the first level every node is a candidate", () => {
  const [clusters] = tuningLevels(labels, tree);
  expect([...newShortlist(clusters!, undefined, undefined).candidatesOf(2)]).toEqual([0, 1, 2]);
});
