import { numNodes } from "@tagwright/model/internals";
import { expect, test } from "vitest";
import { recipeFor, type Schedule, type Tuning } from "../config.ts";
import { type Engine, EngineError } from "../encoder/engines/engine.ts";
import type { EncoderShape } from "../encoder/source/pretrained.ts";
import { readEncoderFolder } from "../encoder/source/read-encoder.ts";
import { MemoryLimitError } from "../memory-limit.ts";
import { tiny } from "../test-data.ts";
import { buildTree } from "../tree/build-tree.ts";
import { sparse } from "../tree/test-data.ts";
import { embedWith } from "./embed.ts";
import { checkMemory, estimateTuning, measureStep } from "./estimate.ts";
import { newPieceCollector } from "./pieces.ts";

const miniLm: EncoderShape = {
  family: "bert",
  layers: 6,
  hidden: 384,
  heads: 12,
  intermediate: 1536,
  vocabulary: 30_522,
  positions: 512,
  firstPosition: 0,
  epsilon: 1e-12,
  activation: "gelu",
  pooling: "mean",
};
const { tuning } = recipeFor("fast", 0);
const cost = { fixed: 0, perPiece: 0.001 };

function texts(count: number, length: number) {
  const collector = newPieceCollector();
  for (let d = 0; d < count; d++) collector.add([new Int32Array(length)]);
  return collector.finish();
}

test("time is the pieces that all passes read, times what one costs", () => {
  const { epochs } = tuning;
  const passes = epochs.reduce((sum, it) => sum + it, 0);
  const { seconds } = estimateTuning(texts(4000, 50), 4_000, miniLm, tuning, cost, false);
  // Three levels, an embedding before each, and one at the end.
  expect(seconds).toBeCloseTo(4000 * 50 * 0.001 * (passes + 4 * 0.3), 6);
  expect(estimateTuning(texts(100, 50), 4_000, miniLm, tuning, cost, true).seconds).toBeCloseTo(100 * 50 * 0.001 * 0.3);
});

test.each([1, 3, 5, 16, 17, 33, 100, 241, 300, 600, 1200])(
  "%i labels are counted as the levels of their tree that are neither too narrow nor too wide",
  async (numLabels) => {
    const small = { ...tuning, branching: 4, leafSize: 4, fewestNodes: 8, mostNodes: 240, epochs: [1, 2, 4] };
    const rows = Array.from({ length: numLabels }, (_, label) => [1 + (label % 7), 1]);
    const tree = await buildTree(sparse(rows, 2), { shape: "balanced", branching: 4, leafSize: 4 }, 1);
    const learnt = tree.levels.map(numNodes).filter((width) => width >= 8 && width <= 240);
    const levels = Math.max(1, learnt.length);
    // The last levels' passes: an embedding before each, and one at the end.
    const passes = [1, 2, 4].slice(-levels).reduce((sum, it) => sum + it, 0);
    const { seconds } = estimateTuning(texts(4000, 50), numLabels, miniLm, small, cost, false);
    expect(seconds).toBeCloseTo(4000 * 50 * 0.001 * (passes + (levels + 1) * 0.3), 6);
  },
);

test("the embedding of all documents reads every passage, and a pass of fine-tuning one of each", () => {
  const collector = newPieceCollector();
  for (let d = 0; d < 4000; d++) collector.add([new Int32Array(50), new Int32Array(30)]);
  const two = collector.finish();
  const estimate = (pieces: typeof two, passages: number, freeze: boolean) =>
    estimateTuning(pieces, 4_000, miniLm, { ...tuning, passages }, cost, freeze);
  const [one, tuned, frozen] = [texts(4000, 50), estimate(two, 2, false), estimate(two, 2, true)];
  expect(tuned.seconds - estimate(one, 1, false).seconds).toBeCloseTo(4000 * 30 * 0.001 * 0.3, 6);
  expect(frozen.seconds - estimate(one, 1, true).seconds).toBeCloseTo(4000 * 30 * 0.001 * 0.3, 6);
  expect(tuned.memoryBytes - estimate(one, 1, false).memoryBytes).toBeCloseTo(4000 * 30 * 4, 0);
});

test("to learn once more from all documents takes as long again, and room beside what is kept of the first time", () => {
  const again = { ...tuning, againUpToDocuments: 4000, kept: { shares: [], upToDocuments: 0 } };
  const estimate = (count: number, changed: Tuning, freeze = false) =>
    estimateTuning(texts(count, 50), 4_000, miniLm, changed, cost, freeze);
  const [once, twice] = [estimate(4000, { ...again, againUpToDocuments: 0 }), estimate(4000, again)];
  expect(twice.seconds).toBeCloseTo(2 * once.seconds, 6);
  expect(twice.keptBytes).toBe(2 * once.keptBytes);
  expect(twice.peakBytes).toBe(twice.keptBytes + once.peakBytes);
  expect(estimate(4001, again)).toEqual(estimate(4001, { ...again, againUpToDocuments: 0 }));
  expect(estimate(4000, again, true)).toEqual(estimate(4000, tuning, true));
});

