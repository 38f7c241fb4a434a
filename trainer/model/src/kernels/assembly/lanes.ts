// Rows of 16 lanes: what all problems of a group keep for one feature, one row or one dense column.

/** Bytes of one row of 16 lanes. */
export const LANES: usize = 64;

/** panel += x ⊗ d, for one dense row x. */
// @ts-ignore: decorator
@inline export function addDense(
  x: usize, panel: usize, panelEnd: usize, d0: v128, d1: v128, d2: v128, d3: v128,
): void {
  for (let at = panel; at < panelEnd; at += LANES, x += 4) {
    const p = v128.load32_splat(x);
    v128.store(at, f32x4.add(v128.load(at), f32x4.mul(p, d0)));
    v128.store(at, f32x4.add(v128.load(at, 16), f32x4.mul(p, d1)), 16);
    v128.store(at, f32x4.add(v128.load(at, 32), f32x4.mul(p, d2)), 32);
    v128.store(at, f32x4.add(v128.load(at, 48), f32x4.mul(p, d3)), 48);
  }
}

/** w += x ⊗ d, for one sparse row whose indices are [index, stop). */
// @ts-ignore: decorator
@inline export function addSparse(
  index: usize, stop: usize, value: usize, w: usize, d0: v128, d1: v128, d2: v128, d3: v128,
): void {
  for (; index < stop; index += 4, value += 4) {
    const at = w + (<usize>load<u32>(index) << 6);
    const x = v128.load32_splat(value);
    v128.store(at, f32x4.add(v128.load(at), f32x4.mul(x, d0)));
    v128.store(at, f32x4.add(v128.load(at, 16), f32x4.mul(x, d1)), 16);
    v128.store(at, f32x4.add(v128.load(at, 32), f32x4.mul(x, d2)), 32);
    v128.store(at, f32x4.add(v128.load(at, 48), f32x4.mul(x, d3)), 48);
  }
}
