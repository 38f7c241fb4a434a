// The recipe: a corpus in, a model folder out. XR-Linear (Yu et al., JMLR 2022) on TF-IDF, or with an encoder
// XR-Transformer (Zhang et al., NeurIPS 2021): fine-tuned level by level over the label tree, its embedding stands beside
// TF-IDF. Calibrated on documents that the model had not seen. Everything random comes from one seed.
import os from "node:os";
import type { TagOptions } from "@tagwright/documents";
import {
  type Loss,
  lockModelFolder,
  type MemberContent,
  newPieceTokenizer,
  readPassages,
  writeModelFolder,
} from "@tagwright/model/internals";
import { calibrate } from "./calibrate/calibrate.ts";
import { planEncoderFold } from "./calibrate/folds.ts";
import { rehearse } from "./calibrate/rehearse.ts";
import { type WeighedEmbedding, weighEmbedding } from "./calibrate/rehearse-embedding.ts";
import { type Quantised, tryQuantised } from "./calibrate/try-quantised.ts";
import { type FeatureChoice, type Preset, type Recipe, recipeFor, type Schedule, type TreeShape } from "./config.ts";
import type { Corpus } from "./corpus/corpus.ts";
import { CorpusError } from "./corpus/corpus-error.ts";
import { openCorpus } from "./corpus/open-corpus.ts";
import { describeModel, flatten } from "./describe-model.ts";
import { chooseEngine, type EngineChoice } from "./encoder/engines/choose.ts";
import { bake, buildEncoder } from "./encoder/graph/bert.ts";
import type { Graph } from "./encoder/graph/graph.ts";
import type { PretrainedEncoder } from "./encoder/source/pretrained.ts";
import type { Metrics } from "./eval/metrics.ts";
import type { Examples, TrainingSet } from "./features/training-set.ts";
import { checkpointFolder, removeCheckpoints } from "./fine-tune/checkpoint.ts";
import { checkMemory, estimateTuning, measureStep } from "./fine-tune/estimate.ts";
import { newPieceCollector, type PieceCollector } from "./fine-tune/pieces.ts";
import { newTrial } from "./fine-tune/trial.ts";
import { type LearntEncoder, learnEncoder } from "./learn-encoder.ts";
import { createMeter } from "./meter.ts";
import type { ProgressEvent } from "./progress.ts";
import { learnMembers } from "./ranker/learn-members.ts";
import { newWorkerPool, type WorkerPool } from "./ranker/worker-pool.ts";

export interface TrainOptions {
  /** Folder of documents, JSON Lines file or Extreme Classification folder. */
  readonly corpus: string;
  readonly out: string;
  /** A pre-trained encoder to fine-tune on the corpus; undefined: TF-IDF alone. */
  readonly encoder?: PretrainedEncoder | undefined;
  readonly preset: Preset;
  readonly tree?: TreeShape;
  /** Default `auto`. */
  readonly features?: FeatureChoice;
  readonly threads?: number;
  readonly seed?: number;
  /** Of the ranker. Default squared hinge. */
  readonly loss?: Loss;
  /** Labels with fewer documents are dropped. Default 1. */
  readonly minLabelDocuments?: number;
  /** Percentage of documents left out for `evaluate --holdout`. Default 0. */
  readonly holdOut?: number;
  readonly tagOptions?: TagOptions;
  /** What runs the encoder. Default `auto`. */
  readonly engine?: EngineChoice;
  /** Default `recursive`. */
  readonly schedule?: Schedule;
  /** The encoder stays as it was published. */
  readonly freeze?: boolean;
  /** Goes on from the last checkpoint of the same run. */
  readonly resume?: boolean;
  /** Steps between two checkpoints; default: about a minute. */
  readonly checkpointSteps?: number;
  /** Bound on the run's memory in MiB. Default: the machine's. */
  readonly memoryLimit?: number;
  /** Documents a step of the encoder; default: the preset's. */
  readonly batch?: number;
  /** Word pieces that the encoder reads of a text; default: the preset's, and never more than the encoder can. */
  readonly maxPieces?: number;
}

