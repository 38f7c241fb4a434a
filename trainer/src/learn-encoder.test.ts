import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newPieceTokenizer, readPassages } from "@tagwright/model/internals";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { planEncoderFold } from "./calibrate/folds.ts";
import { recipeFor } from "./config.ts";
import { openCorpus } from "./corpus/open-corpus.ts";
import { type Engine, EngineError, type EngineName, type Program } from "./encoder/engines/engine.ts";
import { newOrtEngine } from "./encoder/engines/ort.ts";
import { type RunningEngine, startEngine } from "./encoder/engines/running-engine.ts";
import { readEncoderFolder } from "./encoder/source/read-encoder.ts";
import { readTrainingSet } from "./features/training-set.ts";
import { newPieceCollector } from "./fine-tune/pieces.ts";
import { newTrial } from "./fine-tune/trial.ts";
import { type LearntEncoder, learnEncoder } from "./learn-encoder.ts";
import type { ProgressEvent } from "./progress.ts";
import { newWorkerPool } from "./ranker/worker-pool.ts";

const tiny = path.resolve(import.meta.dirname, "../../test/fixtures/encoders/tiny-bert");
const recipe = recipeFor("fast", 3, { features: "words" });

/** 80 texts of made-up words, tagged with their first one. */
async function problem() {
  const words = ["solar", "tree", "label", "power", "text", "class", "wind", "rank"];
  const lines = Array.from({ length: 80 }, (_, i) => {
    const own = [words[i % 8]!, words[(i * 3) % 8]!, words[(i * 5 + 1) % 8]!];
    return JSON.stringify({ id: `n${i}`, text: own.join(" "), labels: [own[0]] });
  });
  const folder = scratchFolder({ "notes.jsonl": `${lines.join("\n")}\n` });
  const encoder = await readEncoderFolder(tiny);
  const tokenizer = newPieceTokenizer(encoder.tokenizer, encoder.tokenizerConfig);
  const collector = newPieceCollector();
  const onText = (text: string) =>
    collector.add(readPassages(text, tokenizer, { maxPieces: 32, passages: 1 }).passages);
  const corpus = await openCorpus(path.join(folder, "notes.jsonl"));
  const set = await readTrainingSet(corpus, recipe, { holdOut: 0, minLabelDocuments: 1, onText }, () => undefined);
  return { encoder, set, pieces: collector.finish(), heldOut: planEncoderFold(set) };
}

/** The CPU, with a pause before each of its first runs. */
async function slow(): Promise<Engine> {
  const engine = await newOrtEngine("cpu", { threads: 1 });
  let pauses = 2;
  const load: Engine["load"] = async (graph, state) => {
    const program = await engine.load(graph, state);
    const run: Program["run"] = async (feeds, accept) => {
      if (pauses-- > 0) await sleep(500);
      return program.run(feeds, accept);
    };
    return {
      run,
      readState: (names) => program.readState(names),
      writeState: (values) => program.writeState(values),
      dispose: () => program.dispose(),
    };
  };
  return { name: "cpu", description: engine.description, load, dispose: () => engine.dispose() };
}

/** The CPU under another name. Its training step fails for good after `steps` of them, as a GPU does that is gone. */
async function failing(name: EngineName, steps: number): Promise<Engine> {
  const engine = await newOrtEngine("cpu", { threads: 1 });
  let left = steps;
  const die = () => {
    throw new EngineError(`the ${name} engine failed: device lost; take another one`);
  };
  return {
    name,
    description: "a device that will be lost",
    async load(graph, state): Promise<Program> {
      const program = await engine.load(graph, state);
      if (graph.state.every(({ output }) => output === undefined)) return program;
      return {
        run: async (feeds, accept) => {
          if (accept !== undefined && feeds.get("ids")!.shape[0] !== 8 && --left < 0) die();
          return program.run(feeds, accept);
        },
        readState: async (names) => (left < 0 ? die() : program.readState(names)),
        writeState: (values) => program.writeState(values),
        dispose: async () => (left < 0 ? die() : program.dispose()),
      };
    },
    dispose: async () => (left < 0 ? die() : engine.dispose()),
  };
}

test("where a GPU is lost in mid-run, the next engine goes on from the checkpoint, as a resumed run would", async () => {
  const { encoder, set, pieces, heldOut } = await problem();
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
    const learnt = await engines.run((engine, isAgain) => {
      events.length = 0;
      return learn(folder, engine, isAgain || undefined);
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
  const { encoder, set, pieces, heldOut } = await problem();
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

function bytesOf({ weights, embeddings }: LearntEncoder): Record<string, readonly number[]> {
  const arrays = [...weights].map(([name, { data }]) => [name, [...data].map(Number)] as const);
  return { ...Object.fromEntries(arrays), embeddings: [...embeddings.values] };
}
