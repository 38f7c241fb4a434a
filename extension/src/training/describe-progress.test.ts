import { expect, test } from "vitest";
import { describeEvent, duration } from "./describe-progress.ts";

test("a level, its figure and the engine are lines, steps and checkpoints are not", () => {
  expect(describeEvent({ type: "level", level: 0, levels: 3, nodes: 2048 })).toBe(
    "Level 1 of 3: 2,048 clusters of tags.",
  );
  expect(describeEvent({ type: "quality", level: 2, metric: "precision@1", value: 0.5234 })).toBe(
    "Level 3: held-out P@1 52.3 %.",
  );
  const engine = {
    type: "engine",
    name: "webgpu",
    description: "WebGPU (some card)",
    reason: "the fastest here",
  } as const;
  expect(describeEvent(engine)).toBe("The encoder runs on WebGPU (some card): the fastest here");
  expect(describeEvent({ type: "encoder", encoder: 1, encoders: 3, name: "minilm" })).toBe("Encoder 2 of 3: minilm.");
  expect(describeEvent({ type: "checkpoint", path: "/x", step: 3 })).toBeUndefined();
});

test("the estimate says documents, time, memory and disk", () => {
  const event = {
    type: "estimate",
    seconds: 12,
    memoryBytes: 3 * 2 ** 28,
    diskBytes: 2 ** 21,
    documents: 1200,
    labels: 80,
  } as const;
  expect(describeEvent(event)).toBe("1,200 documents, 80 tags. Estimate: 12 s, 768 MB of memory, 2 MB on disk.");
  expect(describeEvent({ ...event, encoders: 2 })).toMatch(/^1,200 documents, 80 tags, 2 encoders\. Estimate/u);
});

test("progress says the stage in words, how far it is, and how long it still takes", () => {
  const event = {
    type: "progress",
    stage: "ranker",
    done: 1,
    total: 4,
    unit: "nodes",
    perSecond: 1,
    secondsLeft: 200,
  } as const;
  expect(describeEvent(event)).toBe("Learning to rank 25 %, 3 min left");
  expect(describeEvent({ ...event, secondsLeft: 0, total: 0 })).toBe("Learning to rank");
});

test.each([
  [0.2, "less than a second"],
  [59, "59 s"],
  [600, "10 min"],
  [9000, "2.5 h"],
])("%d seconds read as %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});