export interface TrainContext {
  readonly onProgress: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly out: string;
  readonly numLabels: number;
  readonly numDocuments: number;
  /** On documents the model had not seen; undefined where the corpus is too small to hold any out. */
  readonly metrics: Metrics | undefined;
}

/**
 * Trains and writes the model; the one that is there stays whole until the new one is, and beside it after that.
 * @throws CorpusError, EngineError, CheckpointError, ModelFolderError, ModelBusyError, ModelWriteError; the signal's
 *   reason when aborted.
 */
export async function train(options: TrainOptions, context: TrainContext): Promise<TrainResult> {
  const started = performance.now();
  const { onProgress, signal } = context;
  const { encoder } = options;
  const given = recipeFor(options.preset, options.seed ?? 0, options);
  const release = await lockModelFolder(options.out);
  let pool: WorkerPool | undefined;
  try {
    onProgress({ type: "start", command: "train", corpus: options.corpus, out: options.out });
    const corpus = await openCorpus(options.corpus, { ...(options.tagOptions && { tagOptions: options.tagOptions }) });
    pool = newWorkerPool(options.threads ?? os.availableParallelism());
    const reader = encoder && newPieceReader(encoder, given, corpus);
    const rehearsed = await rehearse(corpus, given, { ...options, ...reader }, pool, onProgress, signal);
    const { recipe } = rehearsed;
    const learnt =
      encoder && reader && (await learnMeaning(encoder, reader.pieces, rehearsed.set, recipe, options, pool, context));
    const { set, judged } = learnt?.weighed ?? rehearsed;
    const members =
      (learnt === undefined ? rehearsed.members : undefined) ?? (await learnAll(set, recipe, pool, context));
    const calibrated = calibrate(set, judged);

    const content = await describeModel(options, recipe, corpus, set, members, calibrated, judged.length, learnt);
    await writeModelFolder(options.out, content, {
      onProgress: createMeter("write", "bytes", onProgress),
      ...(signal && { signal }),
    });
    if (learnt !== undefined) await removeCheckpoints(checkpointFolder(options.out));
    const metrics = judged.length > 0 ? calibrated.metrics : undefined;
    if (metrics !== undefined) onProgress({ type: "metrics", metrics: flatten(metrics) });
    const numLabels = set.labelIds.length;
    const numDocuments = set.statistics.documents;
    const seconds = (performance.now() - started) / 1000;
    onProgress({ type: "done", out: options.out, labels: numLabels, documents: numDocuments, seconds });
    return { out: options.out, numLabels, numDocuments, metrics };
  } finally {
    await pool?.dispose();
    await release();
  }
}

/** An encoder that knows the corpus, and how much it counts beside TF-IDF. */
export interface LearntMeaning extends LearntEncoder {
  readonly pretrained: PretrainedEncoder;
  readonly weighed: WeighedEmbedding;
  /** The inference graph with its weights; and with 8-bit ones, where these are no worse. */
  readonly graph: Graph;
  readonly quantised: Graph | undefined;
}

