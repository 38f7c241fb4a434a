// XR-Transformer's recursion (Zhang et al., NeurIPS 2021, algorithm 1): one encoder learns the label tree level by level,
// coarse to fine. What it has learnt on a level gives the next one its candidates and the start of its head.
import type { LabelTree } from "@tagwright/model/internals";
import type { Recipe } from "../config.ts";
import type { EncoderShape } from "../encoder/source/pretrained.ts";
import type { Examples } from "../features/training-set.ts";
import { childSeed } from "../random.ts";
import type { WorkerPool } from "../ranker/worker-pool.ts";
import { NO_NODE } from "../ranker/worker-protocol.ts";
import { planBatches } from "./batches.ts";
import { CheckpointError } from "./checkpoint.ts";
import { bootstrapHead, predictCandidates, tuningData } from "./concat-model.ts";
import { jointLevel, newJointShortlist, nothingPredicted, predictGroups } from "./dynamic.ts";
import type { EmbeddingPart } from "./embed.ts";
import { type Head, headPrecision, randomHead } from "./head.ts";
import { type TuningLevel, tuningLevels } from "./levels.ts";
import type { PieceRows } from "./pieces.ts";
import { newShortlist, type PredictedNodes, type Shortlist } from "./shortlist.ts";
import { newFeeder } from "./step-feeds.ts";
import { newTable, type Table } from "./table.ts";
import { type LevelPosition, type StepReport, tuneLevel } from "./tune-level.ts";
import type { TunedEncoder } from "./tuned-encoder.ts";

export interface FineTuneInput {
  /** The documents that the encoder learns from: TF-IDF rows and labels. */
  readonly examples: Examples;
  readonly pieces: PieceRows;
  /** The preliminary tree, from TF-IDF alone. */
  readonly tree: LabelTree;
  readonly shape: EncoderShape;
  readonly heldOut: { readonly examples: Examples; readonly pieces: PieceRows };
}

/** Where a run stands; what a checkpoint holds besides the encoder itself. */
export interface TuningPosition {
  readonly level: number;
  readonly position: LevelPosition;
  readonly head: { readonly weights: Table; readonly bias: Table };
  readonly predicted: PredictedNodes | undefined;
}

/** What happens on the way; each call is awaited, and may throw to stop the run. */
export interface FineTuneHooks {
  onLevel(level: number, numLevels: number, numNodes: number): void;
  onStep(level: number, report: StepReport, now: TuningPosition): Promise<void>;
  /** At a level's start, now and then, and at its end; never where nothing is held out. */
  onQuality(level: number, precision: number): void;
  onEmbedded(done: number, total: number): void;
  /** Gives what `make` makes of all documents at a level's start, which it may keep on the way. Default: it keeps nothing. */
  keepEmbedding?(maxPieces: number, make: (part?: EmbeddingPart) => Promise<Float32Array>): Promise<Float32Array>;
}

/**
 * Fine-tunes `encoder` in place, as the schedule says: over the levels of the tree, on the last of them alone (`flat`), or
 * on the last two at once (`dynamic`, which is `flat` where the labels are the only level).
 * @throws EngineError where the device fails, DivergenceError where the loss stays infinite, CheckpointError where
 *   `resumed` does not fit; the signal's reason when aborted.
 */
