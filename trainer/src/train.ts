// The recipe: a corpus in, a model folder out. XR-Linear (Yu et al., JMLR 2022) on TF-IDF, or with an encoder
// XR-Transformer (Zhang et al., NeurIPS 2021): fine-tuned level by level over the label tree, its embedding stands beside
// TF-IDF. Calibrated on documents that the model had not seen. Everything random comes from one seed.
import os from "node:os";
import type { TagOptions } from "@tagwright/documents";
import { type Combination, type Loss, lockModelFolder, writeModelFolder } from "@tagwright/model/internals";
import { calibrate } from "./calibrate/calibrate.ts";
import { rehearse } from "./calibrate/rehearse.ts";
import { type FeatureChoice, type Negatives, type Preset, recipeFor, type Schedule, type TreeShape } from "./config.ts";
import { openCorpus } from "./corpus/open-corpus.ts";
import { describeModel, flatten } from "./describe-model.ts";
import type { EngineChoice } from "./encoder/engines/choose.ts";
import type { PretrainedEncoder } from "./encoder/source/pretrained.ts";
import type { Metrics } from "./eval/metrics.ts";
import { checkpointFolder, removeCheckpoints, removeWords, wordsFolder } from "./fine-tune/checkpoint.ts";
import { type EncodersRun, newEncodersRun, newPieceReader } from "./learn-encoders.ts";
import { learnAll } from "./learn-meaning.ts";
import { createMeter } from "./meter.ts";
import type { ProgressEvent } from "./progress.ts";
import { boundMemory } from "./ranker/bound-memory.ts";
import { hasAnswers, type KeepOptions, keepAnswers, secondsKept } from "./ranker/keep-answers.ts";
import { newWorkerPool, type WorkerPool } from "./ranker/worker-pool.ts";

export interface TrainOptions {
  /** Folder of documents, JSON Lines file or Extreme Classification folder. */
  readonly corpus: string;
  readonly out: string;
  /**
   * A pre-trained encoder to fine-tune on the corpus, or several, each with a seed of its own and trees of its own; the same
   * one may come more than once. None: TF-IDF alone.
   */
  readonly encoder?: PretrainedEncoder | readonly PretrainedEncoder[] | undefined;
  /** How one ranking is made of several encoders'. Default `auto`: what is best on held-out documents. */
  readonly combine?: Combination | "auto";
  readonly preset: Preset;
  readonly tree?: TreeShape;
  /** Default `auto`. */
  readonly features?: FeatureChoice;
  readonly threads?: number;
  readonly seed?: number;
  /** Of the ranker. Default squared hinge. */
  readonly loss?: Loss;
  /** Of the ranker. Default `tfn`. */
  readonly negatives?: Negatives;
  /** Whether the labels of a document share its weight. Default false. */
  readonly induceRelevance?: boolean;
  /** Labels with fewer documents are dropped. Default 1. */
  readonly minLabelDocuments?: number;
  /** Percentage of documents left out for `evaluate --holdout`. Default 0. */
  readonly holdOut?: number;
  readonly tagOptions?: TagOptions;
  /** Globs that a folder of documents leaves out. Default: what its own settings of the editor say. */
  readonly exclude?: readonly string[];
  /** What runs the encoder. Default `auto`. */
  readonly engine?: EngineChoice;
  /** Default `recursive`. */
  readonly schedule?: Schedule;
  /** The encoder stays as it was published. */
  readonly freeze?: boolean;
  /** Whether it must go on from the last checkpoint, or must not; default: where there is one of the same run. */
  readonly resume?: boolean;
  /** Steps between two checkpoints; default: about a minute. */
  readonly checkpointSteps?: number;
  /** Bound on the run's memory in MiB. Default: the machine's. */
  readonly memoryLimit?: number;
  /** Documents a step of the encoder; default: the preset's. */
  readonly batch?: number;
  /** Word pieces that the encoder reads of a text; default: the preset's, and never more than the encoder can. */
  readonly maxPieces?: number;
  /** Passages of a long text that the encoder reads, each of `maxPieces`; default: the preset's. */
  readonly passages?: number;
  /** All of what fine-tuning changed is kept, also where held-out documents speak against it. */
  readonly keepAll?: boolean;
}

