// Where the arrays of a group of sibling problems lie in the kernels' memory, and how the dense block gets there.
import type { DenseBlock } from "../sparse/csr.ts";
import { NUM_LANES } from "./kernels.ts";

/** Byte offsets; `kinds` comes last because only it grows from call to call. */
export interface Layout {
  readonly indptr: number;
  readonly indices: number;
  readonly values: number;
  readonly norms: number;
  readonly sum: number;
  readonly w: number;
  readonly alpha: number;
  readonly rowKind: number;
  readonly state: number;
  readonly order: number;
  readonly active: number;
  readonly list: number;
  /** Dense rows, `stride` values each: the width made even. */
  readonly dense: number;
  readonly stride: number;
  readonly denseSum: number;
  readonly panel: number;
  /** Products of all rows with each other, and their margins [rows][16]; gram is 0 where they are not kept. */
  readonly gram: number;
  readonly margins: number;
  readonly kinds: number;
}

/** Rows for which their products are worth their price, for each group of labels to be solved. */
const ROWS_A_GROUP = 512;

/**
 * `stride` is the width of the dense block made even, 0 without one. Products of all rows are kept where they take no
 * more room than the rows themselves (then a row has more entries than there are rows) and enough labels share them.
 */
export function layOut(
  { numRows, numLabels }: { readonly numRows: number; readonly numLabels: number },
  numFeatures: number,
  numEntries: number,
  stride: number,
): Layout {
  const products = numRows * Math.ceil(numRows / NUM_LANES) * NUM_LANES;
  const keepsProducts =
    products <= numEntries + numRows * stride && numRows <= ROWS_A_GROUP * Math.ceil(numLabels / NUM_LANES);
  let end = 1024;
  const take = (bytes: number) => {
    const start = end;
    end = Math.ceil((start + bytes) / 64) * 64;
    return start;
  };
  return {
    indptr: take(4 * (numRows + 1)),
    indices: take(4 * numEntries),
    values: take(4 * numEntries),
    norms: take(8 * numRows),
    sum: take(4 * numFeatures),
    w: take(4 * NUM_LANES * numFeatures),
    alpha: take(4 * NUM_LANES * numRows),
    rowKind: take(4 * numRows),
    state: take(4 * NUM_LANES * 4),
    order: take(4 * numRows),
    active: take(4 * numRows),
    list: take(4 * numFeatures),
    dense: take(4 * numRows * stride),
    stride,
    denseSum: take(4 * stride),
    panel: take(4 * NUM_LANES * stride),
    gram: keepsProducts ? take(4 * products) : 0,
    margins: take(keepsProducts ? 4 * NUM_LANES * numRows : 0),
    kinds: take(0),
  };
}

/**
 * Copies the rows `rowOf` of a dense block into the kernels' memory, padded to the stride by zeros, and adds their
 * squares to the norms. Returns the squared length of their sum.
 */
export function loadDense(
  { width, values }: DenseBlock,
  rowOf: Uint32Array,
  memory: ArrayBuffer,
  layout: Layout,
  norms: Float32Array,
): number {
  const { stride } = layout;
  const rows = new Float32Array(memory, layout.dense, rowOf.length * stride);
  const sum = new Float64Array(stride);
  for (let place = 0; place < rowOf.length; place++) {
    const from = rowOf[place]! * width;
    const to = place * stride;
    let square = 0;
    for (let k = 0; k < width; k++) {
      const value = values[from + k]!;
      rows[to + k] = value;
      sum[k]! += value;
      square += value * value;
    }
    if (stride > width) rows[to + width] = 0;
    norms[place * 2]! += square;
  }
  new Float32Array(memory, layout.denseSum, stride).set(sum);
  return sum.reduce((squares, value) => squares + value * value, 0);
}
