// Dual coordinate descent for 16 sibling labels at once: one pass over a document's row serves all 16 lanes, so no gather
// instruction is needed. Sources: the L2-loss SVM, Hsieh et al., ICML 2008, Algorithm 3; logistic regression, Yu, Huang
// and Lin, Machine Learning 85, 2011; lanes are ours.
//
// Memory  w [features][16], alpha [rows][16] (logits for the logistic loss), kinds [k][32]: 16 signs y, then 16 ridges
// D = 1 / (2C) for the squared hinge, 16 costs C for the logistic loss.
// A row points to its kind: kind 0 is "negative for all", so signs and costs of 16 lanes cost four bytes a row.
// norms [rows][2]: ‖x‖² + 1, and the part of it that lies on features of this row alone, whose weights are y·alpha·x.
// The dense block is dense [rows][width] and panel [width][16], its weights; width is even, 0 where there is none.
// With products of all rows (gram-matrix.ts), w is the margins of the rows instead, [rows][16].

import { gramStride } from "./gram-matrix";
import { addDense, addSparse, LANES } from "./lanes";
import { logisticRoot, sigmoid } from "./logistic";

// @ts-ignore: decorator
@inline function laneAt(base: usize, lane: usize): v128 {
  return v128.load(base + lane);
}

/** A logit is sought to within this share of what would make it move. */
const INNER_SHARE: f32 = 0.125;

/** The logit that makes the row's gradient zero; `value` is alpha, `score` the margin of its label. */
// @ts-ignore: decorator
@inline function nextLogit(u: v128, cost: v128, value: v128, score: v128, norm: v128, tolerance: v128): v128 {
  return logisticRoot(u, f32x4.mul(norm, cost), f32x4.sub(score, f32x4.mul(norm, value)), tolerance);
}

/**
 * One pass over `order[0, count)`. Rows in which some lane moved, or violates its optimum by more than `lazy`, are
 * listed in `active`; the number of them is returned. `state`: 16 biases, 16 masks (all ones while a lane is open),
 * 16 largest and 16 smallest projected gradients of the pass (written).
 */
