// Which documents calibrate a model: folds of a small corpus in turn, one part of a larger one, and of a very large one
// a part that is never learnt from, because learning twice would cost more than those documents are worth.
import { calibration } from "../config.ts";
import type { TrainingSet } from "../features/training-set.ts";

export interface CalibrationPlan {
  /** Each entry: documents to suggest for, by a model that learns from all others. Ascending. */
  readonly folds: readonly Uint32Array[];
  /** Whether the model of the (only) fold is the final one. */
  readonly setAside: boolean;
}

/**
 * Documents that the encoder never learns from: they weigh its embedding and calibrate the model. A fifth of a small
 * corpus, a tenth of a larger one, and never more than calibration needs; none of a tiny one. Ascending.
 */
export function planEncoderFold({ bucket }: TrainingSet): Uint32Array {
  const size = bucket.length;
  if (size < MIN_DOCUMENTS) return new Uint32Array(0);
  const { share, foldsBelow, documents, counted } = calibration;
  if (size < counted.below) return lowest(bucket, Math.max(counted.least, Math.ceil(size * share)));
  const part = size < foldsBelow ? share : share / 2;
  const percent = Math.max(1, Math.round(Math.min(part, documents / size) * 100));
  return Uint32Array.from(bucket.keys()).filter((document) => bucket[document]! < percent);
}

/** The `count` documents of the lowest buckets, of equal ones the first. */
function lowest(bucket: Uint8Array, count: number): Uint32Array {
  const order = [...bucket.keys()].sort((a, b) => bucket[a]! - bucket[b]! || a - b);
  return Uint32Array.from(order.slice(0, count)).sort();
}

/** A corpus under this size has no honest calibration: nothing of it is held out. */
export const MIN_DOCUMENTS = 10;

/** @param numFolds of a corpus that is small enough for folds; default: more of them, the smaller it is */
export function planCalibration({ bucket }: TrainingSet, numFolds?: number): CalibrationPlan {
  const size = bucket.length;
  const documents = (chosen: (bucket: number) => boolean) =>
    Uint32Array.from({ length: size }, (_, document) => document).filter((document) => chosen(bucket[document]!));
  if (size < MIN_DOCUMENTS) return { folds: [], setAside: false };
  if (size < calibration.foldsBelow) {
    const count = numFolds ?? (size < calibration.small.below ? calibration.small.folds : calibration.folds);
    const folds = Array.from({ length: count }, (_, f) => documents((b) => b % count === f));
    return { folds: folds.filter((it) => it.length > 0 && it.length < size), setAside: false };
  }
  const percent = Math.min(calibration.share, calibration.documents / size) * 100;
  const part = documents((b) => b < Math.max(1, Math.round(percent)));
  return { folds: [part], setAside: size >= calibration.setAsideFrom };
}
