// The encoder's part of the recipe: a preliminary tree from TF-IDF, the recursion over its levels, and an embedding of every
// document. What the encoder must not see, to keep the figures honest, it does not see.
import { createHash } from "node:crypto";
import type { Recipe } from "./config.ts";
import type { Engine } from "./encoder/engines/engine.ts";
import type { EncoderWeights, PretrainedEncoder } from "./encoder/source/pretrained.ts";
import { allExcept, selectExamples, type TrainingSet } from "./features/training-set.ts";
import { type Checkpoint, loadCheckpoint, removeCheckpoints, saveCheckpoint } from "./fine-tune/checkpoint.ts";
import { type FineTuneHooks, fineTune, fineTuneJointly, type TuningPosition } from "./fine-tune/fine-tune.ts";
import { type PieceRows, selectPieces } from "./fine-tune/pieces.ts";
import type { Table } from "./fine-tune/table.ts";
import { newTunedEncoder, type TunedEncoder } from "./fine-tune/tuned-encoder.ts";
import { createMeter } from "./meter.ts";
import type { ProgressEvent } from "./progress.ts";
import { childSeed } from "./random.ts";
import type { WorkerPool } from "./ranker/worker-pool.ts";
import { buildTree } from "./tree/build-tree.ts";
import { labelEmbedding } from "./tree/label-embedding.ts";

