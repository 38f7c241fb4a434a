// Relative positions as MPNet has them: what the distance of two pieces is worth to a head is added to the score of one for
// the other. Near distances have a bucket each, far ones share logarithmically wider ones. Source: T5 (Raffel et al., JMLR
// 2020); MPNet (Song et al., NeurIPS 2020), whose layers share one table.
import type { Builder } from "./builder.ts";
import type { Dimension, Value } from "./graph.ts";
import { sizesOf, slice } from "./operators.ts";
import { lookUp, permute } from "./ops.ts";

/** Rows of the table: half for keys after the query, half for the others. */
export const RELATIVE_BUCKETS = 32;
const FARTHEST = 128;

/** The bucket of a key that stands `distance` pieces after its query; in the float32 arithmetic of the published one. */
export function bucketOf(distance: number): number {
  const half = RELATIVE_BUCKETS / 2;
  const near = half / 2;
  const side = distance > 0 ? half : 0;
  const far = Math.abs(distance);
  if (far < near) return side + far;
  const share = Math.fround(Math.fround(Math.log(far / near)) / Math.fround(Math.log(FARTHEST / near)));
  return side + Math.min(half - 1, near + Math.trunc(Math.fround(share * (half - near))));
}

/**
 * What `table` [RELATIVE_BUCKETS, heads] adds to the scores: [heads, length, length], or [heads, 1, length] where only the
 * first piece asks. `mask` [batch, length] tells the length, which is `span` at most.
 */
export function relativeScores(
  g: Builder,
  table: Value,
  mask: Value,
  { span, asking }: { readonly span: number; readonly asking: "all" | "first" },
): Value {
  const length = mask.shape[1]!;
  const end = slice(g, sizesOf(g, mask), { from: g.integers([1]), to: g.integers([2]), axis: 0, size: 1 });
  const [to, queries]: [Value, Dimension] = asking === "all" ? [end, length] : [g.integers([1]), 1];
  const from = g.integers([0]);
  const rows = slice(g, buckets(g, span), { from, to, axis: 0, size: queries });
  const square = slice(g, rows, { from, to: end, axis: 1, size: length });
  return permute(g, lookUp(g, table, square), [2, 0, 1]);
}

/** The bucket of each key for each query: int32 [span, span]. */
function buckets(g: Builder, span: number): Value {
  return g.indices(`buckets ${span}`, [span, span], () =>
    Int32Array.from({ length: span * span }, (_, at) => bucketOf((at % span) - Math.floor(at / span))),
  );
}
