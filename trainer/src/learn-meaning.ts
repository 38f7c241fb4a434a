// What one encoder makes of the corpus: it is fine-tuned, its embedding is weighed beside TF-IDF on documents that it has
// not seen, and trees with rankers are learnt on both.
import path from "node:path";
import type { EncoderContent, MemberContent } from "@tagwright/model/internals";
import type { Judged } from "./calibrate/calibrate.ts";
import { interpolate, type KeptShare, keepShare } from "./calibrate/keep-share.ts";
import { besideWords, judgeAll, type WeighedEmbedding, weighEmbedding } from "./calibrate/rehearse-embedding.ts";
import { type Quantised, tryQuantised } from "./calibrate/try-quantised.ts";
import { type Recipe, sharesTried, tunesAgain } from "./config.ts";
import type { RunningEngine } from "./encoder/engines/running-engine.ts";
import { bake, buildEncoder } from "./encoder/graph/bert.ts";
import type { Graph } from "./encoder/graph/graph.ts";
import { encodeOnnx } from "./encoder/graph/onnx.ts";
import { quantizeEncoder } from "./encoder/graph/quantize.ts";
import type { EncoderWeights, PretrainedEncoder } from "./encoder/source/pretrained.ts";
import type { Examples, TrainingSet } from "./features/training-set.ts";
import { againFolder, rankerFolder } from "./fine-tune/checkpoint.ts";
import { embedWith } from "./fine-tune/embed.ts";
import { keepEmbedding } from "./fine-tune/keep-embedding.ts";
import type { PieceRows } from "./fine-tune/pieces.ts";
import { learnEncoder } from "./learn-encoder.ts";
import { createMeter } from "./meter.ts";
import type { ProgressEvent } from "./progress.ts";
import { keepAnswers, secondsKept } from "./ranker/keep-answers.ts";
import { learnMembers } from "./ranker/learn-members.ts";
import type { WorkerPool } from "./ranker/worker-pool.ts";
import type { TrainContext } from "./train.ts";

/** An encoder with what it reads and how it learns. */
export interface EncoderTask {
  readonly pretrained: PretrainedEncoder;
  /** The corpus, cut by its tokenizer. */
  readonly pieces: PieceRows;
  /** With its own seed. */
  readonly recipe: Recipe;
  /** Where its checkpoints are kept, and whether it goes on from the last one: see `learnEncoder`. */
  readonly checkpoints: string;
  readonly resume: boolean | undefined;
  /** Says which encoder of several it is, for people; empty for the only one. */
  readonly called: string;
}

export interface EncoderRun {
  readonly engines: RunningEngine;
  readonly pool: WorkerPool;
  readonly threads: number;
  readonly freeze: boolean;
  readonly checkpointSteps?: number | undefined;
  /** In bytes: see `learnEncoder`. */
  readonly memoryLimit?: number | undefined;
  readonly context: TrainContext;
}

export type Tried = WeighedEmbedding["tried"][number];

/** An encoder that knows the corpus, with its trees. */
export interface LearntMeaning {
  readonly encoder: EncoderContent;
  readonly members: readonly MemberContent[];
  /** TF-IDF with the embedding as dense block, as the trees read it. */
  readonly set: TrainingSet;
  /** What a model that has not learnt from them suggests for the held-out documents. */
  readonly judged: readonly Judged[];
  /** How much of what fine-tuning changed is in the encoder's weights: 1 is all, 0 none. */
  readonly kept: number;
  /** Whether it was fine-tuned once more, on all documents. */
  readonly isTunedAgain: boolean;
  /** Held-out figures with the embedding at the weight that was taken; none where nothing was held out. */
  readonly reached: Tried | undefined;
  /** The same with TF-IDF alone. */
  readonly words: Tried | undefined;
}

/**
 * @param words figures of TF-IDF alone, where they are known; else they are found out
 * @param depth suggestions for each held-out document; undefined: as many as calibration needs
 */
