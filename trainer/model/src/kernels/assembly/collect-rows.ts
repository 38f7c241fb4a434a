// Pruning: which features keep a weight in any of 16 lanes.

/** Lists in `out` the rows of w [features][16] with some |weight| of at least `threshold`; returns how many. */
export function collectRows(w: usize, numFeatures: i32, threshold: f32, out: usize): i32 {
  const limit = f32x4.splat(threshold);
  let count: i32 = 0;
  for (let f: i32 = 0; f < numFeatures; f++) {
    const at = w + (<usize>f << 6);
    const h01 = f32x4.max(f32x4.abs(v128.load(at)), f32x4.abs(v128.load(at, 16)));
    const h23 = f32x4.max(f32x4.abs(v128.load(at, 32)), f32x4.abs(v128.load(at, 48)));
    if (v128.any_true(f32x4.ge(f32x4.max(h01, h23), limit))) {
      store<u32>(out + (<usize>count << 2), f);
      count++;
    }
  }
  return count;
}

/** Writes w [features][16] = factor · sum [features] in every lane. */
export function spreadRows(w: usize, sum: usize, numFeatures: i32, factor: f32): void {
  const scale = f32x4.splat(factor);
  for (let f: i32 = 0; f < numFeatures; f++) {
    const at = w + (<usize>f << 6);
    const x = f32x4.mul(v128.load32_splat(sum + (<usize>f << 2)), scale);
    v128.store(at, x);
    v128.store(at, x, 16);
    v128.store(at, x, 32);
    v128.store(at, x, 48);
  }
}
