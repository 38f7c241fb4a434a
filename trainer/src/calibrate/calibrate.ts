// Suggestions for documents a model had not seen, and from them the probabilities, the threshold and honest figures.
import { type Calibration, EnsembleSearch, type MemberContent, probabilityOf, rowOf } from "@tagwright/model/internals";
import { breathe } from "../breathe.ts";
import type { Recipe } from "../config.ts";
import { type Band, createBands } from "../eval/label-bands.ts";
import { createMetrics, type Metrics } from "../eval/metrics.ts";
import type { TrainingSet } from "../features/training-set.ts";
import { toMember } from "../ranker/learn-members.ts";
import { bestThreshold, fitCalibration, type Outcome } from "./fit-calibration.ts";

/** Suggestions that are looked at for each document. */
export const DEPTH = 10;
const BREATHE_EVERY = 64;

/** A tag that is wrong four times in five helps nobody, whatever it does for F1. */
const LEAST_THRESHOLD = 0.2;

/** A held-out document with what was suggested for it. */
export interface Judged {
  readonly document: number;
  readonly suggestions: readonly { readonly label: number; readonly value: number }[];
  readonly milliseconds: number;
}

/** The best `depth` suggestions for `documents` by a model that did not learn from them. */
export async function judge(
  set: TrainingSet,
  members: readonly MemberContent[],
  documents: Uint32Array,
  recipe: Recipe,
  onDone: () => void,
  signal?: AbortSignal,
  depth = DEPTH,
): Promise<Judged[]> {
  const search = new EnsembleSearch(
    members.map((member) => toMember(member, set.features.numCols)),
    recipe.scoring,
    set.labelIds.length,
  );
  const judged: Judged[] = [];
  for (const document of documents) {
    const from = performance.now();
    const ranked = search.search(rowOf(set.features, document), depth);
    const milliseconds = performance.now() - from;
    const suggestions = Array.from({ length: ranked.length }, (_, i) => ({
      label: ranked.labels[i]!,
      value: ranked.values[i]!,
    }));
    judged.push({ document, suggestions, milliseconds });
    onDone();
    if (judged.length % BREATHE_EVERY === 0) await breathe(signal);
  }
  return judged;
}

export interface Calibrated {
  readonly calibration: Calibration;
  /** Probability from which a suggestion is taken: best micro-F1, LEAST_THRESHOLD at least. */
  readonly threshold: number;
  readonly metrics: Metrics;
  readonly bands: readonly Band[];
}

/**
 * Probabilities are fitted on every second judged document and measured on the others, then fitted on all: the figures
 * are honest and no outcome is wasted.
 */
export function calibrate(set: TrainingSet, judged: readonly Judged[]): Calibrated {
  const half = judged.filter((_, i) => i % 2 === 0);
  const rest = judged.filter((_, i) => i % 2 === 1);
  const measured = measure(set, rest, fit(set, half));
  const swapped = measure(set, half, fit(set, rest));
  const { calibration, threshold } = fit(set, judged);
  const { metrics, bands } = measure(set, judged, { calibration, threshold });
  const both = (figure: "ece" | "eceByChance") => (measured.metrics[figure] + swapped.metrics[figure]) / 2;
  const errors = { ece: both("ece"), eceByChance: both("eceByChance") };
  return { calibration, threshold, metrics: { ...metrics, ...errors }, bands };
}

function fit(set: TrainingSet, judged: readonly Judged[]): { calibration: Calibration; threshold: number } {
  const outcomes: Outcome[] = [];
  let numTrue = 0;
  for (const { document, suggestions } of judged) {
    const truth = labelsOf(set, document);
    numTrue += truth.size;
    for (const { label, value } of suggestions) outcomes.push({ value, isRight: truth.has(label) });
  }
  const calibration = fitCalibration(outcomes);
  const taken = outcomes.map(({ value, isRight }) => ({ probability: probabilityOf(calibration, value), isRight }));
  return { calibration, threshold: Math.max(LEAST_THRESHOLD, bestThreshold(taken, numTrue)) };
}

function measure(
  set: TrainingSet,
  judged: readonly Judged[],
  { calibration, threshold }: { calibration: Calibration; threshold: number },
): { metrics: Metrics; bands: readonly Band[] } {
  const { statistics, labelIds } = set;
  const labelDocuments = statistics.counts;
  const options = { numLabels: labelIds.length, labelDocuments, trainDocuments: statistics.documents, threshold };
  const metrics = createMetrics(options);
  const bands = createBands(labelDocuments, threshold);
  for (const { document, suggestions, milliseconds } of judged) {
    const ranked = suggestions.map(({ label, value }) => ({
      id: labelIds[label]!,
      probability: probabilityOf(calibration, value),
    }));
    const truth = [...labelsOf(set, document)].map((label) => labelIds[label]!);
    metrics.add(ranked, truth, milliseconds);
    bands.add(ranked, truth);
  }
  return { metrics: metrics.result(), bands: bands.result() };
}

function labelsOf({ labels }: TrainingSet, document: number): Set<number> {
  return new Set(labels.labels.subarray(labels.indptr[document], labels.indptr[document + 1]));
}