export interface EncoderRun {
  readonly engine: Engine;
  readonly pool: WorkerPool;
  /** Where its checkpoints are kept. */
  readonly checkpoints: string;
  readonly resume: boolean;
  /** The encoder stays as it was published. */
  readonly freeze: boolean;
  /** Steps between two checkpoints; undefined: about a minute. A level's end is always one. */
  readonly checkpointSteps?: number | undefined;
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
 * @throws EngineError, CheckpointError; the signal's reason when aborted. The last checkpoint stays.
 */
export async function learnEncoder(
  pretrained: PretrainedEncoder,
  set: TrainingSet,
  pieces: PieceRows,
  heldOut: Uint32Array,
  recipe: Recipe,
  run: EncoderRun,
): Promise<LearntEncoder> {
  const { engine, checkpoints: folder, onProgress, signal } = run;
  const { shape } = pretrained;
  const { tuning } = recipe;
  const fingerprint = fingerprintOf(pretrained, set, pieces, heldOut, recipe);
  const saved = run.resume ? await loadCheckpoint(folder, fingerprint) : undefined;
  if (!run.resume) await removeCheckpoints(folder);
  if (run.resume && saved === undefined)
    onProgress({ type: "log", level: "warning", message: `no checkpoint in ${folder}: training starts anew` });

  const encoder = await newTunedEncoder(engine, shape, pretrained.weights, { loss: tuning.loss, clip: tuning.clip });
  try {
    if (!run.freeze) await tune(encoder, pretrained, set, pieces, heldOut, recipe, run, { folder, fingerprint, saved });
    const meter = createMeter("encode", "documents", onProgress);
    const values = await encoder.embed(pieces, tuning.maxPieces, "all", meter, signal);
    return { weights: await encoder.weights(), embeddings: { width: shape.hidden, values } };
  } finally {
    await encoder.dispose();
  }
}

interface Saved {
  readonly folder: string;
  readonly fingerprint: string;
  readonly saved: Checkpoint | undefined;
}

async function tune(
  encoder: TunedEncoder,
  { shape }: PretrainedEncoder,
  set: TrainingSet,
  pieces: PieceRows,
  heldOut: Uint32Array,
  recipe: Recipe,
  { pool, onProgress, signal, checkpointSteps }: EncoderRun,
  { folder, fingerprint, saved }: Saved,
): Promise<void> {
  const rest = allExcept(heldOut, set.features.numRows);
  const examples = selectExamples(set, rest);
  const embedding = labelEmbedding(examples.features, examples.labels, recipe.tree.labelEntries);
  const { branching, leafSize } = recipe.tuning;
  const tree = buildTree(embedding, { shape: "balanced", branching, leafSize }, childSeed(recipe.seed, 0x5000));
  const judgedBy = heldOut.slice(0, QUALITY_DOCUMENTS);
  const input = {
    examples,
    pieces: selectPieces(pieces, rest),
    tree,
    shape,
    heldOut: { examples: selectExamples(set, judgedBy), pieces: selectPieces(pieces, judgedBy) },
  };
  const resumed = saved === undefined ? undefined : await restore(encoder, saved);
  if (resumed === "done") return;
  let meter = createMeter("tune", "steps", onProgress);
  let embedMeter = createMeter("encode", "documents", onProgress);
  /** The rate counts from the end of a level's first step: what comes before it is no step. */
  let first: number | undefined;
  let documents = 0;
  let shown = 0;
  let savedAt = { time: performance.now(), step: 0 };
  const save = async (now: TuningPosition | "done") => {
    const path = await saveCheckpoint(folder, await snapshot(encoder, fingerprint, now));
    onProgress({ type: "checkpoint", path, step: now === "done" ? 0 : now.position.step });
    savedAt = { time: performance.now(), step: now === "done" ? 0 : now.position.step };
  };
  const hooks: FineTuneHooks = {
    onLevel(level, levels, nodes) {
      onProgress({ type: "level", level, levels, nodes });
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
      if (report.isUndone)
        onProgress({
          type: "log",
          level: "warning",
          message: `step ${step}: the loss was not a finite number; the step was undone and the learning rate halved`,
        });
      meter(step, steps);
      if (time - shown > SECONDS_BETWEEN_STEPS_SHOWN * 1000 || step === steps) {
        onProgress({ type: "step", level, step, steps, loss, rate, documentsPerSecond });
        shown = time;
      }
      const isLate = checkpointSteps !== undefined || time - savedAt.time >= CHECKPOINT_SECONDS * 1000;
      const isDue = isLate && step - savedAt.step >= (checkpointSteps ?? CHECKPOINT_STEPS);
      if (isDue || step === steps) await save(now);
    },
    onQuality: (level, value) => onProgress({ type: "quality", level, metric: "precision@1", value }),
    onEmbedded: (done, total) => embedMeter(done, total),
  };
  if (recipe.tuning.schedule === "dynamic") await fineTuneJointly(input, encoder, recipe, hooks, signal, resumed);
  else await fineTune(input, encoder, recipe, pool, hooks, signal, resumed);
  await save("done");
}

/** Held-out documents that are asked at the end of each level. */
const QUALITY_DOCUMENTS = 256;

async function snapshot(encoder: TunedEncoder, fingerprint: string, now: TuningPosition | "done"): Promise<Checkpoint> {
  const arrays = new Map<string, Float32Array | Uint32Array>(await encoder.snapshot());
  if (now === "done") return { fingerprint, position: { level: DONE }, arrays };
  const { level, position, head, predicted } = now;
  for (const part of ["rows", "first", "second"] as const) {
    arrays.set(`head.weights.${part}`, head.weights[part]);
    arrays.set(`head.bias.${part}`, head.bias[part]);
  }
  if (predicted !== undefined) arrays.set("predicted", predicted.nodes);
  const { step, updates, rateScale } = position;
  return {
    fingerprint,
    position: { level, step, updates, rateScale, keep: predicted?.keep ?? 0, hidden: head.weights.width },
    arrays,
  };
}

const DONE = -1;

async function restore(encoder: TunedEncoder, { position, arrays }: Checkpoint): Promise<TuningPosition | "done"> {
  await encoder.restore(arrays);
  const number = (name: string) => Number(position[name]);
  if (number("level") === DONE) return "done";
  const table = (name: string, width: number): Table => {
    const part = (it: string) => arrays.get(`${name}.${it}`) as Float32Array;
    const rows = part("rows");
    return { rows, first: part("first"), second: part("second"), width, numRows: rows.length / width };
  };
  const nodes = arrays.get("predicted");
  return {
    level: number("level"),
    position: { step: number("step"), updates: number("updates"), rateScale: number("rateScale") },
    head: { weights: table("head.weights", number("hidden")), bias: table("head.bias", 1) },
    predicted: nodes === undefined ? undefined : { keep: number("keep"), nodes: nodes as Uint32Array },
  };
}

/** Of everything that decides what is learnt, so that a run is only ever resumed by itself. */
function fingerprintOf(
  { origin, shape }: PretrainedEncoder,
  set: TrainingSet,
  pieces: PieceRows,
  heldOut: Uint32Array,
  recipe: Recipe,
): string {
  const hash = createHash("sha256").update(JSON.stringify([origin, shape, recipe, set.labelIds]));
  const { features, labels } = set;
  const arrays = [
    pieces.ids,
    pieces.start,
    pieces.passageStart,
    heldOut,
    labels.indptr,
    labels.labels,
    features.indices,
  ];
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
}
