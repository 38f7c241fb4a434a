// PIFA, positive instance feature aggregation: a label is the unit sum of its documents, each weighted by
// 1/√(its labels). Source: PECOS, Yu et al., JMLR 2022.
import type { Csr, DenseBlock } from "@tagwright/model/internals";
import { type LabelMatrix, transpose } from "../features/label-matrix.ts";

/**
 * Label features, shape [labels, features], rows of unit norm over both blocks where there are two. With `maxEntries`,
 * only that many largest sparse entries of a label are kept (and the row scaled to unit norm again): the long tail of a
 * frequent label says little about its place.
 */
export function labelEmbedding(features: Csr, labels: LabelMatrix, maxEntries: number): Csr {
  const { numLabels, numDocuments } = labels;
  const documentsOf = transpose(labels);
  const sum = new Float32Array(features.numCols);
  const touched = new Uint32Array(features.numCols);
  const scratch = { values: new Float32Array(features.numCols), equal: new Uint32Array(features.numCols) };
  /** One more than the label that touched a feature last: a sum may be zero on its way. */
  const touchedBy = new Uint32Array(features.numCols);
  const indptr = new Uint32Array(numLabels + 1);
  const rows: { indices: Uint32Array; values: Float32Array }[] = [];
  const { indptr: from, indices: columns, values: entries } = features;
  const weight = new Float32Array(numDocuments);
  for (let d = 0; d < numDocuments; d++) weight[d] = 1 / Math.sqrt(labels.indptr[d + 1]! - labels.indptr[d]!);
  const dense = features.dense && sumDense(features.dense, documentsOf, weight);
  for (let label = 0; label < numLabels; label++) {
    let count = 0;
    for (let e = documentsOf.indptr[label]!; e < documentsOf.indptr[label + 1]!; e++) {
      const document = documentsOf.labels[e]!;
      const factor = weight[document]!;
      const end = from[document + 1]!;
      for (let p = from[document]!; p < end; p++) {
        const feature = columns[p]!;
        if (touchedBy[feature] !== label + 1) {
          touchedBy[feature] = label + 1;
          touched[count++] = feature;
        }
        sum[feature]! += factor * entries[p]!;
      }
    }
    const indices = largest(touched.subarray(0, count), sum, maxEntries, scratch);
    const values = new Float32Array(indices.length);
    let squares = 0;
    for (let k = 0; k < indices.length; k++) {
      const value = sum[indices[k]!]!;
      values[k] = value;
      squares += value * value;
    }
    const ownDense = dense?.values.subarray(label * dense.width, (label + 1) * dense.width) ?? NONE;
    for (const value of ownDense) squares += value * value;
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let k = 0; k < values.length; k++) values[k]! *= scale;
    for (let k = 0; k < ownDense.length; k++) ownDense[k]! *= scale;
    for (let k = 0; k < count; k++) sum[touched[k]!] = 0;
    rows.push({ indices, values });
    indptr[label + 1] = indptr[label]! + indices.length;
  }
  return { ...concatenate(rows, indptr, features.numCols), ...(dense && { dense }) };
}

const NONE = new Float32Array(0);

/** Σ weight · dense row over the documents of each label. */
function sumDense({ width, values }: DenseBlock, documentsOf: LabelMatrix, weight: Float32Array): DenseBlock {
  const { numDocuments: numLabels, indptr, labels: documents } = documentsOf;
  const sums = new Float32Array(numLabels * width);
  const sum = new Float64Array(width);
  for (let label = 0; label < numLabels; label++) {
    sum.fill(0);
    for (let e = indptr[label]!; e < indptr[label + 1]!; e++) {
      const from = documents[e]! * width;
      const factor = weight[documents[e]!]!;
      for (let k = 0; k < width; k++) sum[k]! += factor * values[from + k]!;
    }
    sums.set(sum, label * width);
  }
  return { width, values: sums };
}

/** The features with the `limit` largest sums, ascending by index; of equal ones those that come first. */
function largest(
  features: Uint32Array,
  sum: Float32Array,
  limit: number,
  scratch: { readonly values: Float32Array; readonly equal: Uint32Array },
): Uint32Array {
  const count = features.length;
  if (count <= limit) return features.slice().sort();
  const values = scratch.values.subarray(0, count);
  for (let k = 0; k < count; k++) values[k] = sum[features[k]!]!;
  const bound = limitOf(values, limit);
  const kept = new Uint32Array(limit);
  const { equal } = scratch;
  let numKept = 0;
  let numEqual = 0;
  for (let k = 0; k < count; k++) {
    const feature = features[k]!;
    const value = sum[feature]!;
    if (value > bound) kept[numKept++] = feature;
    else if (value === bound) equal[numEqual++] = feature;
  }
  kept.set(
    equal
      .subarray(0, numEqual)
      .sort()
      .subarray(0, limit - numKept),
    numKept,
  );
  return kept.sort();
}

/** The `limit`th largest of `values`, which are partially sorted on the way (Hoare's selection). */
function limitOf(values: Float32Array, limit: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! > pivot) i++;
      while (values[j]! < pivot) j--;
      if (i > j) break;
      const kept = values[i]!;
      values[i++] = values[j]!;
      values[j--] = kept;
    }
    if (limit - 1 <= j) high = j;
    else if (limit - 1 >= i) low = i;
    else break;
  }
  return values[limit - 1]!;
}

function concatenate(
  rows: readonly { indices: Uint32Array; values: Float32Array }[],
  indptr: Uint32Array,
  numCols: number,
): Csr {
  const size = indptr[rows.length]!;
  const indices = new Uint32Array(size);
  const values = new Float32Array(size);
  for (const [row, it] of rows.entries()) {
    indices.set(it.indices, indptr[row]!);
    values.set(it.values, indptr[row]!);
  }
  return { numRows: rows.length, numCols, indptr, indices, values };
}
