// Where a group of problems starts: what positives have no part in is taken out of "all rows negative".
import { addDense, addSparse } from "./lanes";

/**
 * w += share · x and panel += share · x of each row, in the lanes whose sign in the row's kind is +1. Rows of kind 0 have
 * no positive.
 */
export function liftPositives(
  numRows: i32, indptr: usize, indices: usize, values: usize, w: usize, rowKind: usize, kinds: usize,
  dense: usize, width: usize, panel: usize, share: f32,
): void {
  const zero = f32x4.splat(0);
  const lift = f32x4.splat(share);
  const panelEnd = panel + (width << 6);
  for (let row: i32 = 0; row < numRows; row++) {
    const own = load<u32>(rowKind + (<usize>row << 2));
    if (own == 0) continue;
    const kind = kinds + (<usize>own << 7);
    const d0 = v128.and(lift, f32x4.gt(v128.load(kind), zero));
    const d1 = v128.and(lift, f32x4.gt(v128.load(kind, 16), zero));
    const d2 = v128.and(lift, f32x4.gt(v128.load(kind, 32), zero));
    const d3 = v128.and(lift, f32x4.gt(v128.load(kind, 48), zero));
    const start = load<u32>(indptr + (<usize>row << 2));
    const end = load<u32>(indptr + (<usize>row << 2), 4);
    addSparse(
      indices + (<usize>start << 2), indices + (<usize>end << 2), values + (<usize>start << 2), w, d0, d1, d2, d3,
    );
    addDense(dense + ((<usize>row * width) << 2), panel, panelEnd, d0, d1, d2, d3);
  }
}
