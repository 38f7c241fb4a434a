// The encoder's part of the recipe: a preliminary tree from TF-IDF, the recursion over its levels, and an embedding of every
// document. What the encoder must not see, to keep the figures honest, it does not see.
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { type Recipe, tuningLoss } from "./config.ts";
import { disposeQuietly, type Engine } from "./encoder/engines/engine.ts";
import type { EncoderWeights, PretrainedEncoder } from "./encoder/source/pretrained.ts";
import { allExcept, selectExamples, type TrainingSet } from "./features/training-set.ts";
import {
  againFolder,
  type Checkpoint,
  CheckpointError,
  embeddingFolder,
  hasCheckpoint,
  levelStartFolder,
  loadCheckpoint,
  rankerFolder,
  saveCheckpoint,
} from "./fine-tune/checkpoint.ts";
import type { EmbeddingPart } from "./fine-tune/embed.ts";
import { type FineTuneHooks, fineTune } from "./fine-tune/fine-tune.ts";
import { keepEmbedding } from "./fine-tune/keep-embedding.ts";
import { type PieceRows, selectPieces } from "./fine-tune/pieces.ts";
import { embeddedState, type RunState, readEmbedded, restoreTuning, tuningState } from "./fine-tune/run-state.ts";
import { newTunedEncoder, type TunedEncoder } from "./fine-tune/tuned-encoder.ts";
import { MemoryLimitError } from "./memory-limit.ts";
import { createMeter } from "./meter.ts";
import type { ProgressEvent } from "./progress.ts";
import { childSeed } from "./random.ts";
import { keepAnswers, secondsKept } from "./ranker/keep-answers.ts";
import type { WorkerPool } from "./ranker/worker-pool.ts";
import { buildTree } from "./tree/build-tree.ts";
import { labelEmbedding } from "./tree/label-embedding.ts";

