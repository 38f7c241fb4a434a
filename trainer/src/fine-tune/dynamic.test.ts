import type { LabelTree } from "@tagwright/model/internals";
import { expect, test } from "vitest";
import { NO_NODE } from "../ranker/worker-protocol.ts";
import { jointLevel, newJointShortlist, nothingPredicted, predictGroups } from "./dynamic.ts";
import { tuningLevels } from "./levels.ts";
import { newTable } from "./table.ts";

/** 3 groups of 2, 3 and 1 labels; leaf n is label (n + 1) % 6. */
const tree: LabelTree = {
  levels: [{ childStart: Uint32Array.of(0, 3) }, { childStart: Uint32Array.of(0, 2, 5, 6) }],
  labelOf: Uint32Array.of(1, 2, 3, 4, 5, 0),
};
/** Documents with the labels 1 and 2; 0; none; 3 and 5. */
const documents = {
  numDocuments: 4,
  numLabels: 6,
  indptr: Uint32Array.of(0, 2, 3, 3, 5),
  labels: Uint32Array.of(1, 2, 0, 3, 5),
};
const [groups, labels] = tuningLevels(documents, tree) as [Level, Level];
type Level = ReturnType<typeof tuningLevels>[number];

test("groups and labels are the nodes of one level, the labels numbered after the groups", () => {
  const { level, numNodes, childStart, own } = jointLevel(groups, labels);
  expect({ level, numNodes, childStart }).toEqual({ level: 1, numNodes: 9, childStart: Uint32Array.of(0, 9) });
  const costs = (d: number) =>
    [...own.nodes.subarray(own.indptr[d], own.indptr[d + 1])].map((node, i) => [node, own.counts[own.indptr[d]! + i]]);
  // A group costs as many labels as the document has below it.
  expect(costs(0)).toEqual([
    [0, 2],
    [3 + 0, 1],
    [3 + 1, 1],
  ]);
  expect(costs(1)).toEqual([
    [2, 1],
    [3 + 5, 1],
  ]);
  expect(costs(2)).toEqual([]);
  expect(costs(3)).toEqual([
    [1, 2],
    [3 + 2, 1],
    [3 + 4, 1],
  ]);
});

test("a document is told apart from all groups, and from the labels of its own and of its predicted ones", () => {
  const predicted = nothingPredicted(4, 2);
  expect(predicted.nodes).toEqual(new Uint32Array(8).fill(NO_NODE));
  const shortlist = newJointShortlist(groups, labels, predicted);
  const candidates = () => [0, 1, 2, 3].map((d) => [...shortlist.candidatesOf(d)]);
  expect(candidates()).toEqual([
    [0, 1, 2, 3, 4],
    [0, 1, 2, 8],
    [0, 1, 2],
    [0, 1, 2, 5, 6, 7],
  ]);
  // What is predicted later counts from then on; a group that is a document's own and predicted counts once.
  predicted.nodes.set([1, NO_NODE, 2, 0, NO_NODE, NO_NODE, 1, 2]);
  expect(candidates()).toEqual([
    [0, 1, 2, 3, 4, 5, 6, 7],
    [0, 1, 2, 8, 3, 4],
    [0, 1, 2],
    [0, 1, 2, 5, 6, 7, 8],
  ]);
});

test("the best groups of a batch are predicted for its documents and for no others", () => {
  const [width, numGroups] = [2, 4];
  // Only the first four rows are groups; a label that fits best of all counts for nothing.
  const weights = newTable(Float32Array.of(1, 0, 0, 1, -1, 0, 0, 0, 9, 9), width);
  const head = { weights, bias: newTable(Float32Array.of(0, 0, 0, 1.5, 9), 1) };
  const predicted = nothingPredicted(4, 2);
  // Logits 2, 1, -2, 1.5; and -1, 3, 1, 1.5.
  predictGroups(Uint32Array.of(3, 0), Float32Array.of(2, 1, -1, 3), head, numGroups, predicted);
  expect([...predicted.nodes]).toEqual([1, 3, NO_NODE, NO_NODE, NO_NODE, NO_NODE, 0, 3]);
  // Of equal groups the first one comes first; what was predicted before is gone.
  predictGroups(Uint32Array.of(3), Float32Array.of(0.5, 0.5), head, numGroups, predicted);
  expect([...predicted.nodes.subarray(6)]).toEqual([3, 0]);
});
