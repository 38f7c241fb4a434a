// One ranking from those of several models, an encoder each: the five rules of PECOS's `CsrEnsembler`. A label that a
// model did not list counts 0 there. Checked against libpecos (test/parity/combine-oracle.py).

import { type RankedLabels, Tally } from "./tally.ts";

/**
 * `average` of the values · `sigmoid` and `softmax`: of the values after that function, softmax over what a list holds ·
 * `rank`: of how far from a list's end a label stands · `round-robin`: all first labels in the order of the models, then all
 * second ones, and so on.
 */
export const combinations = ["average", "sigmoid", "softmax", "rank", "round-robin"] as const;
export type Combination = (typeof combinations)[number];

export interface CombinationShape {
  readonly rule: Combination;
  readonly numModels: number;
  /** Labels that a list holds at most, the mm of PECOS: a rank counts from there. */
  readonly longest: number;
}

/** Merges rankings, one a model in the order of the models. Owns the scratch memory; allocates nothing after that. */
export class Combiner {
  readonly #shape: CombinationShape;
  readonly #tally: Tally;
  readonly #given: Float64Array;

  constructor(shape: CombinationShape, numLabels: number) {
    this.#shape = shape;
    this.#tally = new Tally(numLabels, Math.min(numLabels, shape.numModels * shape.longest));
    this.#given = new Float64Array(shape.longest);
  }

  /** Takes the list of model `model`, counted from 0, of `longest` labels at most. */
  add(model: number, { length, labels, values, margins }: RankedLabels): void {
    const given = this.#given;
    contributions(this.#shape, values, length, model, given);
    if (this.#shape.rule === "round-robin")
      for (let r = 0; r < length; r++) this.#tally.raise(labels[r]!, given[r]!, margins[r]!);
    else for (let r = 0; r < length; r++) this.#tally.add(labels[r]!, given[r]!, margins[r]!);
  }

  /** The best `k` labels of all lists since the last call. */
  take(k: number): RankedLabels {
    return this.#tally.take(k, 1);
  }
}

/**
 * What the list of model `model`, counted from 0, with `values` from the best down to `length`, gives to its labels: out[r]
 * goes to the label at rank r, to be added to what others give, or with `round-robin` to take its place where it is more.
 * Source: `CsrEnsembler` of libpecos 1.2, which divides round robin by the number of models, too.
 */
function contributions(
  { rule, numModels, longest }: CombinationShape,
  values: Float64Array,
  length: number,
  model: number,
  out: Float64Array,
): void {
  const ahead = rule === "round-robin" ? (numModels - model) / (numModels + 1) : 0;
  // The list is sorted, so its first value is the largest: no exponential overflows.
  const largest = values[0]!;
  let total = 0;
  if (rule === "softmax") for (let r = 0; r < length; r++) total += Math.exp(values[r]! - largest);
  for (let r = 0; r < length; r++) {
    let value = values[r]!;
    if (rule === "sigmoid") value = 1 / (1 + Math.exp(-value));
    else if (rule === "softmax") value = Math.exp(value - largest) / total;
    else if (rule === "rank" || rule === "round-robin") value = longest - r + ahead;
    out[r] = value / numModels;
  }
}
