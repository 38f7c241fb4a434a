// The logistic loss of four lanes. A dual variable is kept as its logit u, alpha = C·σ(u): no accuracy is lost near
// either bound. Source: Yu, Huang and Lin, Machine Learning 85, 2011; the logit is ours, it needs no logarithm.

/** Logits beyond it are as good as infinite. */
const FAR: f32 = 80;
/** 1.5 · 2^23: adding and taking it away again rounds to whole numbers. */
const ROUNDER: f32 = 12582912;
/** ln 2 in two parts, the first with few enough bits that a whole number times it is exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -0.00021219444;
const LOG2_E: f32 = 1.44269504;
const MAX_STEPS: i32 = 12;

/** exp of four numbers in [-80, 0], to about 1e-7. Cephes' expf. */
// @ts-ignore: decorator
@inline function expOf(x: v128): v128 {
  const n = f32x4.sub(
    f32x4.add(f32x4.mul(x, f32x4.splat(LOG2_E)), f32x4.splat(ROUNDER)),
    f32x4.splat(ROUNDER),
  );
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, f32x4.splat(LN2_HIGH))), f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  return f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23));
}

/** exp(-|u|) of four logits. */
// @ts-ignore: decorator
@inline function tailOf(u: v128): v128 {
  return expOf(f32x4.max(f32x4.neg(f32x4.abs(u)), f32x4.splat(-FAR)));
}

// @ts-ignore: decorator
@inline export function sigmoid(u: v128): v128 {
  const e = tailOf(u);
  const t = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), e));
  return v128.bitselect(t, f32x4.mul(e, t), f32x4.ge(u, f32x4.splat(0)));
}

/**
 * The logits at which u + slope·σ(u) + shift = 0, from `start`, to within `tolerance`. Newton's method, kept on the side
 * of 0 where the root lies: there the function is convex or concave, so no step leads away for long.
 */
// @ts-ignore: decorator
@inline export function logisticRoot(start: v128, slope: v128, shift: v128, tolerance: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const below = f32x4.gt(f32x4.add(f32x4.mul(slope, f32x4.splat(0.5)), shift), zero);
  const low = v128.bitselect(f32x4.splat(-FAR), zero, below);
  const high = v128.bitselect(zero, f32x4.splat(FAR), below);
  let u = f32x4.max(low, f32x4.min(high, start));
  for (let step: i32 = 0; step < MAX_STEPS; step++) {
    const e = tailOf(u);
    const t = f32x4.div(one, f32x4.add(one, e));
    const et = f32x4.mul(e, t);
    const s = v128.bitselect(t, et, f32x4.ge(u, zero));
    const value = f32x4.add(f32x4.add(u, shift), f32x4.mul(slope, s));
    const open = f32x4.gt(f32x4.abs(value), tolerance);
    if (!v128.any_true(open)) break;
    const rise = f32x4.add(one, f32x4.mul(slope, f32x4.mul(et, t)));
    const next = f32x4.max(low, f32x4.min(high, f32x4.sub(u, f32x4.div(value, rise))));
    u = v128.bitselect(next, u, open);
  }
  return u;
}
