// Which labels each document has, as flat arrays, and the same the other way round.

/** Row d of `labels` is entries [indptr[d], indptr[d + 1]): label indices, ascending. */
export interface LabelMatrix {
  readonly numDocuments: number;
  readonly numLabels: number;
  readonly indptr: Uint32Array;
  readonly labels: Uint32Array;
}

/** Labels → documents. */
export function transpose({ numDocuments, numLabels, indptr, labels }: LabelMatrix): LabelMatrix {
  const start = new Uint32Array(numLabels + 1);
  for (const label of labels) start[label + 1]!++;
  for (let label = 0; label < numLabels; label++) start[label + 1]! += start[label]!;
  const next = start.slice();
  const documents = new Uint32Array(labels.length);
  for (let d = 0; d < numDocuments; d++) {
    for (let e = indptr[d]!; e < indptr[d + 1]!; e++) documents[next[labels[e]!]!++] = d;
  }
  return { numDocuments: numLabels, numLabels: numDocuments, indptr: start, labels: documents };
}
