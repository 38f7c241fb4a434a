// Which rule makes one ranking of several encoders': each is tried on documents that none of them has seen.
import { type Combination, Combiner, combinations } from "@tagwright/model/internals";
import type { TrainingSet } from "../features/training-set.ts";
import { calibrate, DEPTH, type Judged } from "./calibrate.ts";

interface TriedCombination {
  readonly rule: Combination;
  readonly precision: number;
  readonly ndcg: number;
  /** Micro-F1 of the tags from the threshold on. */
  readonly f1: number;
}

export interface ChosenCombination {
  readonly rule: Combination;
  readonly judged: readonly Judged[];
  /** Each rule with its figures, the chosen one among them; none where nothing was held out. */
  readonly tried: readonly TriedCombination[];
}

/** nDCG at 5 under which rules rank alike, and the one whose values say most about certainty is taken. */
const ALIKE = 0.001;

/**
 * The rule with the best nDCG at 5, of those that are alike the one with the best F1: ranks alone make a good order, but
 * poor probabilities. Without held-out documents the average.
 * @param lists for each encoder what it suggests for each held-out document, `longest` labels at most.
 */
export function chooseCombination(
  set: TrainingSet,
  lists: readonly (readonly Judged[])[],
  longest: number,
  asked: Combination | "auto",
): ChosenCombination {
  const rules = asked === "auto" ? combinations : [asked];
  const numDocuments = lists[0]?.length ?? 0;
  if (numDocuments === 0) return { rule: asked === "auto" ? "average" : asked, judged: [], tried: [] };
  const results = rules.map((rule) => {
    const judged = combine(lists, rule, longest, set.labelIds.length);
    const { precision, ndcg, f1 } = calibrate(set, judged).metrics;
    return { judged, tried: { rule, precision: precision["1"], ndcg: ndcg["5"], f1: f1.micro } };
  });
  const best = Math.max(...results.map(({ tried }) => tried.ndcg));
  const alike = results.filter(({ tried }) => tried.ndcg > best - ALIKE);
  const chosen = alike.reduce((a, b) => (b.tried.f1 > a.tried.f1 ? b : a));
  return { rule: chosen.tried.rule, judged: chosen.judged, tried: results.map((it) => it.tried) };
}

/** What a model of all encoders suggests for each document. */
function combine(
  lists: readonly (readonly Judged[])[],
  rule: Combination,
  longest: number,
  numLabels: number,
): Judged[] {
  const combiner = new Combiner({ rule, numModels: lists.length, longest }, numLabels);
  return lists[0]!.map(({ document }, i) => {
    let milliseconds = 0;
    for (const [model, list] of lists.entries()) {
      const { suggestions } = list[i]!;
      milliseconds += list[i]!.milliseconds;
      const values = Float64Array.from(suggestions, (it) => it.value);
      const labels = Uint32Array.from(suggestions, (it) => it.label);
      combiner.add(model, { length: labels.length, labels, values, margins: values });
    }
    const ranked = combiner.take(DEPTH);
    const suggestions = Array.from({ length: ranked.length }, (_, r) => ({
      label: ranked.labels[r]!,
      value: ranked.values[r]!,
    }));
    return { document, suggestions, milliseconds };
  });
}