export interface TrainContext {
  readonly onProgress: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
  /** Room on the disk of a folder, undefined where it is not known; default: what the file system says. */
  readonly freeBytes?: (folder: string) => Promise<number | undefined>;
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
 * @throws CorpusError, MemoryLimitError, DiskSpaceError, EngineError, DivergenceError, CheckpointError, ModelFolderError,
 *   ModelBusyError, ModelWriteError; the signal's reason when aborted.
 */
export async function train(options: TrainOptions, context: TrainContext): Promise<TrainResult> {
  const started = performance.now();
  const { onProgress, signal } = context;
  const encoders = options.encoder === undefined ? [] : [options.encoder].flat();
  const given = recipeFor(options.preset, options.seed ?? 0, options);
  const release = await lockModelFolder(options.out);
  let pool: WorkerPool | undefined;
  let encoding: EncodersRun | undefined;
  try {
    onProgress({ type: "start", command: "train", corpus: options.corpus, out: options.out });
    const corpus = await openCorpus(options.corpus, {
      ...(options.tagOptions && { tagOptions: options.tagOptions }),
      ...(options.exclude && { exclude: options.exclude }),
    });
    pool = newWorkerPool(options.threads ?? os.availableParallelism());
    const bounded = options.memoryLimit === undefined ? pool : boundMemory(pool, options.memoryLimit * 2 ** 20);
    const kept = checkpointFolder(options.out);
    if (options.resume === false) await removeWords(kept);
    if (options.resume === true && encoders.length === 0 && !(await hasAnswers(wordsFolder(kept)))) {
      const message = `nothing learnt from words in ${wordsFolder(kept)}: training starts anew`;
      onProgress({ type: "log", level: "warning", message });
    }
    const ranking = keepAnswers(bounded, wordsFolder(kept), keeping(kept, options, onProgress));
    const reader = encoders.length > 0 ? newPieceReader(encoders, given, corpus) : undefined;
    encoding = reader && newEncodersRun(encoders, reader, given, options, context);
    const rehearsed = await rehearse(
      corpus,
      given,
      { ...options, ...reader, ...encoding },
      ranking,
      onProgress,
      signal,
    );
    const { recipe } = rehearsed;
    const learnt = await encoding?.learn(rehearsed, bounded);
    const { set, judged } = learnt ?? rehearsed;
    const members = (learnt ?? rehearsed).members ?? (await learnAll(set, recipe, ranking, context));
    const calibrated = calibrate(set, judged);

    const content = await describeModel(options, recipe, corpus, set, members, calibrated, judged.length, learnt);
    await writeModelFolder(options.out, content, {
      onProgress: createMeter("write", "bytes", onProgress),
      ...(signal && { signal }),
    });
    await (learnt === undefined ? removeWords(kept) : removeCheckpoints(kept));
    const metrics = judged.length > 0 ? calibrated.metrics : undefined;
    if (metrics !== undefined) onProgress({ type: "metrics", metrics: flatten(metrics) });
    const numLabels = set.labelIds.length;
    const numDocuments = set.statistics.documents;
    const seconds = (performance.now() - started) / 1000;
    onProgress({ type: "done", out: options.out, labels: numLabels, documents: numDocuments, seconds });
    return { out: options.out, numLabels, numDocuments, metrics };
  } finally {
    await encoding?.dispose();
    await pool?.dispose();
    await release();
  }
}

/** What is learnt from words is worth keeping, and no reason to fail. */
function keeping(
  folder: string,
  { checkpointSteps }: TrainOptions,
  onProgress: (event: ProgressEvent) => void,
): KeepOptions {
  return {
    seconds: secondsKept(checkpointSteps),
    onFound: () => {
      const message = `goes on from what the same run has learnt from words, in ${wordsFolder(folder)}`;
      onProgress({ type: "log", level: "info", message });
    },
    onRefused: ({ message }) =>
      onProgress({ type: "log", level: "warning", message: `${message}; a run that is cut off would start anew` }),
  };
}
