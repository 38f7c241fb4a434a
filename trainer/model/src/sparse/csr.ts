// Compressed sparse rows as flat typed arrays, and a dense block that may stand beside them. The two are never mixed.
// Column indices ascend within a row.

/** Row r is values[r · width, (r + 1) · width). */
export interface DenseBlock {
  readonly width: number;
  readonly values: Float32Array;
}

export interface Csr {
  readonly numRows: number;
  readonly numCols: number;
  /** Row r is [indptr[r], indptr[r + 1]), length numRows + 1. */
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
  /** The same rows' embeddings; none without an encoder. */
  readonly dense?: DenseBlock;
}

/** One row, views into the arrays of its matrix or of a document. */
export interface SparseRow {
  readonly indices: Uint32Array;
  readonly values: Float32Array;
  readonly dense?: Float32Array;
}

/** Row `row` of both blocks, as views. */
export function rowOf({ indptr, indices, values, dense }: Csr, row: number): SparseRow {
  const start = indptr[row]!;
  const end = indptr[row + 1]!;
  const sparse = { indices: indices.subarray(start, end), values: values.subarray(start, end) };
  if (dense === undefined) return sparse;
  return { ...sparse, dense: dense.values.subarray(row * dense.width, (row + 1) * dense.width) };
}