export async function fineTune(
  input: FineTuneInput,
  encoder: TunedEncoder,
  recipe: Recipe,
  pool: WorkerPool,
  hooks: FineTuneHooks,
  signal?: AbortSignal,
  resumed?: TuningPosition,
): Promise<void> {
  const { examples, pieces, tree, shape } = input;
  const { tuning, seed } = recipe;
  const levels = tuningLevels(examples.labels, tree);
  if (tuning.schedule === "dynamic" && levels.length > 1)
    return fineTuneJointly(levels, input, encoder, recipe, hooks, signal, resumed);
  const tasks = taskLevels(levels, recipe);
  const data = tuningData(examples, tree);
  for (const [t, task] of tasks.entries()) {
    if (resumed !== undefined && task.level < resumed.level) continue;
    const goesOn = resumed?.level === task.level ? resumed : undefined;
    const above = t > 0 ? levels[task.level - 1] : undefined;
    if (goesOn !== undefined) checkPosition(goesOn, task.numNodes, above?.numNodes ?? 0, input);
    const maxPieces = t === tasks.length - 1 ? tuning.maxPieces : tuning.coarsePieces;
    hooks.onLevel(t, tasks.length, task.numNodes);
    let predicted = goesOn?.predicted;
    let start: Head | undefined;
    if (goesOn === undefined && tuning.schedule === "recursive") {
      const embed = (part?: EmbeddingPart) => encoder.embed(pieces, maxPieces, "first", hooks.onEmbedded, signal, part);
      const raw = await (hooks.keepEmbedding?.(maxPieces, embed) ?? embed());
      if (above !== undefined) predicted = await predictCandidates(data, tree, task.level, raw, recipe, pool, signal);
      start = await bootstrapHead(data, tree, task.level, raw, predicted, recipe, pool, signal);
    }
    const learnt = {
      task,
      shortlist: newShortlist(task, above, predicted),
      predicted,
      head: goesOn?.head ?? newHead(start ?? randomHead(task.numNodes, shape.hidden, childSeed(seed, task.level))),
      maxPieces,
      epochs: epochsOf(t, tasks.length, recipe),
    };
    const quality = () => heldOutPrecision(input, encoder, task, learnt.head, maxPieces, signal);
    await learnTask(t, { ...learnt, quality }, input, encoder, recipe, hooks, signal, goesOn?.position);
  }
}

/** LightXML's way: groups and labels at once, each document seen as often as in the recursion. @throws as `fineTune`. */
async function fineTuneJointly(
  levels: readonly TuningLevel[],
  input: FineTuneInput,
  encoder: TunedEncoder,
  recipe: Recipe,
  hooks: FineTuneHooks,
  signal?: AbortSignal,
  resumed?: TuningPosition,
): Promise<void> {
  const { tuning, seed } = recipe;
  const [groups, labels] = levels.slice(-2) as [TuningLevel, TuningLevel];
  const task = jointLevel(groups, labels);
  const predicted =
    resumed?.predicted ?? nothingPredicted(input.pieces.numDocuments, Math.min(tuning.predicted, groups.numNodes));
  const head = resumed?.head ?? newHead(randomHead(task.numNodes, input.shape.hidden, childSeed(seed, task.level)));
  if (resumed !== undefined) checkPosition(resumed, task.numNodes, groups.numNodes, input);
  hooks.onLevel(0, 1, task.numNodes);
  const learnt = {
    task,
    shortlist: newJointShortlist(groups, labels, predicted),
    predicted,
    head,
    maxPieces: tuning.maxPieces,
    epochs: tuning.epochs.reduce((sum, it) => sum + it, 0),
    onEmbedded: (documents: Uint32Array, embedding: Float32Array) =>
      predictGroups(documents, embedding, head, groups.numNodes, predicted),
    quality: () => heldOutPrecision(input, encoder, labels, headOf(head, groups.numNodes), tuning.maxPieces, signal),
  };
  await learnTask(0, learnt, input, encoder, recipe, hooks, signal, resumed?.position);
}

interface LearntTask {
  readonly task: TuningLevel;
  readonly shortlist: Shortlist;
  readonly predicted: PredictedNodes | undefined;
  readonly head: TuningPosition["head"];
  readonly maxPieces: number;
  readonly epochs: number;
  /** Precision at 1 on held-out documents, as the encoder and the head are now. */
  readonly quality: () => Promise<number>;
  readonly onEmbedded?: (documents: Uint32Array, embedding: Float32Array) => void;
}

async function learnTask(
  t: number,
  { task, shortlist, predicted, head, maxPieces, epochs, quality, onEmbedded }: LearntTask,
  { pieces, shape, heldOut }: FineTuneInput,
  encoder: TunedEncoder,
  { tuning, seed }: Recipe,
  hooks: FineTuneHooks,
  signal: AbortSignal | undefined,
  from: LevelPosition | undefined,
): Promise<void> {
  if (from === undefined) await encoder.forgetMoments();
  const passes = Math.max(epochs, (tuning.fewestSteps * tuning.batch) / Math.max(1, pieces.numDocuments));
  const plan = planBatches(pieces, {
    maxPieces,
    size: tuning.batch,
    epochs: passes,
    seed: childSeed(seed, 0x1000 + task.level),
  });
  const tables = { ...encoder.tables, head: head.weights, bias: head.bias };
  const feeder = newFeeder(pieces, task, shortlist, tables, {
    maxPieces,
    firstPosition: shape.firstPosition,
    hidden: shape.hidden,
    dropout: tuning.dropout,
    wordDropout: tuning.wordDropout,
  });
  const check = heldOut.pieces.numDocuments > 0 ? newQualityCheck(quality) : undefined;
  const look = async (isDue: boolean) => {
    const value = await check?.(isDue);
    if (value !== undefined) hooks.onQuality(t, value);
  };
  const onStep = async (report: StepReport) => {
    await hooks.onStep(t, report, { level: task.level, position: report, head, predicted });
    await look(report.step === report.numSteps);
  };
  const { rate, headRate, warmUp, weightDecay } = tuning;
  const options = { rate, headRate, warmUp, weightDecay, seed: childSeed(seed, 0x2000 + task.level) };
  const level = { plan, feeder, tables, ...options, ...(onEmbedded && { onEmbedded }) };
  if (from === undefined) await look(true);
  await tuneLevel(level, encoder.step, onStep, signal, from);
}

