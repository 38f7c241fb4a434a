import { encodeChunk, newSimdKernels } from "@tagwright/model/internals";
import { expectAllClose } from "@tagwright/testing";
import { expect, test } from "vitest";
import { denseWeights } from "./dense-weights.ts";
import { exact, oneBlock, topicProblem, withDense } from "./test-data.ts";
import { newNodeTrainer } from "./train-node.ts";

const none = new Uint32Array(0);
const width = 10;

test("the rows of a level are the weights that the same columns get in one block, node by node", () => {
  const two = withDense(topicProblem(200, 24, 3, 5), width, 1);
  const one = oneBlock(two);
  const trainers = [two, one].map(({ data }) => newNodeTrainer(data, newSimdKernels()));
  const [mine, theirs] = trainers.map((it) => [0, 1, 2].map((topic) => it.train(1, topic, none, exact)));
  const level = { bias: new Float32Array(24), chunks: mine!.map((it) => encodeChunk(it.chunk, 8)) };
  const rows = denseWeights(level);
  for (const [topic, { chunk }] of theirs!.entries()) {
    for (let child = 0; child < 8; child++) {
      const expected = new Float64Array(width);
      for (const [row, feature] of chunk.features.entries()) {
        if (feature < two.features.numCols) continue;
        for (let e = chunk.rowStart[row]!; e < chunk.rowStart[row + 1]!; e++) {
          if (chunk.children[e] === child) expected[feature - two.features.numCols] = chunk.weights[e]!;
        }
      }
      const start = (topic * 8 + child) * width;
      const step = Math.max(...expected.map(Math.abs)) / 127;
      expectAllClose(rows.subarray(start, start + width), expected, { atol: step / 2 + 1e-3 });
    }
  }
});

test("a level without a dense block has no such weights", () => {
  const { data } = topicProblem(50, 6, 2, 5);
  const { bias, chunk } = newNodeTrainer(data, newSimdKernels()).train(0, 0, none, exact);
  expect(() => denseWeights({ bias, chunks: [encodeChunk(chunk, bias.length)] })).toThrow(RangeError);
});
