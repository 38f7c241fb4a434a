// Multi-head self-attention with its gradient. The weights of all heads, [batch, heads, length, length], are the largest
// values of a step, so the gradient makes few passes over them: Σ over keys of weight × its gradient equals the product
// of an output row with its own gradient (Dao et al., NeurIPS 2022, eq. 4), which is much smaller.
import type { Builder } from "./builder.ts";
import type { Dimension, Value } from "./graph.ts";
import { minus, normalisedExponential, plus, product, reduceSum, reshape, times, transpose } from "./operators.ts";
import { shared } from "./ops.ts";

export interface AttentionInputs {
  /** [tokens, hidden], tokens of a document together; or [batch, hidden], where one token of each document asks. */
  readonly query: Value;
  /** [tokens, hidden], and `value` likewise. */
  readonly key: Value;
  readonly value: Value;
  /** Added to the scores of each key: [batch, 1, 1, length], 0 or very negative. */
  readonly mask: Value;
  /** Added to the scores and learnt: [heads, length, length], or [heads, 1, length] where one token asks. */
  readonly relative?: Value | undefined;
  /** batch, length, heads, hidden / heads as int64 [4]. */
  readonly sizes: Value;
  readonly heads: number;
}

/** For each query the mean of `value` over the tokens of its document, weighted by softmax(query · key / √width + relative + mask). */
export function attention(g: Builder, { query, key, value, mask, relative, sizes, heads }: AttentionInputs): Value {
  const hidden = Number(query.shape[1]);
  const [batch, , , length] = mask.shape as [Dimension, Dimension, Dimension, Dimension];
  const alpha = 1 / Math.sqrt(hidden / heads);
  const width = hidden / heads;
  const byHead = (x: Value, as: Value, rows: Dimension) =>
    transpose(g, reshape(g, x, as, [batch, rows, heads, width]), [0, 2, 1, 3]);
  const asksOnce = query.shape[0] !== key.shape[0];
  const split = (x: Value) => byHead(x, sizes, length);
  const splitQuery = (x: Value) => (asksOnce ? byHead(x, g.integers([-1, 1, heads, width]), 1) : split(x));
  const join = (x: Value, like: Value) =>
    reshape(g, transpose(g, x, [0, 2, 1, 3]), g.integers([-1, hidden]), like.shape);

  const [queries, keys, values] = [splitQuery(query), split(key), split(value)];
  const compared = product(g, queries, keys, { transB: true, alpha });
  const scores = relative === undefined ? compared : plus(g, compared, relative);
  const weights = normalisedExponential(g, plus(g, scores, mask));
  const mixed = product(g, weights, values);
  const output = join(mixed, query);
  g.record({
    inputs: [query, key, value, ...(relative === undefined ? [] : [relative])],
    output,
    rule: (it) => {
      const gradient = shared(() => splitQuery(it));
      const ofScores = shared(() => {
        const ofWeights = product(g, gradient(), values, { transB: true });
        const mean = reduceSum(g, times(g, gradient(), mixed), [-1], "keep");
        return times(g, weights, minus(g, ofWeights, mean));
      });
      return [
        () => join(product(g, ofScores(), keys, { alpha }), query),
        () => join(product(g, ofScores(), queries, { transA: true, alpha }), key),
        () => join(product(g, weights, gradient(), { transA: true }), value),
        () => reduceSum(g, ofScores(), [0], "drop"),
      ];
    },
  });
  return output;
}
