// Products of one query with many rows of 8-bit weights, in whole numbers: exact, whatever the order of the sum.

/**
 * out [rows] i32 = panel [rows][width] i8 · query [width] i16. The caller keeps Σ |query| · 128 below 2^31.
 */
export function dotPanel(query: usize, panel: usize, width: i32, numRows: i32, out: usize): void {
  const wide = <usize>(width & ~15);
  for (let row: i32 = 0; row < numRows; row++) {
    let a = i32x4.splat(0), b = i32x4.splat(0);
    for (let k: usize = 0; k < wide; k += 16) {
      const weights = v128.load(panel + k);
      const q = query + (k << 1);
      a = i32x4.add(a, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(weights), v128.load(q)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(weights), v128.load(q, 16)));
    }
    a = i32x4.add(a, b);
    let sum = i32x4.extract_lane(a, 0) + i32x4.extract_lane(a, 1) + i32x4.extract_lane(a, 2) + i32x4.extract_lane(a, 3);
    for (let k = wide; k < <usize>width; k++) sum += <i32>load<i8>(panel + k) * <i32>load<i16>(query + (k << 1));
    store<i32>(out + (<usize>row << 2), sum);
    panel += <usize>width;
  }
}