/** Fine-tunes the encoder, embeds all documents, and weighs the embedding on those that the encoder has not seen. */
async function learnMeaning(
  pretrained: PretrainedEncoder,
  collector: PieceCollector,
  set: TrainingSet,
  recipe: Recipe,
  options: TrainOptions,
  pool: WorkerPool,
  { onProgress, signal }: TrainContext,
): Promise<LearntMeaning> {
  const { out, threads = os.availableParallelism(), resume = false, freeze = false, checkpointSteps } = options;
  const { tuning } = recipe;
  const trial = newTrial(pretrained.shape, pretrained.weights, tuning);
  const { engine, reason, notes } = await chooseEngine(options.engine ?? "auto", trial, { threads });
  try {
    onProgress({ type: "engine", name: engine.name, description: engine.description, reason });
    for (const message of notes) onProgress({ type: "log", level: "warning", message });
    const pieces = collector.finish();
    const cost = await measureStep(engine, pretrained.shape, pretrained.weights, tuning);
    const estimate = estimateTuning(pieces, set.labelIds.length, pretrained.shape, tuning, cost, freeze);
    const size = { documents: set.statistics.documents, labels: set.labelIds.length };
    onProgress({ type: "estimate", ...estimate, ...size });
    const limit = (options.memoryLimit ?? os.totalmem() / 2 ** 20) * 2 ** 20;
    checkMemory(estimate, pretrained.shape, tuning, freeze, limit);
    const heldOut = planEncoderFold(set);
    const run = { engine, pool, out, resume, freeze, checkpointSteps, onProgress, signal };
    const learnt = await learnEncoder(pretrained, set, pieces, heldOut, recipe, run);
    const meters = {
      ranker: createMeter("ranker", "clusters", onProgress),
      judged: createMeter("calibrate", "documents", onProgress),
    };
    const weighed = await weighEmbedding(set, learnt.embeddings, heldOut, recipe, pool, meters, signal);
    sayWhatMeaningAdds(weighed, onProgress);
    const graph = bake(buildEncoder(pretrained.shape), learnt.weights);
    const maxPieces = Math.min(tuning.maxPieces, pretrained.maxPieces);
    const quantised = await tryQuantised(graph, weighed, pieces, recipe, maxPieces, threads, signal);
    if (quantised !== undefined) onProgress({ type: "log", level: "info", message: describeQuantised(quantised) });
    return { ...learnt, pretrained, weighed, graph, quantised: quantised?.graph };
  } finally {
    await engine.dispose();
  }
}

async function learnAll(
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

/** Cuts each text that is read into the encoder's pieces. @throws CorpusError where the corpus has no texts. */
function newPieceReader(encoder: PretrainedEncoder, { tuning }: Recipe, corpus: Corpus) {
  if (corpus.numFeatures !== undefined)
    throw new CorpusError(
      `${corpus.path}: texts for the encoder to read expected, ready-made features found; train with --encoder none, ` +
        "or give the corpus in its raw-text form",
    );
  const tokenizer = newPieceTokenizer(encoder.tokenizer, encoder.tokenizerConfig);
  const pieces = newPieceCollector();
  const maxPieces = Math.min(tuning.maxPieces, encoder.maxPieces);
  const onText = (text: string) =>
    pieces.add(readPassages(text, tokenizer, { maxPieces, passages: tuning.passages }).passages);
  return { pieces, onText };
}

function describeQuantised({ graph, precision: { float, int8 } }: Quantised): string {
  const percent = (share: number) => (100 * share).toFixed(2);
  const figures = `held-out precision at 1 with 8-bit weights ${percent(int8)} %, without ${percent(float)} %`;
  return `${figures}: the model answers ${graph === undefined ? "without" : "with"} them`;
}

function sayWhatMeaningAdds({ weight, tried }: WeighedEmbedding, onProgress: TrainContext["onProgress"]): void {
  const alone = tried.find((it) => it.weight === 0);
  const taken = tried.find((it) => it.weight === weight);
  if (alone === undefined || taken === undefined) return;
  const percent = (share: number) => (100 * share).toFixed(1);
  const message =
    `held-out precision at 1: ${percent(alone.precision)} % from words alone, ${percent(taken.precision)} % with the ` +
    `encoder (weight ${weight}); nDCG at 5: ${percent(alone.ndcg)} and ${percent(taken.ndcg)} %`;
  onProgress({ type: "log", level: "info", message });
  if (taken.ndcg < alone.ndcg) {
    const cure = "the encoder does not help on this corpus; train with --encoder none";
    onProgress({ type: "log", level: "warning", message: cure });
  }
}
