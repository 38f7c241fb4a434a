// Products of all rows with each other. Where a row has more entries than there are rows, a step that keeps up the
// margins of all rows costs less than one that reads and writes the weights, and rows that do not move cost nothing.
//
// Memory  gram [rows][stride], rows of a multiple of 16 products: x_i · x_j + 1, ‖x_i‖² + 1 with all of its features on
// the diagonal. The rest as in solve-group.ts.

import { addDense, addSparse } from "./lanes";

/** Bytes of one row of the matrix. */
// @ts-ignore: decorator
@inline export function gramStride(numRows: i32): usize {
  return <usize>((numRows + 15) & ~15) << 2;
}

/** Writes the matrix. w [features][16] and panel [width][16] are scratch. */
export function gramMatrix(
  numRows: i32, indptr: usize, indices: usize, values: usize, norms: usize, w: usize, numFeatures: i32,
  dense: usize, width: usize, panel: usize, gram: usize,
): void {
  const stride = gramStride(numRows);
  memory.fill(w, 0, <usize>numFeatures << 6);
  memory.fill(panel, 0, width << 6);
  for (let first: i32 = 0; first < numRows; first += 16) {
    const last = min(first + 16, numRows);
    for (let row = first; row < last; row++) spread(row, row - first, indptr, indices, values, w, dense, width, panel, 1);
    for (let row = first; row < numRows; row++) {
      let s0 = f32x4.splat(1), s1 = s0, s2 = s0, s3 = s0;
      const start = load<u32>(indptr + (<usize>row << 2));
      const end = load<u32>(indptr + (<usize>row << 2), 4);
      let value = values + (<usize>start << 2);
      for (let index = indices + (<usize>start << 2); index < indices + (<usize>end << 2); index += 4, value += 4) {
        const at = w + (<usize>load<u32>(index) << 6);
        const x = v128.load32_splat(value);
        s0 = f32x4.add(s0, f32x4.mul(x, v128.load(at)));
        s1 = f32x4.add(s1, f32x4.mul(x, v128.load(at, 16)));
        s2 = f32x4.add(s2, f32x4.mul(x, v128.load(at, 32)));
        s3 = f32x4.add(s3, f32x4.mul(x, v128.load(at, 48)));
      }
      let at = panel;
      let entry = dense + ((<usize>row * width) << 2);
      for (let k: usize = 0; k < width; k++, at += 64, entry += 4) {
        const x = v128.load32_splat(entry);
        s0 = f32x4.add(s0, f32x4.mul(x, v128.load(at)));
        s1 = f32x4.add(s1, f32x4.mul(x, v128.load(at, 16)));
        s2 = f32x4.add(s2, f32x4.mul(x, v128.load(at, 32)));
        s3 = f32x4.add(s3, f32x4.mul(x, v128.load(at, 48)));
      }
      const own = gram + <usize>row * stride + (<usize>first << 2);
      v128.store(own, s0); v128.store(own, s1, 16); v128.store(own, s2, 32); v128.store(own, s3, 48);
      for (let other = first; other < last; other++) {
        store<f32>(gram + <usize>other * stride + (<usize>row << 2), load<f32>(own + (<usize>(other - first) << 2)));
      }
    }
    for (let row = first; row < last; row++) spread(row, row - first, indptr, indices, values, w, dense, width, panel, 0);
  }
  for (let row: i32 = 0; row < numRows; row++) {
    store<f32>(gram + <usize>row * stride + (<usize>row << 2), load<f32>(norms + (<usize>row << 3)));
  }
}

/** Writes share · x of one row into one lane. */
function spread(
  row: i32, lane: i32, indptr: usize, indices: usize, values: usize, w: usize,
  dense: usize, width: usize, panel: usize, share: f32,
): void {
  const start = load<u32>(indptr + (<usize>row << 2));
  const end = load<u32>(indptr + (<usize>row << 2), 4);
  const column = <usize>lane << 2;
  for (let p: usize = <usize>start << 2; p < <usize>end << 2; p += 4) {
    store<f32>(w + (<usize>load<u32>(indices + p) << 6) + column, share * load<f32>(values + p));
  }
  for (let k: usize = 0; k < width; k++) {
    store<f32>(panel + (k << 6) + column, share * load<f32>(dense + ((<usize>row * width + k) << 2)));
  }
}

/** margins [rows][16] where all negatives have the alpha `share` and positives none. */
export function startMargins(
  numRows: i32, gram: usize, rowKind: usize, kinds: usize, margins: usize, share: f32,
): void {
  const stride = gramStride(numRows);
  const zero = f32x4.splat(0);
  const marginsEnd = margins + (<usize>numRows << 6);
  memory.fill(margins, 0, <usize>numRows << 6);
  for (let row: i32 = 0; row < numRows; row++) {
    const kind = kinds + (<usize>load<u32>(rowKind + (<usize>row << 2)) << 7);
    const fall = f32x4.splat(-share);
    const d0 = v128.and(fall, f32x4.lt(v128.load(kind), zero)), d1 = v128.and(fall, f32x4.lt(v128.load(kind, 16), zero));
    const d2 = v128.and(fall, f32x4.lt(v128.load(kind, 32), zero)), d3 = v128.and(fall, f32x4.lt(v128.load(kind, 48), zero));
    addDense(gram + <usize>row * stride, margins, marginsEnd, d0, d1, d2, d3);
  }
}

/** w [features][16] = Σ y·alpha·x, panel [width][16] and the 16 biases likewise. */
export function sumWeights(
  numRows: i32, indptr: usize, indices: usize, values: usize, w: usize, numFeatures: i32, alpha: usize,
  rowKind: usize, kinds: usize, bias: usize, dense: usize, width: usize, panel: usize,
): void {
  const panelEnd = panel + (width << 6);
  memory.fill(w, 0, <usize>numFeatures << 6);
  memory.fill(panel, 0, width << 6);
  let b0 = f32x4.splat(0), b1 = b0, b2 = b0, b3 = b0;
  for (let row: i32 = 0; row < numRows; row++) {
    const kind = kinds + (<usize>load<u32>(rowKind + (<usize>row << 2)) << 7);
    const a = alpha + (<usize>row << 6);
    const d0 = f32x4.mul(v128.load(kind), v128.load(a)), d1 = f32x4.mul(v128.load(kind, 16), v128.load(a, 16));
    const d2 = f32x4.mul(v128.load(kind, 32), v128.load(a, 32)), d3 = f32x4.mul(v128.load(kind, 48), v128.load(a, 48));
    b0 = f32x4.add(b0, d0); b1 = f32x4.add(b1, d1); b2 = f32x4.add(b2, d2); b3 = f32x4.add(b3, d3);
    const start = load<u32>(indptr + (<usize>row << 2));
    const end = load<u32>(indptr + (<usize>row << 2), 4);
    addSparse(
      indices + (<usize>start << 2), indices + (<usize>end << 2), values + (<usize>start << 2), w, d0, d1, d2, d3,
    );
    addDense(dense + ((<usize>row * width) << 2), panel, panelEnd, d0, d1, d2, d3);
  }
  v128.store(bias, b0); v128.store(bias, b1, 16); v128.store(bias, b2, 32); v128.store(bias, b3, 48);
}
