// Suggestions of a model folder for the test rows, and how long one document takes, on one thread.
import path from "node:path";
import { openModel } from "@tagwright/model";
import { quantile } from "../../../trainer/src/eval/metrics.ts";
import { readFeatures, writeArray } from "./matrices.ts";

/** Suggestions a document gets; the file has as many numbers for each, `NO_LABEL` where there are fewer. */
export const TOP = 10;
export const NO_LABEL = 0xffffffff;
/** Documents that are timed, at most. */
const TIMED = 2_000;

export interface PredictOptions {
  readonly matrices: string;
  readonly model: string;
  readonly out: string;
}

/** Answers all documents once, unmeasured, then times some of them one by one. */
export async function predict({ matrices, model: folder, out }: PredictOptions) {
  const { numRows, indptr, indices, values } = readFeatures(matrices, "T");
  const rows = Array.from({ length: numRows }, (_, row) => ({
    indices: indices.subarray(indptr[row], indptr[row + 1]),
    values: values.subarray(indptr[row], indptr[row + 1]),
  }));
  const model = await openModel(folder);
  const labels = new Uint32Array(numRows * TOP).fill(NO_LABEL);
  for (const [document, row] of rows.entries()) {
    for (const [rank, { id }] of model.suggestFeatures(row, TOP).entries()) labels[document * TOP + rank] = Number(id);
  }
  writeArray(path.dirname(out), path.basename(out), labels);
  const times = rows.slice(0, TIMED).map((row) => {
    const start = performance.now();
    model.suggestFeatures(row, TOP);
    return performance.now() - start;
  });
  model.dispose();
  return { milliseconds: quantile(times, 0.5), peakBytes: process.resourceUsage().maxRSS * 1024 };
}

/** Milliseconds that opening takes: the first time in this process, and the median of twenty more. */
export async function timeOpening(folder: string) {
  const times: number[] = [];
  for (let i = 0; i <= 20; i++) {
    const start = performance.now();
    const model = await openModel(folder);
    times.push(performance.now() - start);
    model.dispose();
  }
  return { first: times[0]!, median: quantile(times.slice(1), 0.5) };
}
