// Figures of anybody's suggestions, by the one code that measures ours.
import path from "node:path";
import { createMetrics } from "../../../trainer/src/eval/metrics.ts";
import { readRows, readShape, readUint32 } from "./matrices.ts";
import { NO_LABEL, TOP } from "./predict.ts";

export function score(matrices: string, suggestions: string) {
  const { documents, labels } = readShape(matrices);
  const { indptr, indices } = readRows(matrices, "S");
  const suggested = readUint32(path.dirname(suggestions), path.basename(suggestions));
  const metrics = createMetrics({
    numLabels: labels,
    labelDocuments: new Map(),
    trainDocuments: documents,
    threshold: 1,
  });
  for (let document = 0; document + 1 < indptr.length; document++) {
    const list = suggested.subarray(document * TOP, (document + 1) * TOP).filter((label) => label !== NO_LABEL);
    const truth = indices.subarray(indptr[document], indptr[document + 1]);
    metrics.add(
      Array.from(list, (label) => ({ id: String(label), probability: 0 })),
      Array.from(truth, String),
      0,
    );
  }
  const { precision, recall, ndcg } = metrics.result();
  return { p1: precision[1], p3: precision[3], p5: precision[5], ndcg5: ndcg[5], r10: recall[10] };
}
