// How often each label occurs, and which labels have enough documents to be learnt.
import { CorpusError } from "./corpus-error.ts";

export interface LabelStatistics {
  readonly documents: number;
  /** Label assignments over all documents. */
  readonly assignments: number;
  /** Label to the number of its documents, in order of first appearance. */
  readonly counts: ReadonlyMap<string, number>;
  readonly maxLabelsPerDocument: number;
}

export interface LabelCounter {
  /** Counts one document; each label of it once. */
  add(labels: readonly string[]): void;
  result(): LabelStatistics;
}

export function createLabelCounter(): LabelCounter {
  const counts = new Map<string, number>();
  let documents = 0;
  let assignments = 0;
  let maxLabelsPerDocument = 0;
  return {
    add(labels) {
      documents++;
      assignments += labels.length;
      maxLabelsPerDocument = Math.max(maxLabelsPerDocument, labels.length);
      for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
    },
    result: () => ({ documents, assignments, counts, maxLabelsPerDocument }),
  };
}

export interface KeptLabels {
  /** Sorted by code unit, so that label indices do not depend on the order of documents. */
  readonly labels: readonly string[];
  readonly numDropped: number;
}

/** The labels of at least `minDocuments` documents. */
export function keepFrequentLabels(statistics: LabelStatistics, minDocuments: number): KeptLabels {
  const labels: string[] = [];
  for (const [label, count] of statistics.counts) if (count >= minDocuments) labels.push(label);
  labels.sort();
  return { labels, numDropped: statistics.counts.size - labels.length };
}

/** @throws CorpusError where a model cannot be learnt: fewer than two documents or two labels. */
export function checkTrainable(corpusPath: string, statistics: LabelStatistics, kept: KeptLabels): void {
  if (statistics.documents < 2) {
    throw new CorpusError(
      `${corpusPath}: expected at least two labelled documents to learn from, found ${statistics.documents}; add more documents`,
    );
  }
  if (kept.labels.length >= 2) return;
  const found = statistics.counts.size;
  const dropped = kept.numDropped > 0 ? ` (${kept.numDropped} more are too rare for --min-label-documents)` : "";
  const cure = found >= 2 ? "lower --min-label-documents" : "with one label there is nothing to choose from, use more";
  throw new CorpusError(
    `${corpusPath}: expected at least two different labels, found ${kept.labels.length}${dropped}; ${cure}`,
  );
}