// @ts-ignore: decorator
@inline function pass(
  logistic: bool, byGram: bool, count: i32, order: usize, active: usize, indptr: usize, indices: usize, values: usize, norms: usize,
  w: usize, alpha: usize, rowKind: usize, kinds: usize, state: usize, lazy: f32,
  dense: usize, width: usize, panel: usize, gram: usize, numRows: i32,
): i32 {
  const panelEnd = panel + (width << 6);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const tolerance = f32x4.splat(lazy);
  const inner = f32x4.splat(lazy * INNER_SHARE);
  let b0 = laneAt(state, 0), b1 = laneAt(state, 16), b2 = laneAt(state, 32), b3 = laneAt(state, 48);
  const m0 = laneAt(state, 64), m1 = laneAt(state, 80), m2 = laneAt(state, 96), m3 = laneAt(state, 112);
  let h0 = zero, h1 = zero, h2 = zero, h3 = zero;
  let l0 = zero, l1 = zero, l2 = zero, l3 = zero;
  let kept: i32 = 0;
  for (let i: i32 = 0; i < count; i++) {
    const row = load<u32>(order + (<usize>i << 2));
    const start = load<u32>(indptr + (<usize>row << 2));
    const end = load<u32>(indptr + (<usize>row << 2), 4);
    let s0 = b0, s1 = b1, s2 = b2, s3 = b3;
    let index = indices + (<usize>start << 2), value = values + (<usize>start << 2);
    const stop = indices + (<usize>end << 2);
    if (byGram) {
      const at = w + (<usize>row << 6);
      s0 = v128.load(at); s1 = v128.load(at, 16); s2 = v128.load(at, 32); s3 = v128.load(at, 48);
    } else {
      if ((end - start) & 1) {
        const at = w + (<usize>load<u32>(index) << 6);
        const x = v128.load32_splat(value);
        s0 = f32x4.add(s0, f32x4.mul(x, v128.load(at)));
        s1 = f32x4.add(s1, f32x4.mul(x, v128.load(at, 16)));
        s2 = f32x4.add(s2, f32x4.mul(x, v128.load(at, 32)));
        s3 = f32x4.add(s3, f32x4.mul(x, v128.load(at, 48)));
        index += 4;
        value += 4;
      }
      // Two sums a lane: the next product need not wait for the last addition.
      let t0 = zero, t1 = zero, t2 = zero, t3 = zero;
      for (; index < stop; index += 8, value += 8) {
        const at = w + (<usize>load<u32>(index) << 6);
        const other = w + (<usize>load<u32>(index, 4) << 6);
        const x = v128.load32_splat(value);
        const z = v128.load32_splat(value, 4);
        s0 = f32x4.add(s0, f32x4.mul(x, v128.load(at)));
        s1 = f32x4.add(s1, f32x4.mul(x, v128.load(at, 16)));
        s2 = f32x4.add(s2, f32x4.mul(x, v128.load(at, 32)));
        s3 = f32x4.add(s3, f32x4.mul(x, v128.load(at, 48)));
        t0 = f32x4.add(t0, f32x4.mul(z, v128.load(other)));
        t1 = f32x4.add(t1, f32x4.mul(z, v128.load(other, 16)));
        t2 = f32x4.add(t2, f32x4.mul(z, v128.load(other, 32)));
        t3 = f32x4.add(t3, f32x4.mul(z, v128.load(other, 48)));
      }
      s0 = f32x4.add(s0, t0); s1 = f32x4.add(s1, t1); s2 = f32x4.add(s2, t2); s3 = f32x4.add(s3, t3);
      if (width != 0) {
        t0 = zero; t1 = zero; t2 = zero; t3 = zero;
        let at = panel;
        for (let x = dense + ((<usize>row * width) << 2); at < panelEnd; at += 2 * LANES, x += 8) {
          const p = v128.load32_splat(x);
          const q = v128.load32_splat(x, 4);
          s0 = f32x4.add(s0, f32x4.mul(p, v128.load(at)));
          s1 = f32x4.add(s1, f32x4.mul(p, v128.load(at, 16)));
          s2 = f32x4.add(s2, f32x4.mul(p, v128.load(at, 32)));
          s3 = f32x4.add(s3, f32x4.mul(p, v128.load(at, 48)));
          t0 = f32x4.add(t0, f32x4.mul(q, v128.load(at, 64)));
          t1 = f32x4.add(t1, f32x4.mul(q, v128.load(at, 80)));
          t2 = f32x4.add(t2, f32x4.mul(q, v128.load(at, 96)));
          t3 = f32x4.add(t3, f32x4.mul(q, v128.load(at, 112)));
        }
        s0 = f32x4.add(s0, t0); s1 = f32x4.add(s1, t1); s2 = f32x4.add(s2, t2); s3 = f32x4.add(s3, t3);
      }
    }
    const kind = kinds + (<usize>load<u32>(rowKind + (<usize>row << 2)) << 7);
    const a = alpha + (<usize>row << 6);
    const norm = v128.load32_splat(norms + (<usize>row << 3));
    const own = v128.load32_splat(norms + (<usize>row << 3), 4);

    const a0 = v128.load(a), a1 = v128.load(a, 16), a2 = v128.load(a, 32), a3 = v128.load(a, 48);
    const y0 = v128.load(kind), y1 = v128.load(kind, 16), y2 = v128.load(kind, 32), y3 = v128.load(kind, 48);
    const r0 = v128.load(kind, 64), r1 = v128.load(kind, 80), r2 = v128.load(kind, 96), r3 = v128.load(kind, 112);
    // How far each lane is from its optimum: its gradient, projected where alpha is at its bound.
    let g0: v128, g1: v128, g2: v128, g3: v128, v0: v128, v1: v128, v2: v128, v3: v128;
    // What a logit stands for.
    let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
    if (logistic) {
      c0 = f32x4.mul(r0, sigmoid(a0)); c1 = f32x4.mul(r1, sigmoid(a1));
      c2 = f32x4.mul(r2, sigmoid(a2)); c3 = f32x4.mul(r3, sigmoid(a3));
      g0 = f32x4.add(f32x4.mul(y0, s0), f32x4.mul(c0, own));
      g1 = f32x4.add(f32x4.mul(y1, s1), f32x4.mul(c1, own));
      g2 = f32x4.add(f32x4.mul(y2, s2), f32x4.mul(c2, own));
      g3 = f32x4.add(f32x4.mul(y3, s3), f32x4.mul(c3, own));
      v0 = v128.and(m0, f32x4.add(g0, a0)); v1 = v128.and(m1, f32x4.add(g1, a1));
      v2 = v128.and(m2, f32x4.add(g2, a2)); v3 = v128.and(m3, f32x4.add(g3, a3));
    } else {
      g0 = f32x4.add(f32x4.sub(f32x4.mul(y0, s0), one), f32x4.mul(a0, f32x4.add(r0, own)));
      g1 = f32x4.add(f32x4.sub(f32x4.mul(y1, s1), one), f32x4.mul(a1, f32x4.add(r1, own)));
      g2 = f32x4.add(f32x4.sub(f32x4.mul(y2, s2), one), f32x4.mul(a2, f32x4.add(r2, own)));
      g3 = f32x4.add(f32x4.sub(f32x4.mul(y3, s3), one), f32x4.mul(a3, f32x4.add(r3, own)));
      v0 = v128.and(m0, v128.bitselect(g0, f32x4.min(g0, zero), f32x4.gt(a0, zero)));
      v1 = v128.and(m1, v128.bitselect(g1, f32x4.min(g1, zero), f32x4.gt(a1, zero)));
      v2 = v128.and(m2, v128.bitselect(g2, f32x4.min(g2, zero), f32x4.gt(a2, zero)));
      v3 = v128.and(m3, v128.bitselect(g3, f32x4.min(g3, zero), f32x4.gt(a3, zero)));
    }
    h0 = f32x4.max(h0, v0); h1 = f32x4.max(h1, v1); h2 = f32x4.max(h2, v2); h3 = f32x4.max(h3, v3);
    l0 = f32x4.min(l0, v0); l1 = f32x4.min(l1, v1); l2 = f32x4.min(l2, v2); l3 = f32x4.min(l3, v3);
    const k0 = f32x4.gt(f32x4.abs(v0), tolerance), k1 = f32x4.gt(f32x4.abs(v1), tolerance);
    const k2 = f32x4.gt(f32x4.abs(v2), tolerance), k3 = f32x4.gt(f32x4.abs(v3), tolerance);
    if (!v128.any_true(v128.or(v128.or(k0, k1), v128.or(k2, k3)))) continue;
    store<u32>(active + (<usize>kept << 2), row);
    kept++;

    let d0: v128, d1: v128, d2: v128, d3: v128;
    if (logistic) {
      const n0 = v128.bitselect(nextLogit(a0, r0, c0, g0, norm, inner), a0, k0);
      const n1 = v128.bitselect(nextLogit(a1, r1, c1, g1, norm, inner), a1, k1);
      const n2 = v128.bitselect(nextLogit(a2, r2, c2, g2, norm, inner), a2, k2);
      const n3 = v128.bitselect(nextLogit(a3, r3, c3, g3, norm, inner), a3, k3);
      v128.store(a, n0); v128.store(a, n1, 16); v128.store(a, n2, 32); v128.store(a, n3, 48);
      d0 = f32x4.mul(y0, f32x4.sub(f32x4.mul(r0, sigmoid(n0)), c0));
      d1 = f32x4.mul(y1, f32x4.sub(f32x4.mul(r1, sigmoid(n1)), c1));
      d2 = f32x4.mul(y2, f32x4.sub(f32x4.mul(r2, sigmoid(n2)), c2));
      d3 = f32x4.mul(y3, f32x4.sub(f32x4.mul(r3, sigmoid(n3)), c3));
    } else {
      const n0 = f32x4.max(f32x4.sub(a0, f32x4.div(g0, f32x4.add(norm, r0))), zero);
      const n1 = f32x4.max(f32x4.sub(a1, f32x4.div(g1, f32x4.add(norm, r1))), zero);
      const n2 = f32x4.max(f32x4.sub(a2, f32x4.div(g2, f32x4.add(norm, r2))), zero);
      const n3 = f32x4.max(f32x4.sub(a3, f32x4.div(g3, f32x4.add(norm, r3))), zero);
      const e0 = v128.bitselect(n0, a0, k0), e1 = v128.bitselect(n1, a1, k1);
      const e2 = v128.bitselect(n2, a2, k2), e3 = v128.bitselect(n3, a3, k3);
      v128.store(a, e0); v128.store(a, e1, 16); v128.store(a, e2, 32); v128.store(a, e3, 48);
      d0 = f32x4.mul(y0, f32x4.sub(e0, a0)); d1 = f32x4.mul(y1, f32x4.sub(e1, a1));
      d2 = f32x4.mul(y2, f32x4.sub(e2, a2)); d3 = f32x4.mul(y3, f32x4.sub(e3, a3));
    }
    if (byGram) {
      addDense(gram + <usize>row * gramStride(numRows), w, w + (<usize>numRows << 6), d0, d1, d2, d3);
      continue;
    }
    b0 = f32x4.add(b0, d0); b1 = f32x4.add(b1, d1); b2 = f32x4.add(b2, d2); b3 = f32x4.add(b3, d3);
    addSparse(indices + (<usize>start << 2), stop, values + (<usize>start << 2), w, d0, d1, d2, d3);
    if (width != 0) addDense(dense + ((<usize>row * width) << 2), panel, panelEnd, d0, d1, d2, d3);
  }
  v128.store(state, b0); v128.store(state, b1, 16); v128.store(state, b2, 32); v128.store(state, b3, 48);
  v128.store(state, h0, 128); v128.store(state, h1, 144); v128.store(state, h2, 160); v128.store(state, h3, 176);
  v128.store(state, l0, 192); v128.store(state, l1, 208); v128.store(state, l2, 224); v128.store(state, l3, 240);
  return kept;
}

