// Multi-head self-attention with its gradient. The weights of all heads, [batch, heads, length, length], are the largest
// values of a step, so the gradient makes few passes over them: Σ over keys of weight × its gradient equals the product
// of an output row with its own gradient (Dao et al., NeurIPS 2022, eq. 4), which is much smaller.
import type { Builder } from "./builder.ts";
import type { Dimension, Value } from "./graph.ts";
import { minus, normalisedExponential, plus, product, reduceSum, reshape, times, transpose } from "./operators.ts";
import { shared } from "./ops.ts";

export interface AttentionInputs {
  /** Each [tokens, hidden], tokens of a document together. */
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  /** Added to the scores of each key: [batch, 1, 1, length], 0 or very negative. */
  readonly bias: Value;
  /** batch, length, heads, hidden / heads as int64 [4]. */
  readonly sizes: Value;
  readonly heads: number;
}

/** For each token the mean of `value` over the tokens of its document, weighted by softmax(query · key / √width + bias). */
export function attention(g: Builder, { query, key, value, bias, sizes, heads }: AttentionInputs): Value {
  const hidden = Number(query.shape[1]);
  const [batch, , , length] = bias.shape as [Dimension, Dimension, Dimension, Dimension];
  const alpha = 1 / Math.sqrt(hidden / heads);
  const split = (x: Value) => transpose(g, reshape(g, x, sizes, [batch, length, heads, hidden / heads]), [0, 2, 1, 3]);
  const join = (x: Value) => reshape(g, transpose(g, x, [0, 2, 1, 3]), g.integers([-1, hidden]), query.shape);

  const [queries, keys, values] = [split(query), split(key), split(value)];
  const weights = normalisedExponential(g, plus(g, product(g, queries, keys, { transB: true, alpha }), bias));
  const mixed = product(g, weights, values);
  const output = join(mixed);
  g.record({
    inputs: [query, key, value],
    output,
    rule: (it) => {
      const gradient = shared(() => split(it));
      const ofScores = shared(() => {
        const ofWeights = product(g, gradient(), values, { transB: true });
        const mean = reduceSum(g, times(g, gradient(), mixed), [-1], "keep");
        return times(g, weights, minus(g, ofWeights, mean));
      });
      return [
        () => join(product(g, ofScores(), keys, { alpha })),
        () => join(product(g, ofScores(), queries, { transA: true, alpha })),
        () => join(product(g, weights, gradient(), { transA: true })),
      ];
    },
  });
  return output;
}
