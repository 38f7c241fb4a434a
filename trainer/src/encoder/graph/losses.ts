// Losses of the head: each slot of a row has a sign (1 where the candidate is right, -1 where not) and a cost, 0 where the
// slot is no candidate of the row. Both sum over all slots; who feeds the costs decides how they are averaged.
import type { Builder } from "./builder.ts";
import type { Value } from "./graph.ts";
import { logistic, minus, rectified, reduceSum, reshape, softplus, times } from "./operators.ts";

export type LossName = "squared-hinge" | "bce";

/** Σ of all elements: [1]. */
function total(g: Builder, x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  return reshape(g, reduceSum(g, x, axes, "drop"), g.integers([1]), [1]);
}

/** Σ cost · max(0, 1 − sign·z)². */
function squaredHinge(g: Builder, z: Value, sign: Value, cost: Value): Value {
  const slack = rectified(g, minus(g, g.scalar(1), times(g, sign, z)));
  const charged = times(g, cost, slack);
  const output = total(g, times(g, charged, slack));
  const slope = () => times(g, times(g, charged, sign), g.scalar(-2));
  g.record({ inputs: [z], output, rule: (it) => [() => times(g, slope(), it)] });
  return output;
}

/** Binary cross-entropy, Σ cost · ln(1 + exp(−sign·z)). */
function crossEntropy(g: Builder, z: Value, sign: Value, cost: Value): Value {
  const wrong = minus(g, g.scalar(0), times(g, sign, z));
  const output = total(g, times(g, cost, softplus(g, wrong)));
  const slope = () => minus(g, g.scalar(0), times(g, times(g, cost, sign), logistic(g, wrong)));
  g.record({ inputs: [z], output, rule: (it) => [() => times(g, slope(), it)] });
  return output;
}

export const losses = { "squared-hinge": squaredHinge, bce: crossEntropy } as const;
