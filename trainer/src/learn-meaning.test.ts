import path from "node:path";
import { expectAllClose, scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { interpolate } from "./calibrate/keep-share.ts";
import { type Recipe, recipeFor } from "./config.ts";
import type { Engine, EngineName } from "./encoder/engines/engine.ts";
import { startEngine } from "./encoder/engines/running-engine.ts";
import { bake, buildEncoder } from "./encoder/graph/bert.ts";
import { encodeOnnx } from "./encoder/graph/onnx.ts";
import { hasCheckpoint, rankerFolder, saveCheckpoint } from "./fine-tune/checkpoint.ts";
import { type EmbeddingPart, embedWith, unitRows } from "./fine-tune/embed.ts";
import { keepEmbedding } from "./fine-tune/keep-embedding.ts";
import { newPieceCollector } from "./fine-tune/pieces.ts";
import { newTrial } from "./fine-tune/trial.ts";
import { learnEncoder } from "./learn-encoder.ts";
import { embedAll, learnMeaning } from "./learn-meaning.ts";
import { MemoryLimitError } from "./memory-limit.ts";
import type { ProgressEvent } from "./progress.ts";
import { newWorkerPool } from "./ranker/worker-pool.ts";
import { failing, failingToEmbed, problem, recipe, slow } from "./test-engines.ts";

test.each([
  ["starts anew beside the checkpoint of another run", { lost: 3, there: "another", resume: undefined, next: 1 }],
  ["starts anew where it may not resume", { lost: 3, there: "the same", resume: false, next: 1 }],
  ["goes on from what this run has saved, also then", { lost: 10, there: "the same", resume: false, next: 9 }],
  ["goes on from the checkpoint that was there, where it must", { lost: 0, there: "the same", resume: true, next: 17 }],
] as const)(
  "the engine after one that was lost %s",
  async (_, { lost, there, resume, next }) => {
    const { encoder, set, pieces, heldOut } = await problem(scratchFolder);
    const checkpoints = path.join(scratchFolder(), "model.training");
    const pool = newWorkerPool(1);
    const run = { pool, checkpoints, freeze: false, checkpointSteps: 8 };
    if (there === "another")
      await saveCheckpoint(checkpoints, { fingerprint: "another run", position: {}, arrays: new Map() });
    else {
      const cut = { ...run, engine: await failing("webgpu", 20), onProgress: () => undefined };
      await expect(learnEncoder(encoder, set, pieces, heldOut, recipe, cut)).rejects.toThrow(/device lost/u);
    }

    const open = (name: EngineName) => (name === "cpu" ? slow() : failing(name, lost));
    const trial = newTrial(encoder.shape, encoder.weights, recipe.tuning);
    const said: string[] = [];
    const voice = { chosen: () => undefined, warn: (message: string) => void said.push(message) };
    const engines = await startEngine("auto", trial, { threads: 1, open, tryOut: ["cpu", "webgpu"] }, voice);
    const steps: number[] = [];
    const onProgress = (event: ProgressEvent) => {
      if (said.length > 0 && event.type === "step") steps.push(event.step);
    };
    const task = { pretrained: encoder, pieces, recipe, checkpoints, resume, called: "" };
    try {
      const given = { ...run, engines, threads: 1, context: { onProgress } };
      const learnt = await learnMeaning(task, set, heldOut, given);
      expect(engines.engine.name).toBe("cpu");
      expect(steps[0]).toBe(next);
      expect(learnt.members.length).toBeGreaterThan(0);
    } finally {
      await engines.dispose();
      await pool.dispose();
    }
  },
  120_000,
);

test("an embedding whose engine is lost behind a part that was kept counts every passage once", async () => {
  const { encoder } = await problem(scratchFolder);
  const { shape, weights } = encoder;
  const collector = newPieceCollector();
  for (let d = 0; d < 300; d++)
    collector.add([Int32Array.of(2, 5 + (d % 7), 11, 12, 13, 3), Int32Array.of(2, 20 + (d % 5), 3)]);
  const pieces = collector.finish();
  const { maxPieces } = recipe.tuning;
  const quiet = () => undefined;
  const embed = (engine: Engine, part?: EmbeddingPart) =>
    embedWith(engine, shape, weights, pieces, maxPieces, quiet, undefined, part);
  const checkpoints = path.join(scratchFolder(), "model.training");
  const kept = { weights, pieces, maxPieces, hidden: shape.hidden };
  const cut = await failingToEmbed(1);
  const first = keepEmbedding(path.join(rankerFolder(checkpoints), "share-0"), kept, (part) => embed(cut, part), 1);
  await expect(first).rejects.toThrow(/device lost/u);
  await cut.dispose();

  const open = (name: EngineName) => (name === "cpu" ? slow() : failingToEmbed(1));
  const trial = newTrial(shape, weights, recipe.tuning);
  const voice = { chosen: quiet, warn: quiet };
  const engines = await startEngine("auto", trial, { threads: 1, open, tryOut: ["cpu", "webgpu"] }, voice);
  const task = { pretrained: encoder, pieces, recipe, checkpoints, resume: undefined, called: "" };
  try {
    expect(engines.engine.name).toBe("webgpu");
    const values = await embedAll(task, weights, "share-0", engines, quiet);
    expect(engines.engine.name).toBe("cpu");
    expectAllClose(values, await embed(engines.engine), { atol: 1e-6 });
  } finally {
    await engines.dispose();
  }
}, 60_000);

test("the limit on memory holds for an encoder as a part of the run, and is not the engine's failure", async () => {
  const { encoder, set, pieces, heldOut } = await problem(scratchFolder);
  const pool = newWorkerPool(1);
  const trial = newTrial(encoder.shape, encoder.weights, recipe.tuning);
  const voice = { chosen: () => undefined, warn: () => undefined };
  const engines = await startEngine("auto", trial, { threads: 1, tryOut: ["cpu", "cpu"] }, voice);
  const checkpoints = path.join(scratchFolder(), "model.training");
  const task = { pretrained: encoder, pieces, recipe, checkpoints, resume: undefined, called: "" };
  const context = { onProgress: () => undefined };
  const run = { engines, pool, threads: 1, freeze: false, memoryLimit: 2 ** 20, context };
  try {
    await expect(learnMeaning(task, set, heldOut, run)).rejects.toThrow(MemoryLimitError);
    expect(await hasCheckpoint(checkpoints)).toBe(true);
  } finally {
    await engines.dispose();
    await pool.dispose();
  }
}, 60_000);

test("where a part of what was learnt is kept, the same part is kept of what is learnt once more from all documents", async () => {
  const { encoder, set, pieces, heldOut } = await problem(scratchFolder);
  const { tuning, ...rest } = recipeFor("fast", 3, { features: "none" });
  // At this rate an encoder forgets more than it learns, and a hundredth of that helps.
  const harmful = { ...tuning, rate: 1, kept: { shares: [0.01], upToDocuments: 1000 }, againUpToDocuments: 1000 };
  const given: Recipe = { ...rest, tuning: harmful };
  const pool = newWorkerPool(1);
  const trial = newTrial(encoder.shape, encoder.weights, harmful);
  const quiet = () => undefined;
  const engines = await startEngine("cpu", trial, { threads: 1 }, { chosen: quiet, warn: quiet });
  const checkpoints = path.join(scratchFolder(), "model.training");
  const task = { pretrained: encoder, pieces, recipe: given, checkpoints, resume: undefined, called: "" };
  const run = { pool, threads: 1, freeze: false };
  try {
    const learnt = await learnMeaning(task, set, heldOut, { ...run, engines, context: { onProgress: quiet } });
    expect(learnt).toMatchObject({ kept: 0.01, isTunedAgain: true });
    const all = await learnEncoder(encoder, set, pieces, new Uint32Array(0), given, {
      ...{ ...run, engine: engines.engine, onProgress: quiet },
      checkpoints: path.join(scratchFolder(), "model.training"),
    });
    const weights = interpolate(encoder.weights, all.weights, 0.01);
    const onnx = encodeOnnx(bake(buildEncoder(encoder.shape), weights));
    expect(Buffer.from(learnt.encoder.onnx).equals(Buffer.from(onnx))).toBe(true);
    const values = await embedAll({ ...task, checkpoints: scratchFolder() }, weights, "again", engines, quiet);
    const { dense } = learnt.set.features;
    expect(dense!.values.length).toBe(values.length);
    expectAllClose(unitRows(dense!.values, encoder.shape.hidden), unitRows(values, encoder.shape.hidden), {
      atol: 1e-6,
    });
  } finally {
    await engines.dispose();
    await pool.dispose();
  }
}, 120_000);