export interface EncoderRun {
  readonly engine: Engine;
  readonly pool: WorkerPool;
  /** Where its checkpoints are kept. */
  readonly checkpoints: string;
  /**
   * Whether it goes on from the last checkpoint. Undefined: where there is one of this very run, and else that of another
   * run stays until this one writes its own. False: as if there were none.
   */
  readonly resume?: boolean | undefined;
  /** The encoder stays as it was published. */
  readonly freeze: boolean;
  /** Which of several fine-tunings of one encoder it is: their levels are told one after the other. Default: the only one. */
  readonly turn?: { readonly number: number; readonly of: number };
  /** Steps, or batches of an embedding, between two checkpoints; undefined: about a minute. A level's end is always one. */
  readonly checkpointSteps?: number | undefined;
  /** Bytes of memory that this process may have in use while it fine-tunes and embeds. */
  readonly memoryLimit?: number | undefined;
  readonly onProgress: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface LearntEncoder {
  readonly weights: EncoderWeights;
  /** Of all documents of the set, [documents, width]. */
  readonly embeddings: { readonly width: number; readonly values: Float32Array };
}

/** Steps and seconds between two checkpoints, whichever is later, where no number of steps is asked for. */
const CHECKPOINT_STEPS = 20;
const CHECKPOINT_SECONDS = 60;
const SECONDS_BETWEEN_STEPS_SHOWN = 0.25;

/**
 * Fine-tunes `pretrained` on all documents but `heldOut`, and embeds them all.
 * @throws EngineError, CheckpointError, MemoryLimitError; the signal's reason when aborted. The last checkpoint stays.
 */
export async function learnEncoder(
  pretrained: PretrainedEncoder,
  set: TrainingSet,
  pieces: PieceRows,
  heldOut: Uint32Array,
  recipe: Recipe,
  run: EncoderRun,
): Promise<LearntEncoder> {
  const { engine, freeze, onProgress, signal } = run;
  const { shape } = pretrained;
  const { tuning } = recipe;
  const fingerprint = fingerprintOf(pretrained, set, pieces, heldOut, recipe, freeze);
  const forget = (folder: string) => rm(folder, { recursive: true, force: true });
  if (run.resume === false)
    for (const folder of [embeddingFolder, levelStartFolder, againFolder]) await forget(folder(run.checkpoints));
  const saved = await findCheckpoint(run, fingerprint);
  const embedded = saved && readEmbedded(saved, pretrained, set.features.numRows);
  if (embedded !== undefined) return embedded;

  let isFirst = saved === undefined;
  const keep = async (state: RunState, step = 0) => {
    // With the checkpoint of another run goes what it has learnt after that.
    if (isFirst) for (const folder of [rankerFolder, againFolder]) await forget(folder(run.checkpoints));
    isFirst = false;
    const path = await saveCheckpoint(run.checkpoints, { fingerprint, ...state });
    await forget(levelStartFolder(run.checkpoints));
    onProgress({ type: "checkpoint", path, step });
  };
  const loss = tuningLoss(tuning, set.labelIds.length, set.labels.labels.length);
  const encoder = await newTunedEncoder(engine, shape, pretrained.weights, { ...tuning, loss });
  try {
    if (!freeze) await tune(encoder, pretrained, set, pieces, heldOut, recipe, run, keep, saved);
    const meter = createMeter("encode", "passages", onProgress);
    const weights = await encoder.weights();
    const task = { weights, pieces, maxPieces: tuning.maxPieces, hidden: shape.hidden };
    const embed = (part: EmbeddingPart) =>
      encoder.embed(pieces, tuning.maxPieces, "all", meter, signal, within(part, run.memoryLimit));
    const values = await keepEmbedding(embeddingFolder(run.checkpoints), task, embed, run.checkpointSteps);
    const learnt = { weights, embeddings: { width: shape.hidden, values } };
    await keep(embeddedState(learnt, freeze));
    await forget(embeddingFolder(run.checkpoints));
    return learnt;
  } finally {
    await disposeQuietly(encoder);
  }
}

/** The last checkpoint, where this run goes on from it. @throws CheckpointError where it must and cannot. */
async function findCheckpoint(
  { checkpoints: folder, resume, onProgress }: EncoderRun,
  fingerprint: string,
): Promise<Checkpoint | undefined> {
  if (resume === false) return undefined;
  const say = (level: "info" | "warning", message: string) => onProgress({ type: "log", level, message });
  try {
    const saved = await loadCheckpoint(folder, fingerprint);
    if (saved !== undefined) say("info", `goes on from the checkpoint of the same run in ${folder}`);
    else if (resume && !(await hasCheckpoint(folder)))
      say("warning", `no checkpoint in ${folder}: training starts anew`);
    return saved;
  } catch (error) {
    if (resume || !(error instanceof CheckpointError)) throw error;
    const what = "training starts anew, and keeps that checkpoint until it writes its own";
    say("warning", `${error.finding}: ${what}`);
    return undefined;
  }
}

async function tune(
  encoder: TunedEncoder,
  { shape }: PretrainedEncoder,
  set: TrainingSet,
  pieces: PieceRows,
  heldOut: Uint32Array,
  recipe: Recipe,
  {
    checkpoints,
    pool,
    turn = { number: 0, of: 1 },
    onProgress,
    signal,
    checkpointSteps,
    memoryLimit = Number.POSITIVE_INFINITY,
  }: EncoderRun,
  keep: (state: RunState, step?: number) => Promise<void>,
  saved: Checkpoint | undefined,
): Promise<void> {
  const rest = allExcept(heldOut, set.features.numRows);
  const examples = selectExamples(set, rest);
  const embedding = labelEmbedding(examples.features, examples.labels, recipe.tree.labelEntries);
  const { branching, leafSize } = recipe.tuning;
  const shaped = { shape: "balanced", branching, leafSize } as const;
  const tree = await buildTree(embedding, shaped, childSeed(recipe.seed, 0x5000), signal);
  const judgedBy = heldOut.slice(0, QUALITY_DOCUMENTS);
  const input = {
    examples,
    pieces: selectPieces(pieces, rest),
    tree,
    shape,
    heldOut: { examples: selectExamples(set, judgedBy), pieces: selectPieces(pieces, judgedBy) },
  };
  const resumed = saved && (await restoreTuning(encoder, saved));
  if (resumed === "done") return;
  let meter = createMeter("tune", "steps", onProgress);
  let embedMeter = createMeter("encode", "documents", onProgress);
  /** The rate counts from the end of a level's first step: what comes before it is no step. */
  let first: number | undefined;
  let documents = 0;
  let shown = 0;
  let before = 0;
  let savedAt = { time: performance.now(), step: 0 };
  const hooks: FineTuneHooks = {
    onLevel(level, levels, nodes) {
      before = turn.number * levels;
      onProgress({ type: "level", level: before + level, levels: turn.of * levels, nodes });
      meter = createMeter("tune", "steps", onProgress);
      embedMeter = createMeter("encode", "documents", onProgress);
      first = undefined;
      savedAt = { time: performance.now(), step: 0 };
    },
    async onStep(level, report, now) {
      const time = performance.now();
      documents = first === undefined ? 0 : documents + report.documents;
      first ??= time;
      const { step, numSteps: steps, loss, rate } = report;
      const documentsPerSecond = time > first ? (documents * 1000) / (time - first) : 0;
      if (report.isUndone) {
        const what = "the loss or its gradient was not a finite number";
        const message = `step ${step}: ${what}; the step was undone and the learning rate halved`;
        onProgress({ type: "log", level: "warning", message });
      }
      if (time - shown > SECONDS_BETWEEN_STEPS_SHOWN * 1000 || step === steps) {
        onProgress({ type: "step", level: before + level, step, steps, loss, rate, documentsPerSecond });
        shown = time;
      }
      meter(step, steps);
      const isLate = checkpointSteps !== undefined || time - savedAt.time >= CHECKPOINT_SECONDS * 1000;
      const isDue = isLate && step - savedAt.step >= (checkpointSteps ?? CHECKPOINT_STEPS);
      const used = process.memoryUsage.rss();
      if (!isDue && step !== steps && used <= memoryLimit) return;
      await keep(await tuningState(encoder, now), step);
      savedAt = { time: performance.now(), step };
      if (used > memoryLimit) throw stopped(before + level, step, used, memoryLimit, recipe);
    },
    onQuality(level, value) {
      onProgress({ type: "quality", level: before + level, metric: "precision@1", value });
    },
    onEmbedded: (done, total) => embedMeter(done, total),
    async keepEmbedding(maxPieces, make) {
      const task = { weights: await encoder.weights(), pieces: input.pieces, maxPieces, hidden: shape.hidden };
      const embed = (part: EmbeddingPart) => make(within(part, memoryLimit));
      return keepEmbedding(embeddingFolder(checkpoints), task, embed, checkpointSteps);
    },
  };
  const keeping = keepAnswers(pool, levelStartFolder(checkpoints), { seconds: secondsKept(checkpointSteps) });
  await fineTune(input, encoder, recipe, keeping, hooks, signal, resumed);
  await keep(await tuningState(encoder, "done"));
}

/** The same part, which ends with a MemoryLimitError where the process takes more than it may. */
function within(part: EmbeddingPart, limit = Number.POSITIVE_INFINITY): EmbeddingPart {
  return {
    ...part,
    async keep(done) {
      const used = process.memoryUsage.rss();
      await part.keep(done, used > limit);
      if (used <= limit) return;
      const cure = "raise --memory-limit and train with the same command again, which goes on from what is kept";
      throw new MemoryLimitError("embedding all documents", limit, { used }, cure);
    },
  };
}

function stopped(level: number, step: number, used: number, limit: number, { tuning }: Recipe): MemoryLimitError {
  const smaller = tuning.batch > 1 ? `a smaller --batch than ${tuning.batch}` : "a smaller --max-pieces";
  const cure =
    `raise --memory-limit and go on from the checkpoint, which is written, with --resume; or start anew with ${smaller} ` +
    "and --no-resume";
  return new MemoryLimitError(`fine-tuning, level ${level + 1}, step ${step}`, limit, { used }, cure);
}

/** Held-out documents that are asked at the end of each level. */
const QUALITY_DOCUMENTS = 256;

/** Of everything that decides what is learnt, so that a run is only ever resumed by itself. */
function fingerprintOf(
  { origin, shape }: PretrainedEncoder,
  set: TrainingSet,
  pieces: PieceRows,
  heldOut: Uint32Array,
  recipe: Recipe,
  freeze: boolean,
): string {
  const hash = createHash("sha256").update(JSON.stringify([origin, shape, recipe, freeze, set.labelIds]));
  const { features, labels } = set;
  const arrays = [
    pieces.ids,
    pieces.start,
    pieces.passageStart,
    heldOut,
    labels.indptr,
    labels.labels,
    features.indptr,
    features.indices,
    features.values,
  ];
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
}