test("a small corpus is read as often as the fewest steps take, and embedded for each share that is tried", () => {
  const { seconds } = estimateTuning(texts(64, 50), 4_000, miniLm, tuning, cost, false);
  expect(seconds).toBeCloseTo(
    64 * 50 * 0.001 * (3 * (tuning.fewestSteps / 2) + (4 + tuning.kept.shares.length) * 0.3),
    6,
  );
});

test("a step of 32 texts of 128 pieces with MiniLM-L6 needs the 2.1 to 2.3 GB that it was seen to need", () => {
  const { memoryBytes } = estimateTuning(texts(10, 128), 500, miniLm, tuning, cost, false);
  expect(memoryBytes).toBeGreaterThan(2.2e9);
  expect(memoryBytes).toBeLessThan(2.5e9);
});

test("the head is counted: all its nodes with their moments, and the slots of a step, of which flat has the most", () => {
  const memory = (numLabels: number, schedule: Schedule) =>
    estimateTuning(texts(10, 128), numLabels, miniLm, { ...tuning, schedule }, cost, false).memoryBytes;
  const { mostNodes: nodes } = tuning;
  const { hidden } = miniLm;
  const headOf = (schedule: Schedule) => memory(nodes, schedule) - memory(1, schedule);
  expect(headOf("recursive")).toBeGreaterThan(4 * 3 * (nodes - 1) * hidden);
  expect(headOf("dynamic")).toBeGreaterThan(headOf("recursive"));
  // The slots with moments go in and come out, with a gradient; each document has a sign, a cost and a score for each slot.
  expect(headOf("flat")).toBeGreaterThan(4 * (nodes - 1) * ((3 + 7) * hidden + 3 * tuning.batch));
  // Levels with more nodes are not learnt.
  expect(memory(100 * nodes, "flat")).toBeLessThanOrEqual(memory(nodes, "flat"));
});

test("a run over the limit is refused with settings that fit, as far as any do", () => {
  const memory = (changed: Tuning, freeze: boolean) =>
    estimateTuning(texts(10, 128), 500, miniLm, changed, cost, freeze).memoryBytes;
  const check = (limit: number, changed: Partial<Tuning> = {}, freeze = false) =>
    checkMemory("fine-tuning", memory, { tuning: { ...tuning, ...changed }, freeze }, limit);
  const frozen = memory(tuning, true);
  expect(() => check(4e9)).not.toThrow();
  const kinds = new Set<string>();
  for (let limit = 4e8; limit < memory(tuning, false); limit += 5e7) {
    let message = "";
    try {
      check(limit);
    } catch (error) {
      expect(error).toBeInstanceOf(MemoryLimitError);
      message = (error as Error).message;
    }
    const batch = Number(/--batch (\d+)/u.exec(message)?.[1] ?? tuning.batch);
    const maxPieces = Number(/--max-pieces (\d+)/u.exec(message)?.[1] ?? tuning.maxPieces);
    if (batch < tuning.batch || maxPieces < tuning.maxPieces) {
      kinds.add(maxPieces < tuning.maxPieces ? "both" : "batch");
      expect(() => check(limit, { batch, maxPieces }), message).not.toThrow();
      // Twice as many documents would not fit.
      if (batch < tuning.batch) expect(() => check(limit, { batch: 2 * batch, maxPieces })).toThrow(MemoryLimitError);
    } else if (frozen <= limit) {
      kinds.add("freeze");
      expect(message).toMatch(/; train with --freeze, or raise --memory-limit$/u);
      expect(() => check(limit, {}, true)).not.toThrow();
    } else {
      kinds.add("none");
      expect(message).toMatch(/; take a smaller encoder, or raise --memory-limit$/u);
    }
  }
  expect([...kinds]).toEqual(["none", "freeze", "both", "batch"]);
  expect(() => check(frozen - 1, {}, true)).toThrow(/; take a smaller encoder, or raise --memory-limit$/u);
});

test("a device that is lost and cannot be freed fails with why it was lost", async () => {
  const throwing = (error: Error) => async () => {
    throw error;
  };
  const dispose = throwing(new Error("nothing was freed"));
  const run = throwing(new EngineError("device lost"));
  const program = { run, readState: run, writeState: run, dispose };
  const lost: Engine = { name: "webgpu", description: "", load: async () => program, dispose };
  const { shape, weights } = await readEncoderFolder(tiny("bert"));
  await expect(measureStep(lost, shape, weights, tuning)).rejects.toThrow("device lost");
  const embedding = embedWith(lost, shape, weights, texts(2, 4), 8, () => undefined);
  await expect(embedding).rejects.toThrow("device lost");
});