export async function learnMeaning(
  task: EncoderTask,
  set: TrainingSet,
  heldOut: Uint32Array,
  given: EncoderRun,
  words?: Tried,
  depth?: number,
): Promise<LearntMeaning> {
  const { pretrained, pieces, recipe, called, checkpoints, resume } = task;
  const { engines, pool: workers, threads, freeze, context, ...bounds } = given;
  const { onProgress, signal } = context;
  let hasSaved = false;
  const watch = (event: ProgressEvent) => {
    hasSaved ||= event.type === "checkpoint";
    onProgress(event);
  };
  const isAgain = !freeze && heldOut.length > 0 && tunesAgain(recipe.tuning, pieces.numDocuments);
  const run = { ...bounds, pool: workers, freeze, onProgress: watch, signal };
  // The engine after one that was lost goes on from what this run has saved. What lies there from before is the user's to
  // resume, or not, on each of them.
  const learnt = await engines.run((engine) => {
    const first = { ...run, engine, checkpoints, resume: hasSaved || resume, turn: { number: 0, of: isAgain ? 2 : 1 } };
    return learnEncoder(pretrained, set, pieces, heldOut, recipe, first);
  });
  const pool = keepAnswers(workers, rankerFolder(checkpoints), { seconds: secondsKept(bounds.checkpointSteps) });
  const meters = {
    ranker: createMeter("ranker", "clusters", onProgress),
    judged: createMeter("calibrate", "documents", onProgress),
  };
  const triesWords = words === undefined;
  const tuned = await weighEmbedding(set, learnt.embeddings, heldOut, recipe, pool, meters, signal, triesWords);
  const found = { weights: learnt.weights, weighed: tuned };
  const kept = await keepWhatHelps(task, set, heldOut, found, { ...given, pool }, meters);
  const { weighed } = kept;
  const reached = weighed.tried.find((it) => it.weight === weighed.weight);
  const alone = words ?? tuned.tried.find((it) => it.weight === 0);
  if (alone !== undefined && reached !== undefined) sayWhatMeaningAdds(alone, reached, called, onProgress);
  const rehearsed = bake(buildEncoder(pretrained.shape), kept.weights);
  const maxPieces = Math.min(recipe.tuning.maxPieces, pretrained.maxPieces);
  const quantised = await tryQuantised(rehearsed, weighed, pieces, recipe, maxPieces, threads, signal);
  if (quantised !== undefined)
    onProgress({ type: "log", level: "info", message: `${called}${describeQuantised(quantised)}` });
  const { weight } = weighed;
  const isTunedAgain = isAgain && kept.share > 0;
  const final = isTunedAgain ? await tuneAgain(task, set, kept, run, engines) : { ...kept, set: weighed.set };
  const graph = isTunedAgain ? bake(buildEncoder(pretrained.shape), final.weights) : rehearsed;
  const int8 = quantised?.graph && (isTunedAgain ? quantizeEncoder(graph) : quantised.graph);
  const judged =
    depth === undefined ? weighed.judged : await judgeAll(weighed.rehearsed, recipe, () => undefined, signal, depth);
  return {
    encoder: encoderContent(pretrained, weight, recipe, graph, int8),
    members: await learnAll(final.set, recipe, pool, context),
    set: final.set,
    judged,
    reached,
    kept: freeze ? 0 : kept.share,
    isTunedAgain,
    words: alone,
  };
}

/** Tries the published weights, and those between, beside the tuned ones, where the corpus is small enough to need it. */
async function keepWhatHelps(
  task: EncoderTask,
  set: TrainingSet,
  heldOut: Uint32Array,
  tuned: Pick<KeptShare, "weights" | "weighed">,
  { engines, pool, freeze, context: { onProgress, signal } }: EncoderRun,
  meters: Parameters<typeof weighEmbedding>[5],
): Promise<KeptShare> {
  const { pretrained, pieces, recipe, called } = task;
  const { shape } = pretrained;
  const { tuning } = recipe;
  const shares = freeze || heldOut.length === 0 ? [] : sharesTried(tuning, pieces.numDocuments);
  const kept = await keepShare(shares, pretrained.weights, tuned, async (weights, share) => {
    const values = await embedAll(task, weights, `share-${share}`, engines, onProgress, signal);
    return weighEmbedding(set, { width: shape.hidden, values }, heldOut, recipe, pool, meters, signal, false);
  });
  if (shares.length > 0) onProgress({ type: "log", level: "info", message: `${called}${describeKept(kept)}` });
  return kept;
}

