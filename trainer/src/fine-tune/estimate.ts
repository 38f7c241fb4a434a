// What fine-tuning will take, from two steps of the real graph on the real engine and the lengths of the texts.
import { FEWEST_PIECES, sharesTried, type Tuning, tunesAgain } from "../config.ts";
import { disposeQuietly, type Engine } from "../encoder/engines/engine.ts";
import type { EncoderShape, EncoderWeights } from "../encoder/source/pretrained.ts";
import { MemoryLimitError } from "../memory-limit.ts";
import { type PieceRows, passageLength } from "./pieces.ts";
import { newTrial, trialSize } from "./trial.ts";

/** Seconds of a step: a fixed part, and one for each word piece. */
export interface StepCost {
  readonly fixed: number;
  readonly perPiece: number;
}

export interface TuningEstimate {
  readonly seconds: number;
  readonly memoryBytes: number;
  /** On the disk at most while it learns: a checkpoint, beside it the next one, or an embedding and twice its parts. */
  readonly peakBytes: number;
  /** Of the checkpoint that stays when it has learnt: weights and the embedding of all documents. */
  readonly keptBytes: number;
  /** In the model, quantised weights included. */
  readonly modelBytes: number;
}

/** An embedding is the forward part of a step. */
const EMBEDDING_SHARE = 0.3;
/** Of the program, onnxruntime and what was needed before. */
const BASE_MEMORY = 700e6;
/** A checkpoint holds the weights and two moments of each. */
const CHECKPOINT_SHARE = 3;
/** A batch with fewer documents learns badly. */
const FEWEST_DOCUMENTS = 4;
/** What 8-bit weights take beside those of 32 bits. */
export const INT8_SHARE = 0.25;

/** Times a step of a few documents and one of a quarter of them. @throws EngineError where the engine cannot run it. */
export async function measureStep(
  engine: Engine,
  shape: EncoderShape,
  weights: EncoderWeights,
  tuning: Tuning,
): Promise<StepCost> {
  const large = newTrial(shape, weights, tuning);
  const small = newTrial(shape, weights, tuning, { ...trialSize, documents: trialSize.documents / 4 });
  const program = await engine.load(large.graph, large.state);
  try {
    const time = async (feeds: typeof large.feeds) => {
      await program.run(feeds, () => false);
      const start = performance.now();
      await program.run(feeds, () => false);
      return (performance.now() - start) / 1000;
    };
    const [long, short] = [await time(large.feeds), await time(small.feeds)];
    const pieces = trialSize.documents * trialSize.length;
    const perPiece = Math.max(0, long - short) / (pieces * 0.75);
    return { fixed: Math.max(0, long - perPiece * pieces), perPiece };
  } finally {
    await disposeQuietly(program);
  }
}

/** Of the whole encoder's part: the steps of all levels, and an embedding of all documents after each. */
export function estimateTuning(
  pieces: PieceRows,
  numLabels: number,
  shape: EncoderShape,
  tuning: Tuning,
  cost: StepCost,
  freeze: boolean,
): TuningEstimate {
  const { numDocuments } = pieces;
  const levels = freeze ? 0 : countLevels(numLabels, tuning);
  const fine = meanLength(pieces, tuning.maxPieces);
  const coarse = meanLength(pieces, tuning.coarsePieces);
  const whole = meanLength(pieces, tuning.maxPieces, tuning.passages);
  const shares = freeze ? 0 : sharesTried(tuning, numDocuments).length;
  const turns = !freeze && tunesAgain(tuning, numDocuments) ? 2 : 1;
  const passes = 1 + shares + (turns - 1) * (shares > 0 ? 2 : 1);
  let perDocument = 0;
  for (let level = 0; level < levels; level++) {
    const isLast = level === levels - 1;
    const length = isLast ? fine : coarse;
    const asked =
      tuning.schedule === "recursive"
        ? tuning.epochs[Math.max(0, tuning.epochs.length - levels + level)]!
        : tuning.epochs.reduce((sum, it) => sum + it, 0);
    const epochs = Math.max(asked, (tuning.fewestSteps * tuning.batch) / Math.max(1, numDocuments));
    perDocument += epochs * (cost.fixed / tuning.batch + cost.perPiece * length);
    if (tuning.schedule === "recursive") perDocument += EMBEDDING_SHARE * cost.perPiece * length;
  }
  perDocument = turns * perDocument + passes * EMBEDDING_SHARE * cost.perPiece * whole;
  const weightBytes = 4 * parametersOf(shape);
  const checkpointBytes = freeze ? 0 : CHECKPOINT_SHARE * weightBytes;
  const embeddingBytes = 4 * numDocuments * shape.hidden;
  const keptBytes = passes * embeddingBytes + (freeze ? 0 : turns * weightBytes);
  return {
    seconds: numDocuments * perDocument,
    memoryBytes: bytesOf(numLabels, shape, tuning, freeze) + numDocuments * (whole + 2 * shape.hidden) * 4,
    peakBytes: (turns > 1 ? keptBytes : 0) + Math.max(2 * checkpointBytes, checkpointBytes + 3 * embeddingBytes),
    keptBytes,
    modelBytes: (1 + INT8_SHARE) * weightBytes,
  };
}

