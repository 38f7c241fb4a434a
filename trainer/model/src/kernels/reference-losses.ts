// One coordinate of the dual problem, for both losses, in plain TypeScript: the twins of assembly/solve-group.ts and
// assembly/logistic.ts, equal bit for bit. A logistic dual is kept as its logit u, alpha = C·σ(u).

const { fround, abs, max, min } = Math;

/** A dual variable of one row and one label, with what its step depends on. */
export interface Coordinate {
  /** The label's sign. */
  y: number;
  /** The kind's second figure: 1 / (2C) for the squared hinge, C for the logistic loss. */
  figure: number;
  /** alpha, or its logit. */
  value: number;
  /** w·x without the features of this row alone. */
  score: number;
  norm: number;
  own: number;
  /** Whether the label is still being solved. */
  open: boolean;
}

/** Where a coordinate goes. */
export interface Step {
  /** How far it is from its optimum: the projected gradient. */
  violation: number;
  /** Whether it moves at all. */
  moves: boolean;
  value: number;
  /** What is added to w along x. */
  delta: number;
}

export function hingeStep(
  { y, figure: ridge, value, score, norm, own, open }: Coordinate,
  lazy: number,
  step: Step,
): void {
  const gradient = fround(fround(fround(y * score) - 1) + fround(value * fround(ridge + own)));
  step.violation = !open ? 0 : value > 0 ? gradient : min(gradient, 0);
  step.moves = abs(step.violation) > lazy;
  step.value = step.moves ? max(fround(value - fround(gradient / fround(norm + ridge))), 0) : value;
  step.delta = fround(y * fround(step.value - value));
}

/** A logit is sought to within this share of what would make it move. */
const INNER_SHARE = 0.125;

export function logisticStep(
  { y, figure: cost, value, score, norm, own, open }: Coordinate,
  lazy: number,
  step: Step,
): void {
  const alpha = fround(cost * sigmoid(value));
  const margin = fround(fround(y * score) + fround(alpha * own));
  step.violation = open ? fround(margin + value) : 0;
  step.moves = abs(step.violation) > lazy;
  const slope = fround(norm * cost);
  const shift = fround(margin - fround(norm * alpha));
  step.value = step.moves ? logisticRoot(value, slope, shift, fround(lazy * INNER_SHARE)) : value;
  step.delta = fround(y * fround(fround(cost * sigmoid(step.value)) - alpha));
}

/** Logits beyond it are as good as infinite. */
export const FAR = 80;
const ROUNDER = 12582912;
const LN2_HIGH = fround(0.693359375);
const LN2_LOW = fround(-0.00021219444);
const LOG2_E = fround(Math.LOG2E);
const MAX_STEPS = 12;
const POLYNOMIAL = Float32Array.of(1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1);

/** exp(-|u|). */
function tailOf(u: number): number {
  const x = max(-abs(u), -FAR);
  const n = fround(fround(fround(x * LOG2_E) + ROUNDER) - ROUNDER);
  const r = fround(fround(x - fround(n * LN2_HIGH)) - fround(n * LN2_LOW));
  let p = fround(1.98756915e-4);
  for (const coefficient of POLYNOMIAL) p = fround(fround(p * r) + coefficient);
  p = fround(fround(fround(p * fround(r * r)) + r) + 1);
  return fround(p * 2 ** n);
}

/** 1 / (1 + exp(-u)) in float32, as the kernels compute it. */
export function sigmoid(u: number): number {
  const e = tailOf(u);
  const t = fround(1 / fround(1 + e));
  return u >= 0 ? t : fround(e * t);
}

function logisticRoot(start: number, slope: number, shift: number, tolerance: number): number {
  const below = fround(fround(slope * 0.5) + shift) > 0;
  const low = below ? -FAR : 0;
  const high = below ? 0 : FAR;
  let u = max(low, min(high, start));
  for (let step = 0; step < MAX_STEPS; step++) {
    const e = tailOf(u);
    const t = fround(1 / fround(1 + e));
    const et = fround(e * t);
    const value = fround(fround(u + shift) + fround(slope * (u >= 0 ? t : et)));
    if (!(abs(value) > tolerance)) break;
    const rise = fround(1 + fround(slope * fround(et * t)));
    u = max(low, min(high, fround(u - fround(value / rise))));
  }
  return u;
}
