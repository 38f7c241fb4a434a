import { readdirSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import type { Recipe } from "./config.ts";
import type { Engine, EngineName } from "./encoder/engines/engine.ts";
import { newOrtEngine } from "./encoder/engines/ort.ts";
import { type RunningEngine, startEngine } from "./encoder/engines/running-engine.ts";
import { CheckpointError } from "./fine-tune/checkpoint.ts";
import { newTrial } from "./fine-tune/trial.ts";
import { type EncoderRun, type LearntEncoder, learnEncoder } from "./learn-encoder.ts";
import { MemoryLimitError } from "./memory-limit.ts";
import type { ProgressEvent } from "./progress.ts";
import { newWorkerPool, type WorkerPool } from "./ranker/worker-pool.ts";
import { failing, problem, recipe, slow, unsound } from "./test-engines.ts";

test("where a GPU is lost in mid-run, the next engine goes on from the checkpoint, as a resumed run would", async () => {
  const { encoder, set, pieces, heldOut } = await problem(scratchFolder);
  const pool = newWorkerPool(1);
  const events: ProgressEvent[] = [];
  const onProgress = (event: ProgressEvent) => void events.push(event);
  const learn = (checkpoints: string, engine: Engine, resume?: boolean) =>
    learnEncoder(encoder, set, pieces, heldOut, recipe, {
      ...{ engine, pool, checkpoints, resume, freeze: false, checkpointSteps: 8, onProgress },
    });
  const voice = {
    chosen: ({ name }: Engine, reason: string) => void said.push(`${name}: ${reason}`),
    warn: (message: string) => void said.push(message),
  };
  const said: string[] = [];
  let engines: RunningEngine | undefined;
  try {
    // By itself: the GPU fails in its 20th step, 4 steps after the checkpoint.
    const open = (name: EngineName) => (name === "cpu" ? slow() : failing(name, 20));
    const trial = newTrial(encoder.shape, encoder.weights, recipe.tuning);
    // The CPU is far slower in the trial, so that the GPU is taken.
    const options = { threads: 1, open, tryOut: ["cpu", "webgpu"] as const };
    engines = await startEngine("auto", trial, options, voice);
    const folder = path.join(scratchFolder(), "model.training");
    const learnt = await engines.run((engine) => {
      events.length = 0;
      return learn(folder, engine);
    });
    expect(engines.engine.name).toBe("cpu");
    expect(said.join("\n")).toMatch(/^webgpu: .*\nthe webgpu engine failed: device lost; .*\ncpu: in place of webgpu/u);
    expect(events.find((it) => it.type === "step")).toMatchObject({ step: 17 });
    // By hand: the same failure, and then --resume --engine cpu.
    const other = path.join(scratchFolder(), "model.training");
    const lost = await failing("webgpu", 20);
    await expect(learn(other, lost)).rejects.toThrow(/device lost/u);
    const cpu = await newOrtEngine("cpu", { threads: 1 });
    expect(bytesOf(await learn(other, cpu, true))).toEqual(bytesOf(learnt));
    await cpu.dispose();
  } finally {
    await engines?.dispose();
    await pool.dispose();
  }
}, 120_000);

test("an engine that was asked for is not replaced: its failure ends the run with the cure", async () => {
  const { encoder, set, pieces, heldOut } = await problem(scratchFolder);
  const pool = newWorkerPool(1);
  const trial = newTrial(encoder.shape, encoder.weights, recipe.tuning);
  const open = (name: EngineName) => failing(name, 3);
  const engines = await startEngine("webgpu", trial, { threads: 1, open }, { chosen: () => {}, warn: () => {} });
  const checkpoints = path.join(scratchFolder(), "model.training");
  const run = { pool, checkpoints, freeze: false, onProgress: () => undefined };
  const learning = engines.run((engine) => learnEncoder(encoder, set, pieces, heldOut, recipe, { ...run, engine }));
  await expect(learning).rejects.toThrow(/device lost; take another one/u);
  await pool.dispose();
}, 60_000);

test("a run that takes more memory than it may stops behind a checkpoint, and goes on where it may take more", async () => {
  const { encoder, set, pieces, heldOut } = await problem(scratchFolder);
  const pool = newWorkerPool(1);
  const engine = await newOrtEngine("cpu", { threads: 1 });
  // No embedding comes before the first step.
  const flat: Recipe = { ...recipe, tuning: { ...recipe.tuning, schedule: "flat" } };
  const learn = async (checkpoints: string, limit: Partial<EncoderRun>, given = flat) => {
    const steps: number[] = [];
    const onProgress = (event: ProgressEvent) => {
      if (event.type === "step") steps.push(event.step);
    };
    const run = { engine, pool, checkpoints, freeze: false, onProgress, ...limit };
    return { learnt: bytesOf(await learnEncoder(encoder, set, pieces, heldOut, given, run)), steps };
  };
  const folder = path.join(scratchFolder(), "model.training");
  try {
    const stopped = learn(folder, { memoryLimit: 2 ** 20 });
    await expect(stopped).rejects.toThrow(MemoryLimitError);
    await expect(stopped).rejects.toThrow(
      /^fine-tuning, level 1, step 1: at most 1 MiB of memory expected, [\d,]+ MiB in use; raise --memory-limit .*--resume.*--batch than 32/u,
    );
    const resumed = await learn(folder, { memoryLimit: 2 ** 40, resume: true });
    expect(resumed.steps[0]).toBe(2);
    const whole = await learn(path.join(scratchFolder(), "model.training"), {});
    expect(resumed.learnt).toEqual(whole.learnt);
    for (const freeze of [false, true]) {
      const embedding = learn(path.join(scratchFolder(), "model.training"), { memoryLimit: 2 ** 20, freeze }, recipe);
      await expect(embedding).rejects.toThrow(
        /^embedding all documents: at most 1 MiB of memory expected, [\d,]+ MiB in use; raise --memory-limit/u,
      );
    }
  } finally {
    await engine.dispose();
    await pool.dispose();
  }
}, 120_000);

test("labels with many documents are learnt by cross-entropy, labels with few by the squared hinge", async () => {
  const { encoder, set, pieces, heldOut } = await problem(scratchFolder);
  const pool = newWorkerPool(1);
  const engine = await newOrtEngine("cpu", { threads: 1 });
  const perLabel = set.labels.labels.length / set.labelIds.length;
  const firstLoss = async (crossEntropyFrom: number) => {
    const losses: number[] = [];
    const onProgress = (event: ProgressEvent) => {
      if (event.type === "step") losses.push(event.loss);
    };
    const checkpoints = path.join(scratchFolder(), "model.training");
    // A random head near 0: each decision costs 1 by the hinge, and ln 2 by cross-entropy.
    const given = { ...recipe, tuning: { ...recipe.tuning, schedule: "flat", crossEntropyFrom } as const };
    await learnEncoder(encoder, set, pieces, heldOut, given, { engine, pool, checkpoints, freeze: false, onProgress });
    return losses[0]!;
  };
  try {
    expect(await firstLoss(perLabel)).toBeCloseTo(Math.LN2, 1);
    expect(await firstLoss(perLabel + 0.1)).toBeCloseTo(1, 1);
  } finally {
    await engine.dispose();
    await pool.dispose();
  }
}, 60_000);

test.each([
  ["loss", Number.NaN],
  ["norm.encoder", Number.POSITIVE_INFINITY],
  ["norm.head", Number.NaN],
] as const)("a step whose %s is %s is undone, said once with its number, and the run goes on", async (name, value) => {
  const { encoder, set, pieces, heldOut } = await problem(scratchFolder);
  const pool = newWorkerPool(1);
  const events: ProgressEvent[] = [];
  const onProgress = (event: ProgressEvent) => void events.push(event);
  const engine = await unsound(5, name, value);
  try {
    const checkpoints = path.join(scratchFolder(), "model.training");
    const run = { engine, pool, checkpoints, freeze: false, onProgress };
    const { weights, embeddings } = await learnEncoder(encoder, set, pieces, heldOut, recipe, run);
    const said = events.flatMap((it) => (it.type === "log" ? [`${it.level}: ${it.message}`] : []));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^warning: step 5: the loss or its gradient was not .*step was undone and .*rate halved$/u);
    const last = events.findLast((it) => it.type === "step")!;
    expect(last.step).toBe(last.steps);
    for (const { data } of weights.values()) expect((data as Float32Array).every(Number.isFinite)).toBe(true);
    expect(embeddings.values.every(Number.isFinite)).toBe(true);
  } finally {
    await engine.dispose();
    await pool.dispose();
  }
});