/** The bytes that a run needs with other settings. */
export type MemoryOf = (tuning: Tuning, freeze: boolean) => number;

/** @throws MemoryLimitError where `what` would need more than `limitBytes`, with the setting that fits. */
export function checkMemory(
  what: string,
  memoryOf: MemoryOf,
  { tuning, freeze }: { tuning: Tuning; freeze: boolean },
  limitBytes: number,
  otherCure = "take a smaller encoder",
): void {
  const needed = memoryOf(tuning, freeze);
  if (needed <= limitBytes) return;
  const fitting = freeze ? undefined : settingThatFits(memoryOf, tuning, limitBytes);
  const cure = fitting === undefined ? otherCure : `train with ${fitting}`;
  throw new MemoryLimitError(what, limitBytes, { needed }, `${cure}, or raise --memory-limit`);
}

/** Options of a command: a smaller batch, else shorter passages too, else an encoder as it was published. */
function settingThatFits(memoryOf: MemoryOf, tuning: Tuning, limitBytes: number): string | undefined {
  for (let maxPieces = tuning.maxPieces; maxPieces >= FEWEST_PIECES; maxPieces >>= 1) {
    for (let batch = tuning.batch; batch >= Math.min(tuning.batch, FEWEST_DOCUMENTS); batch >>= 1) {
      if (memoryOf({ ...tuning, batch, maxPieces }, false) > limitBytes) continue;
      const options = [];
      if (batch < tuning.batch) options.push(`--batch ${batch}`);
      if (maxPieces < tuning.maxPieces) options.push(`--max-pieces ${maxPieces}`);
      return options.join(" ");
    }
  }
  return memoryOf(tuning, true) <= limitBytes ? "--freeze" : undefined;
}

/** Weights with moments, their next values, what the forward pass keeps for the backward one, and the head. */
function bytesOf(numLabels: number, shape: EncoderShape, tuning: Tuning, freeze: boolean): number {
  const { batch, maxPieces } = tuning;
  const { layers, hidden, intermediate, heads, vocabulary } = shape;
  const tables = vocabulary * hidden;
  const body = parametersOf(shape) - tables;
  if (freeze) return BASE_MEMORY + 4 * 3 * (body + tables);
  const scores = heads * maxPieces;
  // Each layer keeps these for its gradients; one at a time has gradients of its scores, too.
  const kept = batch * maxPieces * (layers * (10 * hidden + 3.5 * intermediate + 1.3 * scores) + 3.5 * scores);
  return BASE_MEMORY + 4 * (7 * body + 4 * tables + kept + headSize(numLabels, hidden, tuning));
}

/**
 * Numbers of the largest head: all nodes with their moments, and in a step those of its slots once more, their next values
 * and gradient, and what each score of a document takes.
 */
function headSize(numLabels: number, hidden: number, tuning: Tuning): number {
  const { schedule, batch, predicted, branching, leafSize, mostNodes } = tuning;
  const clusters = numClusters(numLabels, tuning);
  const isJoint = schedule === "dynamic";
  let nodes = numLabels + (isJoint ? clusters : 0);
  if (!isJoint) for (let above = clusters; nodes > mostNodes; above /= branching) nodes = Math.ceil(above);
  // The children of the predicted nodes and of a document's own one; without predictions, all.
  const children = batch * (predicted + 1) * Math.max(branching, leafSize) + (isJoint ? clusters : 0);
  const slots = schedule === "flat" ? nodes : Math.min(nodes, children);
  return (hidden + 1) * (3 * nodes + SLOT_COPIES * slots) + SCORE_COPIES * batch * slots;
}

/** A row and its two moments before and after a step, and its gradient; a score's sign, cost, margin, loss and gradients. */
const SLOT_COPIES = 7;
const SCORE_COPIES = 6;

/** Lowest clusters of a balanced tree. */
function numClusters(numLabels: number, { leafSize }: Tuning): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, numLabels / leafSize)));
}

function parametersOf({ layers, hidden, intermediate, vocabulary, positions }: EncoderShape): number {
  return (vocabulary + positions) * hidden + layers * (4 * hidden * hidden + 2 * hidden * intermediate + 9 * hidden);
}

/** Levels of a balanced tree that are wide enough to be learnt, and narrow enough. */
function countLevels(numLabels: number, tuning: Tuning): number {
  const { schedule, branching, fewestNodes, mostNodes } = tuning;
  if (schedule !== "recursive") return 1;
  const widths = [numLabels];
  for (let width = numClusters(numLabels, tuning); width > 1; width = Math.ceil(width / branching)) widths.push(width);
  return Math.max(1, widths.filter((width) => width >= fewestNodes && width <= mostNodes).length);
}

/** Pieces of a document, of its first `passages` passages. */
function meanLength(pieces: PieceRows, maxPieces: number, passages = 1): number {
  const { numDocuments, passageStart } = pieces;
  let sum = 0;
  for (let d = 0; d < numDocuments; d++)
    for (let p = passageStart[d]!; p < Math.min(passageStart[d]! + passages, passageStart[d + 1]!); p++)
      sum += passageLength(pieces, p, maxPieces);
  return sum / Math.max(1, numDocuments);
}
