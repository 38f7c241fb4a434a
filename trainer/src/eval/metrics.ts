// Ranking, set and calibration figures, one document at a time. Definitions are those of pyxclib and scikit-learn.
// Invariant: a missing suggestion is a miss (denominators stay k), and an unknown true label still counts as one.
import { calibrationError } from "./calibration-error.ts";
import { inversePropensities } from "./propensity.ts";

/** A suggestion as the figures need it, best first in a list. */
export interface Ranked {
  readonly id: string;
  /** Calibrated chance, 0 to 1. */
  readonly probability: number;
}

/** Exactly what `evaluate --json` prints. All figures but counts and times are in [0, 1]. */
export interface Metrics {
  readonly documents: number;
  /** Labels that the model knows. */
  readonly labels: number;
  readonly precision: Readonly<Record<"1" | "3" | "5" | "10", number>>;
  readonly recall: Readonly<Record<"5" | "10", number>>;
  readonly ndcg: Readonly<Record<"3" | "5", number>>;
  /** Propensity-scored precision: hits on rare labels weigh more. A = 0.55, B = 1.5; counts of the training part. */
  readonly psp: Readonly<Record<"1" | "3" | "5", number>>;
  /** Of the labels at or over the threshold. Macro: mean over labels that are true or taken somewhere. */
  readonly f1: Readonly<Record<"micro" | "macro", number>>;
  /** Expected calibration error of each document's first five probabilities, in 15 bins of equal mass. */
  readonly ece: number;
  /** What `ece` is expected to be with as many documents where every probability is right. */
  readonly eceByChance: number;
  readonly msPerDocument: Readonly<Record<"p50" | "p95", number>>;
}

export interface MetricsOptions {
  readonly numLabels: number;
  /** Training documents of each label; a label that is not in it has none. */
  readonly labelDocuments: ReadonlyMap<string, number>;
  readonly trainDocuments: number;
  /** Probability from which a suggestion is taken. */
  readonly threshold: number;
}

export interface MetricsAccumulator {
  /**
   * Counts one document: its suggestions (best first, at least ten where there are as many), its true labels (each
   * once) and the milliseconds that suggesting took.
   */
  add(suggestions: readonly Ranked[], truth: readonly string[], milliseconds: number): void;
  result(): Metrics;
}

const maxRank = 10;
const calibratedRanks = 5;
const calibrationBins = 15;

/** discounts[j] = 1 / log2(j + 2), the weight of rank j. */
const discounts = Array.from({ length: maxRank }, (_, j) => 1 / Math.log2(j + 2));

export function createMetrics(options: MetricsOptions): MetricsAccumulator {
  const propensity = inversePropensities(options.labelDocuments, options.trainDocuments);
  let documents = 0;
  // Sums by number of ranks considered: slot k is "the first k".
  const precision = new Float64Array(maxRank + 1);
  const recall = new Float64Array(maxRank + 1);
  const ndcg = new Float64Array(maxRank + 1);
  const scored = new Float64Array(maxRank + 1);
  const scoredIdeal = new Float64Array(maxRank + 1);
  const sets = createSetCounts();
  const probabilities: number[] = [];
  const outcomes: boolean[] = [];
  const times: number[] = [];

  function add(suggestions: readonly Ranked[], truth: readonly string[], milliseconds: number): void {
    const wanted = new Set(truth);
    const weights = truth.map(propensity).sort((a, b) => b - a);
    documents++;
    times.push(milliseconds);
    let hits = 0;
    let gain = 0;
    let idealGain = 0;
    let weight = 0;
    let idealWeight = 0;
    for (let j = 0; j < maxRank; j++) {
      const suggestion = suggestions[j];
      const hit = suggestion !== undefined && wanted.has(suggestion.id);
      if (hit) {
        hits++;
        gain += discounts[j]!;
        weight += propensity(suggestion.id);
      }
      if (j < truth.length) {
        idealGain += discounts[j]!;
        idealWeight += weights[j]!;
      }
      precision[j + 1]! += hits / (j + 1);
      recall[j + 1]! += hits / Math.max(truth.length, 1);
      ndcg[j + 1]! += idealGain === 0 ? 0 : gain / idealGain;
      scored[j + 1]! += weight;
      scoredIdeal[j + 1]! += idealWeight;
      if (j < calibratedRanks && suggestion !== undefined) {
        probabilities.push(suggestion.probability);
        outcomes.push(hit);
      }
    }
    const taken = suggestions.filter((it) => it.probability >= options.threshold).map((it) => it.id);
    sets.add(taken, wanted);
  }

  function result(): Metrics {
    const mean = (sums: Float64Array, k: number) => (documents === 0 ? 0 : sums[k]! / documents);
    const calibration = calibrationError(probabilities, outcomes, calibrationBins);
    const ratio = (k: number) => (scoredIdeal[k] === 0 ? 0 : scored[k]! / scoredIdeal[k]!);
    return {
      documents,
      labels: options.numLabels,
      precision: { 1: mean(precision, 1), 3: mean(precision, 3), 5: mean(precision, 5), 10: mean(precision, 10) },
      recall: { 5: mean(recall, 5), 10: mean(recall, 10) },
      ndcg: { 3: mean(ndcg, 3), 5: mean(ndcg, 5) },
      psp: { 1: ratio(1), 3: ratio(3), 5: ratio(5) },
      f1: sets.result(),
      ece: calibration.error,
      eceByChance: calibration.byChance,
      msPerDocument: { p50: quantile(times, 0.5), p95: quantile(times, 0.95) },
    };
  }

  return { add, result };
}

/** True and false positives and misses, for each label and over all. */
function createSetCounts() {
  const byLabel = new Map<string, { hit: number; wrong: number; missed: number }>();
  const of = (label: string) => {
    let counts = byLabel.get(label);
    if (counts === undefined) {
      counts = { hit: 0, wrong: 0, missed: 0 };
      byLabel.set(label, counts);
    }
    return counts;
  };
  function add(taken: readonly string[], wanted: ReadonlySet<string>): void {
    const set = new Set(taken);
    for (const label of set) {
      if (wanted.has(label)) of(label).hit++;
      else of(label).wrong++;
    }
    for (const label of wanted) if (!set.has(label)) of(label).missed++;
  }
  function result(): { micro: number; macro: number } {
    const total = { hit: 0, wrong: 0, missed: 0 };
    let sum = 0;
    for (const counts of byLabel.values()) {
      total.hit += counts.hit;
      total.wrong += counts.wrong;
      total.missed += counts.missed;
      sum += f1(counts);
    }
    return { micro: f1(total), macro: byLabel.size === 0 ? 0 : sum / byLabel.size };
  }
  return { add, result };
}

function f1({ hit, wrong, missed }: { hit: number; wrong: number; missed: number }): number {
  return hit === 0 ? 0 : (2 * hit) / (2 * hit + wrong + missed);
}

/** The `share` quantile, linear between the two nearest ranks (NumPy's default); 0 of nothing. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below + (position - Math.floor(position)) * (above - below);
}
