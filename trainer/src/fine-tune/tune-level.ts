// One level of the recursion: the encoder and a head over the level's nodes learn together, batch by batch.
import type { Program } from "../encoder/engines/engine.ts";
import { childSeed, newRandom } from "../random.ts";
import type { BatchPlan } from "./batches.ts";
import { biasCorrection, rateAt } from "./schedule.ts";
import { floats, type newFeeder, type Tables, takeRows } from "./step-feeds.ts";

export interface LevelTask {
  readonly plan: BatchPlan;
  readonly feeder: ReturnType<typeof newFeeder>;
  readonly tables: Tables;
  readonly rate: number;
  readonly headRate: number;
  readonly warmUp: number;
  readonly weightDecay: number;
  readonly seed: number;
  /** Sees what the encoder made of a batch, [documents, hidden], before the step changed it. */
  readonly onEmbedded?: (documents: Uint32Array, embedding: Float32Array) => void;
}

/** Where a level stands between two steps. */
export interface LevelPosition {
  /** Steps done. */
  readonly step: number;
  /** Updates made: steps whose loss was finite. */
  readonly updates: number;
  /** What the learning rate is multiplied with: halved whenever a loss was not finite. */
  readonly rateScale: number;
}

export interface StepReport extends LevelPosition {
  readonly numSteps: number;
  readonly loss: number;
  readonly rate: number;
  readonly documents: number;
  /** A step that was undone because its loss or gradient was not a finite number. */
  readonly isUndone: boolean;
}

/** The loss stays infinite however small the steps are. The message says what to do. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
}

const startOfLevel: LevelPosition = { step: 0, updates: 0, rateScale: 1 };
const MAX_HALVINGS = 10;

/**
 * Runs the level's steps from `from` on. After each one `onStep` is awaited: it may look, save, or throw to stop.
 * @throws EngineError where the device fails, DivergenceError where the loss stays infinite; the signal's reason when aborted.
 */
export async function tuneLevel(
  task: LevelTask,
  program: Program,
  onStep: (report: StepReport) => Promise<void>,
  signal?: AbortSignal,
  from: LevelPosition = startOfLevel,
): Promise<void> {
  const { plan, feeder, tables, seed, warmUp, weightDecay } = task;
  let { updates, rateScale } = from;
  for (let step = from.step; step < plan.numSteps; step++) {
    signal?.throwIfAborted();
    const batch = plan.batch(step);
    const scale = rateScale * rateAt(step, plan.numSteps, { rate: 1, warmUp });
    const corrected = biasCorrection(updates + 1);
    const rates = {
      rate: task.rate * scale * corrected.first,
      headRate: task.headRate * scale * corrected.first,
      secondScale: corrected.second,
      decay: task.rate * scale * weightDecay,
    };
    const { feeds, used } = feeder.feed(batch, rates, newRandom(childSeed(seed, step)));
    let isSound = false;
    const results = await program.run(feeds, (it) => {
      isSound = ["loss", "norm.encoder", "norm.head"].every((name) => Number.isFinite(floats(it, name)[0]!));
      return isSound;
    });
    if (isSound) {
      takeRows(tables, used, results);
      task.onEmbedded?.(batch.documents, floats(results, "embedding"));
      updates++;
    } else {
      rateScale /= 2;
      if (rateScale < 2 ** -MAX_HALVINGS) throw diverged(step);
    }
    await onStep({
      step: step + 1,
      numSteps: plan.numSteps,
      updates,
      rateScale,
      loss: floats(results, "loss")[0]!,
      rate: task.rate * scale,
      documents: batch.documents.length,
      isUndone: !isSound,
    });
  }
}

function diverged(step: number): DivergenceError {
  return new DivergenceError(
    `step ${step}: the loss is still not a finite number after the learning rate was halved ${MAX_HALVINGS} times; ` +
      "check the encoder's weights with `tagwright encoder check`, or take another engine with --engine cpu",
  );
}
