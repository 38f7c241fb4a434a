// Documents that a model is asked about must be new to TF-IDF, too. Fitted with them, it knows n-grams that the model has
// no weight for, which take part of their unit rows: the model would look less sure than it is of new documents.
import { type Csr, scaleRow, type TfidfModel } from "@tagwright/model/internals";
import { sharedUint32 } from "./growing.ts";
import { allExcept, type Examples, selectExamples, type TrainingSet } from "./training-set.ts";

/** A corpus in two: what a model learns from, and what it is asked about. */
export interface Unseen {
  /** What is learnt from, of a set that has the rows of the one that was divided, and any dense block. */
  examples(set: Examples): Examples;
  /** Such a set with the rows of the unseen documents, by their numbers; those of the others are empty. */
  asked(set: TrainingSet): TrainingSet;
}

/**
 * Divides `set` as if TF-IDF had been fitted without `documents`, ascending, from the counts that its rows have: n-grams of
 * fewer than `minDocuments` others are left out, idf is that of the others, and rows have unit norm again. Columns keep
 * their numbers. Ready-made features stay as they are.
 */
export function withUnseen(set: TrainingSet, documents: Uint32Array, minDocuments: number): Unseen {
  const rest = allExcept(documents, set.features.numRows);
  const { tfidf } = set;
  const ratio = tfidf.blocks.length === 0 ? undefined : idfRatios(set.features, tfidf, rest, minDocuments);
  const rescaled = (features: Csr) => (ratio === undefined ? features : rescale(features, tfidf, ratio));
  return {
    examples(from) {
      const { features, labels } = selectExamples(from, rest);
      return { features: rescaled(features), labels };
    },
    asked(from) {
      const { features, labels } = from;
      const { dense: _, ...sparse } = features;
      const few = rescaled(selectExamples({ features: sparse, labels }, documents).features);
      const indptr = sharedUint32(features.numRows + 1);
      for (const [row, document] of documents.entries()) indptr[document + 1] = few.indptr[row + 1]! - few.indptr[row]!;
      for (let row = 0; row < features.numRows; row++) indptr[row + 1]! += indptr[row]!;
      return { ...from, features: { ...features, indptr, indices: few.indices, values: few.values } };
    },
  };
}

/** By column: idf of a fit on `rest` over that of a fit on all, 0 where the n-gram would not be known. */
function idfRatios(
  { numCols, indptr, indices }: Csr,
  { blocks }: TfidfModel,
  rest: Uint32Array,
  minDocuments: number,
): Float32Array {
  const counts = new Uint32Array(numCols);
  for (const row of rest) for (let e = indptr[row]!; e < indptr[row + 1]!; e++) counts[indices[e]!]!++;
  const ratios = new Float32Array(numCols);
  let column = 0;
  for (const { idf } of blocks) {
    for (const known of idf) {
      const count = counts[column]!;
      if (count >= minDocuments) ratios[column] = (Math.log((1 + rest.length) / (1 + count)) + 1) / known;
      column++;
    }
  }
  return ratios;
}

/** In place: entries times `ratios`, those of 0 dropped, each block and then each row of unit norm. */
function rescale(
  { numRows, numCols, indptr, indices, values, dense }: Csr,
  { blocks }: TfidfModel,
  ratios: Float32Array,
): Csr {
  let end = 0;
  let from = 0;
  for (let row = 0; row < numRows; row++) {
    const to = indptr[row + 1]!;
    const start = end;
    let e = from;
    let limit = 0;
    let numBlocks = 0;
    for (const { idf } of blocks) {
      limit += idf.length;
      const first = end;
      let squares = 0;
      for (; e < to && indices[e]! < limit; e++) {
        const ratio = ratios[indices[e]!]!;
        if (ratio === 0) continue;
        const value = values[e]! * ratio;
        indices[end] = indices[e]!;
        values[end++] = value;
        squares += value * value;
      }
      if (squares === 0) continue;
      numBlocks++;
      const scale = 1 / Math.sqrt(squares);
      for (let k = first; k < end; k++) values[k]! *= scale;
    }
    scaleRow(values.subarray(start, end), end - start, numBlocks);
    from = to;
    indptr[row + 1] = end;
  }
  return {
    numRows,
    numCols,
    indptr,
    indices: indices.subarray(0, end),
    values: values.subarray(0, end),
    ...(dense && { dense }),
  };
}
