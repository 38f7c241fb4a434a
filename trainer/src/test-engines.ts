// Engines that are slow, talk nonsense, or are lost in mid-run, and a problem that is small enough to be learnt on them.
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newPieceTokenizer, readPassages } from "@tagwright/model/internals";
import { planEncoderFold } from "./calibrate/folds.ts";
import { recipeFor } from "./config.ts";
import { openCorpus } from "./corpus/open-corpus.ts";
import {
  type Engine,
  EngineError,
  type EngineName,
  type HostTensor,
  type Program,
  type Tensors,
} from "./encoder/engines/engine.ts";
import { newOrtEngine } from "./encoder/engines/ort.ts";
import { readEncoderFolder } from "./encoder/source/read-encoder.ts";
import { readTrainingSet } from "./features/training-set.ts";
import { newPieceCollector } from "./fine-tune/pieces.ts";
import { tiny } from "./test-data.ts";

export const recipe = recipeFor("fast", 3, { features: "words" });

/**
 * 80 texts of made-up words, tagged with their first one, or each with a tag of its own, which makes two levels of nodes;
 * as an encoder reads them.
 * @param scratchFolder makes a folder with these files that is removed after the test.
 */
export async function problem(scratchFolder: (files?: Record<string, string>) => string, levels: 1 | 2 = 1) {
  const words = ["solar", "tree", "label", "power", "text", "class", "wind", "rank"];
  const lines = Array.from({ length: 80 }, (_, i) => {
    const own = [words[i % 8]!, words[(i * 3) % 8]!, words[(i * 5 + 1) % 8]!];
    const labels = [levels === 1 ? own[0] : `the ${i}th`];
    return JSON.stringify({ id: `n${i}`, text: own.join(" "), labels });
  });
  const folder = scratchFolder({ "notes.jsonl": `${lines.join("\n")}\n` });
  const encoder = await readEncoderFolder(tiny("bert"));
  const tokenizer = newPieceTokenizer(encoder.tokenizer, encoder.tokenizerConfig);
  const collector = newPieceCollector();
  const onText = (text: string) =>
    collector.add(readPassages(text, tokenizer, { maxPieces: 32, passages: 1 }).passages);
  const corpus = await openCorpus(path.join(folder, "notes.jsonl"));
  const set = await readTrainingSet(corpus, recipe, { holdOut: 0, minLabelDocuments: 1, onText }, () => undefined);
  return { encoder, set, pieces: collector.finish(), heldOut: planEncoderFold(set) };
}

/** The CPU, with a pause before each of its first runs. */
export function slow(): Promise<Engine> {
  let pauses = 2;
  return cpuThatRuns((program) => async (feeds, accept) => {
    if (pauses-- > 0) await sleep(500);
    return program.run(feeds, accept);
  });
}

/** The CPU under another name. Its training step fails for good after `steps` of them, as a GPU does that is gone. */
export async function failing(name: EngineName, steps: number): Promise<Engine> {
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

/** The CPU under the name of a GPU that is gone after so many batches of an embedding. */
export function failingToEmbed(batches: number): Promise<Engine> {
  let left = batches;
  const runOf =
    (program: Program): Program["run"] =>
    async (feeds, accept) => {
      if (feeds.has("input_ids") && --left < 0) throw new EngineError("the webgpu engine failed: device lost");
      return program.run(feeds, accept);
    };
  return cpuThatRuns(runOf, "webgpu");
}

/** The CPU, whose `step`th training step says `value` in place of one of its results. */
export function unsound(step: number, name: string, value: number): Promise<Engine> {
  const spoilt: HostTensor = { type: "float32", shape: [1], data: Float32Array.of(value) };
  let left = step;
  return cpuThatRuns((program) => async (feeds, accept) => {
    const isIt = accept !== undefined && --left === 0;
    const seen = (results: Tensors) => (isIt ? new Map(results).set(name, spoilt) : results);
    return seen(await program.run(feeds, accept && ((results) => accept(seen(results)))));
  });
}

/** The CPU, all of whose programs run as `runOf` says. */
async function cpuThatRuns(runOf: (program: Program) => Program["run"], name: EngineName = "cpu"): Promise<Engine> {
  const engine = await newOrtEngine("cpu", { threads: 1 });
  return {
    name,
    description: engine.description,
    async load(graph, state) {
      const program = await engine.load(graph, state);
      return {
        run: runOf(program),
        readState: (names) => program.readState(names),
        writeState: (values) => program.writeState(values),
        dispose: () => program.dispose(),
      };
    },
    dispose: () => engine.dispose(),
  };
}