/** Fine-tunes once more, on all documents: what held-out ones have decided, the weight and the share, holds for it, too. */
async function tuneAgain(
  task: EncoderTask,
  set: TrainingSet,
  { share, weighed: { weight } }: KeptShare,
  run: Omit<Parameters<typeof learnEncoder>[5], "engine" | "checkpoints">,
  engines: RunningEngine,
): Promise<{ weights: EncoderWeights; set: TrainingSet }> {
  const { pretrained, pieces, recipe, called, checkpoints } = task;
  const { onProgress, signal } = run;
  onProgress({ type: "log", level: "info", message: `${called}tunes once more, on all documents` });
  const again = { ...run, checkpoints: againFolder(checkpoints), turn: { number: 1, of: 2 } };
  const learnt = await engines.run((engine) =>
    learnEncoder(pretrained, set, pieces, new Uint32Array(0), recipe, { ...again, engine }),
  );
  if (share === 1) return { weights: learnt.weights, set: besideWords(set, learnt.embeddings, weight, recipe) };
  const weights = interpolate(pretrained.weights, learnt.weights, share);
  const values = await embedAll(task, weights, `again-${share}`, engines, onProgress, signal);
  return { weights, set: besideWords(set, { width: learnt.embeddings.width, values }, weight, recipe) };
}

/**
 * The embedding of all documents with these weights, kept under `name` beside what the ranker learns. The engine after one
 * that was lost goes on from what is kept.
 */
export function embedAll(
  { pretrained: { shape }, pieces, recipe, checkpoints }: EncoderTask,
  weights: EncoderWeights,
  name: string,
  engines: RunningEngine,
  onProgress: TrainContext["onProgress"],
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { maxPieces } = recipe.tuning;
  const meter = createMeter("encode", "passages", onProgress);
  const kept = { weights, pieces, maxPieces, hidden: shape.hidden };
  const folder = path.join(rankerFolder(checkpoints), name);
  return engines.run((engine) =>
    keepEmbedding(folder, kept, (part) => embedWith(engine, shape, weights, pieces, maxPieces, meter, signal, part)),
  );
}

/** The trees of the final model, with progress. */
export async function learnAll(
  examples: Examples,
  recipe: Recipe,
  pool: WorkerPool,
  { onProgress, signal }: TrainContext,
): Promise<MemberContent[]> {
  const progress = {
    tree: createMeter("tree", "trees", onProgress),
    ranker: createMeter("ranker", "clusters", onProgress),
  };
  return learnMembers(examples, recipe, pool, progress, signal);
}

function encoderContent(
  pretrained: PretrainedEncoder,
  weight: number,
  { tuning }: Recipe,
  graph: Graph,
  quantised: Graph | undefined,
): EncoderContent {
  const { name, shape, origin, licence, tokenizer, tokenizerConfig } = pretrained;
  return {
    name,
    hidden: shape.hidden,
    weight,
    pooling: shape.pooling,
    maxPieces: Math.min(tuning.maxPieces, pretrained.maxPieces),
    passages: tuning.passages,
    origin,
    licence,
    onnx: encodeOnnx(graph),
    ...(quantised && { int8: encodeOnnx(quantised) }),
    tokenizer,
    tokenizerConfig,
  };
}

function describeKept({ share, tried }: KeptShare): string {
  const percent = (part: number, digits = 0) => `${(100 * part).toFixed(digits)} %`;
  const figures = tried.map((it) => `${percent(it.ndcg, 1)} with ${percent(it.share)}`).join(", ");
  const kept = share === 0 ? "nothing: the encoder stays as it was published" : percent(share);
  return `of what fine-tuning changed, the model keeps ${kept}; held-out nDCG at 5: ${figures}`;
}

function describeQuantised({ graph, precision: { float, int8 } }: Quantised): string {
  const percent = (share: number) => (100 * share).toFixed(2);
  const figures = `held-out precision at 1 with 8-bit weights ${percent(int8)} %, without ${percent(float)} %`;
  return `${figures}: the model answers ${graph === undefined ? "without" : "with"} them`;
}

function sayWhatMeaningAdds(words: Tried, taken: Tried, called: string, onProgress: TrainContext["onProgress"]): void {
  const percent = (share: number) => (100 * share).toFixed(1);
  const message =
    `${called}held-out precision at 1: ${percent(words.precision)} % from words alone, ${percent(taken.precision)} % with ` +
    `the encoder (weight ${taken.weight}); nDCG at 5: ${percent(words.ndcg)} and ${percent(taken.ndcg)} %`;
  onProgress({ type: "log", level: "info", message });
  if (taken.ndcg >= words.ndcg) return;
  const cure = `the encoder does not help on this corpus; train without ${called === "" ? "an encoder" : "it"}`;
  onProgress({ type: "log", level: "warning", message: `${called}${cure}` });
}