type Problem = Awaited<ReturnType<typeof problem>>;

/** `values` with another number in the place of entry `at`. */
function changed<T extends Uint32Array | Float32Array>(values: T, at = 3): T {
  const copy = values.slice() as T;
  copy[at] = copy[at] === 1 ? 2 : 1;
  return copy;
}

test.each<[string, (given: Problem) => Partial<Problem>]>([
  ["word pieces", ({ pieces }) => ({ pieces: { ...pieces, ids: changed(pieces.ids) } })],
  ["ends of texts", ({ pieces }) => ({ pieces: { ...pieces, start: changed(pieces.start) } })],
  ["labels", ({ set }) => ({ set: { ...set, labels: { ...set.labels, labels: changed(set.labels.labels) } } })],
  ["names of labels", ({ set }) => ({ set: { ...set, labelIds: set.labelIds.with(2, "other") } })],
  ["words", ({ set }) => ({ set: { ...set, features: { ...set.features, indices: changed(set.features.indices) } } })],
  [
    "counts of words",
    ({ set }) => ({ set: { ...set, features: { ...set.features, values: changed(set.features.values) } } }),
  ],
  [
    "ends of rows",
    ({ set }) => ({ set: { ...set, features: { ...set.features, indptr: changed(set.features.indptr) } } }),
  ],
  ["held-out documents", ({ heldOut }) => ({ heldOut: changed(heldOut) })],
])("the checkpoint of a corpus of the same size with other %s is not gone on from", async (_, change) => {
  const given = await problem(scratchFolder);
  const engine = await newOrtEngine("cpu", { threads: 1 });
  const pool = newWorkerPool(1);
  const checkpoints = path.join(scratchFolder(), "model.training");
  const events: ProgressEvent[] = [];
  const onProgress = (event: ProgressEvent) => void events.push(event);
  const learn = async (more: Partial<Problem>, resume?: boolean) => {
    const { encoder, set, pieces, heldOut } = { ...given, ...more };
    events.length = 0;
    const run = { engine, pool, checkpoints, resume, freeze: true, onProgress };
    await learnEncoder(encoder, set, pieces, heldOut, recipe, run);
    return events.some((it) => it.type === "progress" && it.stage === "encode");
  };
  try {
    expect(await learn({})).toBe(true);
    expect(await learn({}, true)).toBe(false);
    const other = change(given);
    await expect(learn(other, true)).rejects.toThrow(CheckpointError);
    await expect(learn(other, true)).rejects.toThrow(/corpus.* expected, those of another run found.*--no-resume/u);
    expect(await learn(other)).toBe(true);
    expect(events).toContainEqual({ type: "log", level: "warning", message: expect.stringContaining("starts anew") });
    expect(await learn(other, true)).toBe(false);
  } finally {
    await engine.dispose();
    await pool.dispose();
  }
});

