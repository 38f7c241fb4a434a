// Figures of several models, each over documents that it has not learnt from, as if one had suggested for all of them.
import { openModel } from "@tagwright/model";
import { openCorpus } from "../../../trainer/src/corpus/open-corpus.ts";
import { createMetrics } from "../../../trainer/src/eval/metrics.ts";

export interface Fold {
  /** A model folder. */
  readonly model: string;
  /** A folder with a test part. */
  readonly corpus: string;
}

const numSuggestions = 10;

export async function evaluatePooled(folds: readonly Fold[]) {
  const metrics = createMetrics({ numLabels: 0, labelDocuments: new Map(), trainDocuments: 0, threshold: 1 });
  for (const { model: folder, corpus: location } of folds) {
    const model = await openModel(folder);
    const corpus = await openCorpus(location, { part: "test" });
    for await (const { text, labels } of corpus.documents())
      metrics.add(await model.suggest(text, numSuggestions), labels, 0);
    model.dispose();
  }
  const { documents, precision, ndcg, ece, eceByChance } = metrics.result();
  return { documents, p1: precision[1], ndcg5: ndcg[5], ece, eceByChance };
}
