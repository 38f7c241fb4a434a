// One list from the searches of one or more trees over the same features. A label's value is the mean over the trees of
// what each search gave it, 0 where it did not come up; a single tree's order is kept.
import type { Ranker } from "../ranker/chunk.ts";
import type { SparseRow } from "../sparse/csr.ts";
import type { LabelTree } from "../tree/label-tree.ts";
import { type Beam, type BeamOptions, BeamSearch, newBeam, newRanking, type Ranking } from "./beam-search.ts";
import { type Combination, combinations } from "./combine.ts";
import { type RankedLabels, Tally } from "./tally.ts";

/** How a model ranks; stored in its manifest. */
export interface Scoring extends BeamOptions {
  /** Candidates a tree contributes before the lists are merged; and an encoder with its trees, where there are several. */
  readonly candidates: number;
  /** How the lists of several encoders become one; left out for one encoder or none. */
  readonly combine?: Combination;
}

export interface Member {
  readonly tree: LabelTree;
  readonly ranker: Ranker;
}

/** How strongly a margin past 1, where the hinge is silent, still counts. */
const PAST_HINGE = 0.1;

/** Owns the scratch memory: one is needed for each thread. */
export class EnsembleSearch {
  readonly #searches: readonly BeamSearch[];
  readonly #scoring: Scoring;
  readonly #ranking: Ranking;
  readonly #beam: Beam;
  readonly #tally: Tally;

  constructor(members: readonly Member[], scoring: Scoring, numLabels: number) {
    this.#searches = members.map(({ tree, ranker }) => new BeamSearch(tree, ranker));
    this.#scoring = scoring;
    this.#ranking = newRanking(Math.min(scoring.candidates, numLabels));
    this.#beam = newBeam(scoring.beam);
    this.#tally = new Tally(numLabels, Math.min(numLabels, scoring.candidates * members.length));
  }

  /** The best `k` labels for a row of features. */
  search(row: SparseRow, k: number): RankedLabels {
    const ranking = this.#ranking;
    // A single tree's order is the answer's: its first k are enough.
    const wanted = this.#searches.length === 1 ? k : ranking.labels.length;
    for (const search of this.#searches) {
      search.search(row, wanted, this.#scoring, ranking, this.#beam);
      for (let i = 0; i < ranking.length; i++) {
        const margin = ranking.margins[i]!;
        this.#tally.add(ranking.labels[i]!, rankingValue(ranking.scores[i]!, margin), margin);
      }
    }
    return this.#tally.take(k, this.#searches.length);
  }
}

/** exp(score) below the hinge's end; past it the margin goes on to tell labels apart. */
function rankingValue(score: number, margin: number): number {
  if (score < 0) return Math.exp(score);
  return 1 + PAST_HINGE * Math.min(margin - 1, 1);
}

/** How to rank, from a manifest. @returns undefined where a figure is missing or out of bounds. */
export function parseScoring(json: Readonly<Record<string, unknown>>): Scoring | undefined {
  const { beam, power, pathWeight, candidates, loss, combine } = json;
  if (!isWhole(beam, 1, 10_000) || !isWhole(candidates, 1, 10_000)) return undefined;
  if (typeof power !== "number" || !(power > 0 && power <= 10)) return undefined;
  if (typeof pathWeight !== "number" || !(pathWeight >= 0 && pathWeight <= 10)) return undefined;
  if (loss !== undefined && loss !== "squared-hinge" && loss !== "logistic") return undefined;
  const rule = combinations.find((it) => it === combine);
  if (combine !== undefined && rule === undefined) return undefined;
  return {
    ...{ beam, power, pathWeight, candidates },
    ...(loss === "logistic" && { loss }),
    ...(rule !== undefined && { combine: rule }),
  };
}

function isWhole(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
}
