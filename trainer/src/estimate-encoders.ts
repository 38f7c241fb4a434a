// What a run with encoders will take, all of it: the rehearsal with words, and for each encoder its fine-tuning, the rankers
// that weigh its embedding, and its part of the model.
import { estimateRankers, type WordsEstimate } from "./calibrate/estimate.ts";
import type { RunEstimate } from "./calibrate/rehearse.ts";
import { type Recipe, rehearsalParts, sharesTried, type Tuning } from "./config.ts";
import type { Engine } from "./encoder/engines/engine.ts";
import type { PretrainedEncoder } from "./encoder/source/pretrained.ts";
import type { TrainingSet } from "./features/training-set.ts";
import {
  checkMemory,
  estimateTuning,
  INT8_SHARE,
  type MemoryOf,
  measureStep,
  type StepCost,
} from "./fine-tune/estimate.ts";
import type { PieceRows } from "./fine-tune/pieces.ts";

interface ReadEncoder {
  readonly pretrained: PretrainedEncoder;
  readonly pieces: PieceRows;
}

export interface EstimatedCorpus {
  readonly set: TrainingSet;
  readonly recipe: Recipe;
  readonly threads: number;
  readonly freeze: boolean;
}

/** A row's feature and value, while an encoder learns beside them. */
const BYTES_AN_ENTRY = 16;

/**
 * Time and disk of several encoders add up, memory is that of the largest beside what is kept of the others.
 * @throws MemoryLimitError where one would need more than `limitBytes`; EngineError.
 */
export async function estimateEncoders(
  encoders: readonly ReadEncoder[],
  engine: Engine,
  { set, recipe, threads, freeze }: EstimatedCorpus,
  rehearsal: WordsEstimate,
  limitBytes: number,
): Promise<RunEstimate> {
  const { tuning } = recipe;
  const numLabels = set.labelIds.length;
  const distinct = [...new Set(encoders.map((it) => it.pretrained))];
  const costs = new Map<PretrainedEncoder, StepCost>();
  for (const it of distinct) costs.set(it, await measureStep(engine, it.shape, it.weights, tuning));
  let { seconds, memoryBytes } = rehearsal;
  /** On the disk before an encoder, at most so far, and in the model. */
  let [kept, most, inModel] = [rehearsal.diskBytes - rehearsal.modelBytes, 0, 0];
  for (const [e, { pretrained, pieces }] of encoders.entries()) {
    const { shape } = pretrained;
    const estimate = (changed: Tuning, frozen: boolean) =>
      estimateTuning(pieces, numLabels, shape, changed, costs.get(pretrained)!, frozen);
    const alone = estimate(tuning, freeze);
    const others = encoders.filter((_, i) => i !== e).map((it) => weightBytes(it.pretrained) * (1 + INT8_SHARE));
    const published = distinct.filter((it) => it !== pretrained).map(weightBytes);
    const entries = set.features.indices.length * BYTES_AN_ENTRY;
    const memoryAlone: MemoryOf = (...settings) => estimate(...settings).memoryBytes + entries;
    const memoryBeside: MemoryOf = (...settings) => memoryAlone(...settings) + sum(others) + sum(published);
    const settings = { tuning, freeze };
    checkMemory(freeze ? "the encoder" : "fine-tuning", memoryAlone, settings, limitBytes);
    checkMemory(`${encoders.length} encoders`, memoryBeside, settings, limitBytes, "each fits alone: train with fewer");
    const needed = memoryBeside(tuning, freeze);
    memoryBytes = Math.max(memoryBytes, needed);
    const shares = freeze ? [] : sharesTried(tuning, pieces.numDocuments);
    const weighed = tuning.denseWeights.length * (1 + shares.length) + (e === 0 ? 1 : 0);
    const trials = weighed * rehearsalParts(tuning, pieces.numDocuments);
    seconds += alone.seconds + estimateRankers(set, recipe, threads, trials, shape.hidden);
    // Words as in the rehearsal, and a byte for each weight of the embedding.
    const rankerBytes = rehearsal.modelBytes + numLabels * shape.hidden;
    const learnt = alone.keptBytes + (trials + 1) * rankerBytes;
    most = Math.max(most, kept + Math.max(alone.peakBytes, learnt));
    kept += learnt;
    inModel += alone.modelBytes + rankerBytes;
  }
  const diskBytes = Math.max(most, kept + inModel);
  return { seconds, memoryBytes, diskBytes, ...(encoders.length > 1 && { encoders: encoders.length }) };
}

function weightBytes({ weights }: PretrainedEncoder): number {
  return sum([...weights.values()].map((it) => it.data.byteLength));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, it) => total + it, 0);
}