function bytesOf({ weights, embeddings }: LearntEncoder): Record<string, readonly number[]> {
  const arrays = [...weights].map(([name, { data }]) => [name, [...data].map(Number)] as const);
  return { ...Object.fromEntries(arrays), embeddings: [...embeddings.values] };
}

test("a run that was cut off while rankers started a level asks them only for what they had not learnt", async () => {
  const { encoder, set, pieces, heldOut } = await problem(scratchFolder, 2);
  const engine = await newOrtEngine("cpu", { threads: 1 });
  const checkpoints = path.join(scratchFolder(), "model.training");
  /** How many problems were learnt, and where the run is cut off. */
  const learn = async (folder: string, cutAt = Number.POSITIVE_INFINITY) => {
    const cut = new AbortController();
    const workers = newWorkerPool(1);
    let learnt = 0;
    const pool: WorkerPool = {
      ...workers,
      run: (jobs, onAnswer, signal) =>
        workers.run(
          jobs,
          (job, answer, done) => {
            onAnswer(job, answer, done);
            if (jobs[0]!.kind === "train" && ++learnt === cutAt) cut.abort(new Error("enough"));
          },
          signal,
        ),
    };
    const run = { engine, pool, checkpoints: folder, freeze: false, checkpointSteps: 8, onProgress: () => undefined };
    const learning = learnEncoder(encoder, set, pieces, heldOut, recipe, { ...run, signal: cut.signal });
    const ended = await learning.catch((error: Error) => error.message);
    await workers.dispose();
    return { learnt, ended: typeof ended === "string" ? ended : bytesOf(ended) };
  };
  try {
    const whole = await learn(path.join(scratchFolder(), "model.training"));
    expect(whole.learnt).toBeGreaterThan(1);
    const before = await learn(checkpoints, whole.learnt - 1);
    expect(readdirSync(checkpoints)).toContain("level-start");
    const rest = await learn(checkpoints);
    expect(before.ended).toBe("enough");
    expect([before.learnt, rest.learnt]).toEqual([whole.learnt - 1, 1]);
    expect(rest.ended).toEqual(whole.ended);
    expect(readdirSync(checkpoints)).not.toContain("level-start");
  } finally {
    await engine.dispose();
  }
}, 120_000);
