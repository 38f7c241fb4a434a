// One list from the searches of one or more trees over the same features. A label's value is the mean over the trees of
// what each search gave it, 0 where it did not come up; a single tree's order is kept.
import type { Ranker } from "../ranker/chunk.ts";
import type { SparseRow } from "../sparse/csr.ts";
import type { LabelTree } from "../tree/label-tree.ts";
import { type Beam, type BeamOptions, BeamSearch, newBeam, newRanking, type Ranking } from "./beam-search.ts";

/** How a model ranks; stored in its manifest. */
export interface Scoring extends BeamOptions {
  /** Candidates a tree contributes before the lists are merged. */
  readonly candidates: number;
}

export interface Member {
  readonly tree: LabelTree;
  readonly ranker: Ranker;
}

/** The merged list, best first. Valid until the next search. */
export interface RankedLabels {
  length: number;
  readonly labels: Uint32Array;
  /** Ranking values: at least 0, about 1 where a label is certain. */
  readonly values: Float64Array;
  /** Mean leaf margin over the trees in which the label came up. */
  readonly margins: Float64Array;
}

/** How strongly a margin past 1, where the hinge is silent, still counts. */
const PAST_HINGE = 0.1;

/** Owns the scratch memory: one is needed for each thread. */
export class EnsembleSearch {
  readonly #searches: readonly BeamSearch[];
  readonly #scoring: Scoring;
  readonly #ranking: Ranking;
  readonly #beam: Beam;
  readonly #sums: Float64Array;
  readonly #margins: Float64Array;
  readonly #hits: Uint8Array;
  readonly #found: Uint32Array;
  readonly #ranked: RankedLabels;

  constructor(members: readonly Member[], scoring: Scoring, numLabels: number) {
    this.#searches = members.map(({ tree, ranker }) => new BeamSearch(tree, ranker));
    this.#scoring = scoring;
    this.#ranking = newRanking(Math.min(scoring.candidates, numLabels));
    this.#beam = newBeam(scoring.beam);
    this.#sums = new Float64Array(numLabels);
    this.#margins = new Float64Array(numLabels);
    this.#hits = new Uint8Array(numLabels);
    const capacity = Math.min(numLabels, scoring.candidates * members.length);
    this.#found = new Uint32Array(capacity);
    this.#ranked = {
      length: 0,
      labels: new Uint32Array(capacity),
      values: new Float64Array(capacity),
      margins: new Float64Array(capacity),
    };
  }

  /** The best `k` labels for a row of features. */
  search(row: SparseRow, k: number): RankedLabels {
    const ranking = this.#ranking;
    let numFound = 0;
    for (const search of this.#searches) {
      search.search(row, ranking.labels.length, this.#scoring, ranking, this.#beam);
      for (let i = 0; i < ranking.length; i++) {
        const label = ranking.labels[i]!;
        if (this.#hits[label]!++ === 0) this.#found[numFound++] = label;
        this.#sums[label]! += rankingValue(ranking.scores[i]!, ranking.margins[i]!);
        this.#margins[label]! += ranking.margins[i]!;
      }
    }
    return this.#merge(numFound, k);
  }

  #merge(numFound: number, k: number): RankedLabels {
    const ranked = this.#ranked;
    const capacity = Math.min(k, ranked.labels.length);
    ranked.length = 0;
    for (let f = 0; f < numFound; f++) {
      const label = this.#found[f]!;
      const value = this.#sums[label]! / this.#searches.length;
      const margin = this.#margins[label]! / this.#hits[label]!;
      this.#sums[label] = 0;
      this.#margins[label] = 0;
      this.#hits[label] = 0;
      if (ranked.length === capacity && (capacity === 0 || value <= ranked.values[capacity - 1]!)) continue;
      let i = ranked.length < capacity ? ranked.length++ : capacity - 1;
      for (; i > 0 && value > ranked.values[i - 1]!; i--) {
        ranked.labels[i] = ranked.labels[i - 1]!;
        ranked.values[i] = ranked.values[i - 1]!;
        ranked.margins[i] = ranked.margins[i - 1]!;
      }
      ranked.labels[i] = label;
      ranked.values[i] = value;
      ranked.margins[i] = margin;
    }
    return ranked;
  }
}

/** exp(score) below the hinge's end; past it the margin goes on to tell labels apart. */
function rankingValue(score: number, margin: number): number {
  if (score < 0) return Math.exp(score);
  return 1 + PAST_HINGE * Math.min(margin - 1, 1);
}

/** How to rank, from a manifest. @returns undefined where a figure is missing or out of bounds. */
export function parseScoring(json: Readonly<Record<string, unknown>>): Scoring | undefined {
  const { beam, power, pathWeight, candidates, loss } = json;
  if (!isWhole(beam, 1, 10_000) || !isWhole(candidates, 1, 10_000)) return undefined;
  if (typeof power !== "number" || !(power > 0 && power <= 10)) return undefined;
  if (typeof pathWeight !== "number" || !(pathWeight >= 0 && pathWeight <= 10)) return undefined;
  const scoring = { beam, power, pathWeight, candidates };
  if (loss === undefined || loss === "squared-hinge") return scoring;
  return loss === "logistic" ? { ...scoring, loss } : undefined;
}

function isWhole(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
}