function anyPass(
  logistic: bool, count: i32, order: usize, active: usize, indptr: usize, indices: usize, values: usize, norms: usize,
  w: usize, alpha: usize, rowKind: usize, kinds: usize, state: usize, lazy: f32,
  dense: usize, width: usize, panel: usize, gram: usize, numRows: i32,
): i32 {
  // Four copies of the loop, each without what the others do.
  if (gram != 0) {
    return logistic
      ? pass(
          true, true, count, order, active, indptr, indices, values, norms, w, alpha, rowKind, kinds, state, lazy,
          dense, width, panel, gram, numRows,
        )
      : pass(
          false, true, count, order, active, indptr, indices, values, norms, w, alpha, rowKind, kinds, state, lazy,
          dense, width, panel, gram, numRows,
        );
  }
  return logistic
    ? pass(
        true, false, count, order, active, indptr, indices, values, norms, w, alpha, rowKind, kinds, state, lazy,
        dense, width, panel, gram, numRows,
      )
    : pass(
        false, false, count, order, active, indptr, indices, values, norms, w, alpha, rowKind, kinds, state, lazy,
        dense, width, panel, gram, numRows,
      );
}

/** Turns logits [rows][16] into what they stand for. */
function toAlphas(numRows: i32, alpha: usize, rowKind: usize, kinds: usize): void {
  for (let row: i32 = 0; row < numRows; row++) {
    const kind = kinds + (<usize>load<u32>(rowKind + (<usize>row << 2)) << 7);
    const at = alpha + (<usize>row << 6);
    for (let lane: usize = 0; lane < LANES; lane += 16) {
      v128.store(at + lane, f32x4.mul(v128.load(kind + lane, 64), sigmoid(v128.load(at + lane))));
    }
  }
}

