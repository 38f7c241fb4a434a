// Compressed sparse rows as flat typed arrays. Column indices ascend within a row.

export interface Csr {
  readonly numRows: number;
  readonly numCols: number;
  /** Row r is [indptr[r], indptr[r + 1]), length numRows + 1. */
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

/** One row, views into the arrays of its matrix or of a document. */
export interface SparseRow {
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}