/** A checkpoint comes from outside. @throws CheckpointError where its numbers do not fit the level. */
function checkPosition(
  { head: { weights, bias }, predicted }: TuningPosition,
  numNodes: number,
  numAbove: number,
  { pieces, shape }: FineTuneInput,
): void {
  const isHead = weights.numRows === numNodes && weights.width === shape.hidden && bias.numRows === numNodes;
  const { keep, nodes } = predicted ?? { keep: 0, nodes: new Uint32Array(0) };
  const isPredicted =
    (predicted === undefined || nodes.length === keep * pieces.numDocuments) &&
    nodes.every((it) => it < numAbove || it === NO_NODE);
  if (isHead && isPredicted) return;
  throw new CheckpointError(`the checkpoint: a head over ${numNodes} nodes expected, another found`);
}

function newHead({ weights, bias }: Head): TuningPosition["head"] {
  return { weights: newTable(weights, weights.length / bias.length), bias: newTable(bias, 1) };
}

/** The head's nodes from `first` on. */
function headOf({ weights, bias }: TuningPosition["head"], first: number): TuningPosition["head"] {
  const { width } = weights;
  return { weights: newTable(weights.rows.slice(first * width), width), bias: newTable(bias.rows.slice(first), 1) };
}

/**
 * The levels that are worth a head: wide enough to mean something, narrow enough to be learnt. Only the recursion takes more
 * than the last.
 */
function taskLevels(levels: readonly TuningLevel[], { tuning }: Recipe): TuningLevel[] {
  const fitting = levels.filter(({ numNodes }) => numNodes <= tuning.mostNodes);
  const wide = fitting.filter(({ numNodes }) => numNodes >= tuning.fewestNodes);
  const taken = wide.length > 0 ? wide : fitting.slice(-1);
  return tuning.schedule === "recursive" ? taken : taken.slice(-1);
}

/** Passes over the documents: the last level's come last in `epochs`; a schedule of one level spends all of them on it. */
function epochsOf(task: number, numTasks: number, { tuning }: Recipe): number {
  const { epochs } = tuning;
  if (tuning.schedule !== "recursive") return epochs.reduce((sum, it) => sum + it, 0);
  return epochs[Math.max(0, epochs.length - numTasks + task)]!;
}

/** Looks now and then, so that looking takes a thirtieth of the time at most; and whenever it must. */
function newQualityCheck(quality: () => Promise<number>): (isDue: boolean) => Promise<number | undefined> {
  let next = performance.now() + FIRST_LOOK_MS;
  return async (isDue) => {
    const started = performance.now();
    if (!isDue && started < next) return undefined;
    const value = await quality();
    next = performance.now() + Math.max(FIRST_LOOK_MS, 30 * (performance.now() - started));
    return value;
  };
}

const FIRST_LOOK_MS = 60_000;

/** Precision at 1 of the head alone on held-out documents, among all nodes of the level. */
async function heldOutPrecision(
  { heldOut, tree, shape }: FineTuneInput,
  encoder: TunedEncoder,
  task: TuningLevel,
  head: TuningPosition["head"],
  maxPieces: number,
  signal?: AbortSignal,
): Promise<number> {
  const raw = await encoder.embed(heldOut.pieces, maxPieces, "first", () => undefined, signal);
  const { indptr, nodes } = tuningLevels(heldOut.examples.labels, tree)[task.level]!.own;
  const ownOf = (row: number) => nodes.subarray(indptr[row], indptr[row + 1]);
  return headPrecision({ weights: head.weights.rows, bias: head.bias.rows }, raw, shape.hidden, ownOf);
}
