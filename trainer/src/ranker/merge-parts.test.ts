import { newSimdKernels } from "@tagwright/model/internals";
import { expect, test } from "vitest";
import { mergeParts } from "./merge-parts.ts";
import { exact, topicProblem, withDense } from "./test-data.ts";
import { newNodeTrainer } from "./train-node.ts";

const none = new Uint32Array(0);

test.each([0, 7])("a node trained in parts is the node trained whole, weight for weight (dense: %d)", (width) => {
  const sparse = topicProblem(400, 150, 2, 6);
  const { data } = width === 0 ? sparse : withDense(sparse, width, 1);
  const trainer = newNodeTrainer(data, newSimdKernels());
  const options = { ...exact, eps: 0.05, threshold: 0.01 };
  const { bias, chunk } = trainer.train(1, 0, none, options);
  expect(bias).toHaveLength(75);
  expect(chunk.weights.length).toBeGreaterThan(100);
  for (const count of [2, 3, 5]) {
    const parts = Array.from({ length: count }, (_, index) => trainer.train(1, 0, none, options, { index, count }));
    expect(parts.every((it) => it.chunk.weights.length < chunk.weights.length)).toBe(true);
    expect(mergeParts(parts)).toEqual({ bias, chunk });
  }
});

test("a node without documents stays at a margin of -1 in parts", () => {
  const { data } = topicProblem(40, 8, 2, 1);
  const empty = { ...data, nodes: data.nodes.map((it) => ({ ...it, indptr: new Uint32Array(it.indptr.length) })) };
  const trainer = newNodeTrainer(empty, newSimdKernels());
  const parts = [0, 1].map((index) => trainer.train(1, 0, none, exact, { index, count: 2 }));
  expect([...mergeParts(parts).bias]).toEqual([-1, -1, -1, -1]);
});
