// Corpora that bring their own sparse features (the Extreme Classification Repository's form) instead of text.
import type { SparseRow } from "@tagwright/model/internals";
import { CorpusError } from "../corpus/corpus-error.ts";
import type { FittedTfidf } from "./fit-tfidf.ts";
import { sharedFloat32, sharedUint32 } from "./growing.ts";

/** Features that a header may name though few of them occur: more than any data set of the repository has, in 50 MB. */
const FEATURES_AT_LEAST = 2 ** 22;

/** The header alone decides how much memory the features take. @throws CorpusError where the rows do not bear it out. */
export function checkNumFeatures(place: string, rows: readonly SparseRow[], numFeatures: number): void {
  const numValues = countValues(rows);
  const most = Math.max(FEATURES_AT_LEAST, numValues);
  if (numFeatures <= most) return;
  throw new CorpusError(
    `${place}: expected ${most} features at most, its rows have ${numValues} values, the header says ${numFeatures}; ` +
      "the file is damaged or not whole, copy it again",
  );
}

/** Unit rows of given features, with a vocabulary that numbers them: such a model answers features, not texts. */
export function readyFeatures(rows: readonly SparseRow[], numFeatures: number): FittedTfidf {
  const size = countValues(rows);
  const indptr = sharedUint32(rows.length + 1);
  const indices = sharedUint32(size);
  const values = sharedFloat32(size);
  for (const [row, it] of rows.entries()) {
    const start = indptr[row]!;
    indices.set(it.indices, start);
    const norm = Math.sqrt(it.values.reduce((sum, value) => sum + value * value, 0));
    for (const [k, value] of it.values.entries()) values[start + k] = norm > 0 ? value / norm : 0;
    indptr[row + 1] = start + it.indices.length;
  }
  const numbers = Uint32Array.from({ length: numFeatures }, (_, feature) => feature);
  const block = {
    options: { analyzer: "word", minN: 1, maxN: 1, sublinear: false } as const,
    hashHigh: numbers,
    hashLow: new Uint32Array(numFeatures),
    idf: new Float32Array(numFeatures).fill(1),
  };
  return {
    model: { blocks: [block], numFeatures },
    rows: { numRows: rows.length, numCols: numFeatures, indptr, indices, values },
    *vocabulary() {
      for (let feature = 0; feature < numFeatures; feature++) yield `feature ${feature}`;
    },
  };
}

function countValues(rows: readonly SparseRow[]): number {
  return rows.reduce((sum, { indices }) => sum + indices.length, 0);
}
