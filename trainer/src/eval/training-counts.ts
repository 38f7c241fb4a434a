// How often each label occurs in the training part of a corpus: propensity-scored precision needs it.
import path from "node:path";
import type { Corpus } from "../corpus/corpus.ts";
import { createLabelCounter, type LabelStatistics } from "../corpus/label-statistics.ts";
import { type CorpusOptions, openCorpus } from "../corpus/open-corpus.ts";
import { isHeldOut } from "../corpus/split.ts";

/**
 * Counts over the training part beside `evaluated` (train.jsonl beside test.jsonl, for example). Where there is none,
 * over the evaluated corpus itself without its held-out part.
 */
export async function countTrainingLabels(
  location: string,
  evaluated: Corpus,
  heldOutPercent: number,
  options: CorpusOptions,
  signal?: AbortSignal,
): Promise<LabelStatistics> {
  const isTestFile = /^test\.jsonl(?:\.gz)?$/.test(path.basename(location));
  const training = await openCorpus(isTestFile ? path.dirname(location) : location, { ...options, part: "train" });
  const percent = training.path === evaluated.path ? heldOutPercent : 0;
  const counter = createLabelCounter();
  for await (const { id, labels } of training.documents(signal)) if (!isHeldOut(id, percent)) counter.add(labels);
  return counter.result();
}
