// AdamW (Loshchilov and Hutter, ICLR 2019) as PyTorch computes it, in few passes over the weights. The moments are kept
// as sums: m/(1−β₁) and v/(1−β₂), which saves two multiplications of every element; nobody else reads them.
import type { Builder } from "./builder.ts";
import type { Value } from "./graph.ts";
import { concat, maximum, minimum, minus, over, plus, reduceSum, root, sumOfSquares, times } from "./operators.ts";

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

export interface Parameter {
  readonly weight: Value;
  readonly first: Value;
  readonly second: Value;
  readonly gradient: Value;
}

export interface Updated {
  readonly weight: Value;
  readonly first: Value;
  readonly second: Value;
}

/** What one step does to all weights of a group: values of shape [1]. */
export interface StepSize {
  /** Factor of every gradient, from `clipFactor`. */
  readonly clip: Value;
  /** Learning rate over 1 − β₁ᵗ; 0 is allowed. */
  readonly rate: Value;
  /** 1 / √(1 − β₂ᵗ). */
  readonly secondScale: Value;
}

/** √ of the sum of squares of all gradients: [1]. */
export function globalNorm(g: Builder, gradients: readonly Value[]): Value {
  const squares = gradients.map((it) => sumOfSquares(g, it));
  return root(g, reduceSum(g, concat(g, squares, 0, squares.length), [0], "keep"));
}

/** Brings the norm of a group of gradients down to `limit`, as torch.nn.utils.clip_grad_norm_ does. */
export function clipFactor(g: Builder, norm: Value, limit: number): Value {
  return minimum(g, over(g, g.scalar(limit), plus(g, norm, g.scalar(1e-6))), g.scalar(1));
}

/**
 * m' = β₁·m + clip·gradient, v' = β₂·v + (clip·gradient)², both sums;
 * weight' = weight·(1 − decay) − rate·(1 − β₁)·m' / (√v'·√(1 − β₂)·secondScale + ε), with the rate moved into the
 * denominator, where it meets factors of shape [1]. `kept` is 1 − decay, where the weight decays.
 */
export function adamW(
  g: Builder,
  { weight, first, second, gradient }: Parameter,
  step: StepSize,
  kept?: Value,
): Updated {
  // A rate of 0 must not turn 0 / 0.
  const rate = maximum(g, times(g, step.rate, g.scalar(1 - beta1)), g.scalar(1e-30));
  const rootScale = over(g, times(g, step.secondScale, g.scalar(Math.sqrt(1 - beta2))), rate);
  const floor = over(g, g.scalar(epsilon), rate);

  const clipped = times(g, gradient, step.clip);
  const nextFirst = plus(g, times(g, first, g.scalar(beta1)), clipped);
  const nextSecond = plus(g, times(g, second, g.scalar(beta2)), times(g, clipped, clipped));
  const denominator = plus(g, times(g, root(g, nextSecond), rootScale), floor);
  const decayed = kept === undefined ? weight : times(g, weight, kept);
  return { weight: minus(g, decayed, over(g, nextFirst, denominator)), first: nextFirst, second: nextSecond };
}