/** Rows of a block keep together: their data lies side by side in memory, so one miss fetches for several. */
const BLOCK: i32 = 4;

/** Fisher–Yates by xorshift32 over whole blocks; returns the generator's new state. */
function shuffle(order: usize, count: i32, seed: u32): u32 {
  let state = seed;
  for (let i = count / BLOCK - 1; i > 0; i--) {
    state ^= state << 13; state ^= state >> 17; state ^= state << 5;
    const j = <i32>(<u64>state * <u64>(i + 1) >> 32);
    const at = order + (<usize>(i * BLOCK) << 2), other = order + (<usize>(j * BLOCK) << 2);
    for (let k: usize = 0; k < <usize>BLOCK << 2; k += 16) {
      const kept = v128.load(at + k);
      v128.store(at + k, v128.load(other + k));
      v128.store(other + k, kept);
    }
  }
  return state;
}

/** Whether every lane's gradients span at most `eps`; with `close`, such lanes are closed in the masks. */
function converged(state: usize, eps: f32, close: bool): bool {
  let all = true;
  for (let lane: usize = 0; lane < LANES; lane += 4) {
    const open = load<f32>(state + lane, 128) - load<f32>(state + lane, 192) > eps;
    if (open) all = false;
    else if (close) store<u32>(state + lane, 0, 64);
  }
  return all;
}

/**
 * Solves 16 problems on the same rows from the given start (w, alpha, biases in `state`) until each lane's projected
 * gradients span at most `eps`, or for `maxPasses` passes. Between full passes only rows that still move are visited.
 * `order` [rows] and `active` [rows] are scratch; `order` comes in holding 0..rows-1. With the logistic loss, alpha comes
 * in as logits and goes out as what they stand for. Returns the passes made.
 */
export function solveGroup(
  numRows: i32, indptr: usize, indices: usize, values: usize, norms: usize, w: usize, alpha: usize,
  rowKind: usize, kinds: usize, state: usize, order: usize, active: usize,
  eps: f32, lazy: f32, maxPasses: i32, seed: u32, dense: usize, width: usize, panel: usize, logistic: bool,
  gram: usize,
): i32 {
  let random = seed | 1;
  let passes: i32 = 0;
  while (passes < maxPasses) {
    random = shuffle(order, numRows, random);
    let count = anyPass(
      logistic, numRows, order, active, indptr, indices, values, norms, w, alpha, rowKind, kinds, state, lazy,
      dense, width, panel, gram, numRows,
    );
    passes++;
    if (converged(state, eps, true)) break;
    while (passes < maxPasses && count > 0) {
      random = shuffle(active, count, random);
      count = anyPass(
        logistic, count, active, active, indptr, indices, values, norms, w, alpha, rowKind, kinds, state, lazy,
        dense, width, panel, gram, numRows,
      );
      passes++;
      if (converged(state, eps, false)) break;
    }
  }
  if (logistic) toAlphas(numRows, alpha, rowKind, kinds);
  return passes;
}
