// Where a problem starts: the solution of "all rows negative, all rows alike", which most negatives hardly ever leave.
import { FAR, sigmoid } from "./reference-losses.ts";

/** LIBLINEAR's -s 1 and -s 7: max(0, 1 − z)² and log(1 + exp(−z)) of the margin z. */
export type Loss = "squared-hinge" | "logistic";

export interface LaneStart {
  /** alpha of every negative. */
  readonly alpha: number;
  /** How the kernels keep that alpha, and one of 0: as they are, or as logits. */
  readonly stored: number;
  readonly storedZero: number;
  /** What the kernels keep of a cost C. */
  figure(cost: number): number;
}

/** `pull` is how much the margins of all negatives grow by each unit of their alpha: rows · (1 + mean similarity). */
export function startOf(loss: Loss, negativeCost: number, pull: number): LaneStart {
  if (loss === "squared-hinge") {
    const alpha = 1 / (pull + 0.5 / negativeCost);
    return { alpha, stored: alpha, storedZero: 0, figure: (cost) => 0.5 / cost };
  }
  const stored = Math.fround(commonLogit(negativeCost, pull));
  const alpha = Math.fround(negativeCost * sigmoid(stored));
  return { alpha, stored, storedZero: -FAR, figure: (cost) => cost };
}

/** The u with u + pull · C · σ(u) = 0, by halving: the left side grows with u. */
function commonLogit(cost: number, pull: number): number {
  let [low, high] = [-FAR, 0];
  for (let step = 0; step < 60; step++) {
    const u = (low + high) / 2;
    if (u + (pull * cost) / (1 + Math.exp(-u)) > 0) high = u;
    else low = u;
  }
  return low;
}
