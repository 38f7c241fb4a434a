// The search of a whole model: each encoder with its trees ranks by its own features, and their lists become one. A model
// with one encoder or none is that one list.
import type { SparseRow } from "../sparse/csr.ts";
import { Combiner } from "./combine.ts";
import { EnsembleSearch, type Member, type Scoring } from "./ensemble.ts";
import type { RankedLabels } from "./tally.ts";

/** Owns the scratch memory: one is needed for each thread. */
export class CombinedSearch {
  readonly #searches: readonly EnsembleSearch[];
  readonly #combiner: Combiner | undefined;
  readonly #longest: number;

  /** @param groups the trees of each encoder; of a model without one, all its trees. */
  constructor(groups: readonly (readonly Member[])[], scoring: Scoring, numLabels: number) {
    this.#searches = groups.map((members) => new EnsembleSearch(members, scoring, numLabels));
    this.#longest = longestList(scoring, numLabels);
    const shape = { rule: scoring.combine ?? "average", numModels: groups.length, longest: this.#longest };
    this.#combiner = groups.length > 1 ? new Combiner(shape, numLabels) : undefined;
  }

  /** The best `k` labels for a text, given as a row of features for each encoder. */
  search(rows: readonly SparseRow[], k: number): RankedLabels {
    const combiner = this.#combiner;
    if (combiner === undefined) return this.#searches[0]!.search(rows[0]!, k);
    for (const [i, search] of this.#searches.entries()) combiner.add(i, search.search(rows[i]!, this.#longest));
    return combiner.take(k);
  }
}

/** Labels that each encoder of several brings, at most. */
export function longestList({ candidates }: Scoring, numLabels: number): number {
  return Math.min(candidates, numLabels);
}
