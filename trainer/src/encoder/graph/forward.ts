// The forward pass of a post-norm transformer encoder (BERT and its relatives), in operations that can be differentiated.
// The mask keeps padding out: no weight, no part in an embedding, no gradient.
import type { EncoderShape } from "../source/pretrained.ts";
import { activations, inferenceActivations } from "./activations.ts";
import { attention } from "./attention.ts";
import type { Builder } from "./builder.ts";
import type { Value } from "./graph.ts";
import { concat, maximum, minus, over, reduceSum, sizesOf, slice, times, unsqueeze } from "./operators.ts";
import { add, arrange, type LinearScale, layerNorm, linear, lookUp, tanh, weightedRows } from "./ops.ts";
import { RELATIVE_BUCKETS, relativeScores } from "./relative.ts";

/**
 * Shapes of the weights that every step uses in full, by canonical name: all but `words` and `positions`, and no token
 * types for families without them.
 */
export function bodyShapes(shape: EncoderShape): Map<string, readonly number[]> {
  const { family, hidden, heads, intermediate, layers, pooling } = shape;
  const shapes = new Map<string, readonly number[]>();
  if (family === "mpnet") shapes.set("relative", [RELATIVE_BUCKETS, heads]);
  else if (family !== "distilbert") shapes.set("types", [hidden]);
  shapes.set("norm.scale", [hidden]).set("norm.shift", [hidden]);
  for (let layer = 0; layer < layers; layer++) {
    const set = (name: string, dimensions: readonly number[]) => shapes.set(`layer.${layer}.${name}`, dimensions);
    for (const name of ["query", "key", "value", "output"]) {
      set(`${name}.weight`, [hidden, hidden]);
      set(`${name}.bias`, [hidden]);
    }
    set("attention.scale", [hidden]);
    set("attention.shift", [hidden]);
    set("up.weight", [hidden, intermediate]);
    set("up.bias", [intermediate]);
    set("down.weight", [intermediate, hidden]);
    set("down.bias", [hidden]);
    set("feed.scale", [hidden]);
    set("feed.shift", [hidden]);
  }
  if (pooling === "pooler") shapes.set("pooler.weight", [hidden, hidden]).set("pooler.bias", [hidden]);
  return shapes;
}

export interface EncoderInputs {
  /** Row numbers into `words`: [batch, length]. */
  readonly ids: Value;
  /** 1 for a piece of the text, 0 for padding: float32 [batch, length]. */
  readonly mask: Value;
  /** [rows, hidden]. */
  readonly words: Value;
  /** The row of each position: [length, hidden]. */
  readonly positions: Value;
  /** By canonical name, as `bodyShapes` has them. */
  readonly body: ReadonlyMap<string, Value>;
  /** Whether the embedding will be differentiated; it is computed faster where not. */
  readonly purpose: "training" | "inference";
}

/**
 * The embedding of each document: [batch, hidden]. Where it is that of the first piece, the last layer computes nothing
 * for the others but what the first one sees of them.
 */
export function forward(g: Builder, shape: EncoderShape, inputs: EncoderInputs): Value {
  const { ids, mask, words, positions, body } = inputs;
  const { hidden, heads, pooling } = shape;
  const types = body.get("types");
  const places = types === undefined ? positions : add(g, positions, types);
  const read = arrange(g, add(g, lookUp(g, words, ids), places), [-1, hidden], ["tokens", hidden]);
  const hiding = unsqueeze(g, times(g, minus(g, mask, g.scalar(1)), g.scalar(1e9)), [1, 2]);
  const relative = body.get("relative");
  const span = shape.positions - shape.firstPosition;
  const distances = relative && relativeScores(g, relative, mask, { span, asking: "all" });
  const sizes = concat(g, [sizesOf(g, mask), g.integers([heads, hidden / heads])], 0, 4);
  const { dense, norm, feedForward } = parts(g, shape, inputs);

  let x = norm("norm", read);
  for (let layer = 0; layer < shape.layers; layer++) {
    const at = `layer.${layer}.`;
    const asksOnce = layer === shape.layers - 1 && pooling !== "mean";
    const asking = asksOnce ? pool(g, x, firstWeights(g, mask), hidden) : x;
    const [query, key, value] = [dense(`${at}query`, asking), dense(`${at}key`, x), dense(`${at}value`, x)];
    const own = relative && asksOnce ? relativeScores(g, relative, mask, { span, asking: "first" }) : distances;
    const seen = attention(g, { query, key, value, mask: hiding, relative: own, sizes, heads });
    const attended = norm(`${at}attention`, add(g, asking, dense(`${at}output`, seen)));
    x = norm(`${at}feed`, add(g, attended, feedForward(at, attended)));
  }
  if (pooling === "mean") return pool(g, x, evenWeights(g, mask), hidden);
  return pooling === "first" ? x : tanh(g, dense("pooler", x));
}

/** What layers are made of, by the names of their weights. */
function parts(g: Builder, { activation, epsilon }: EncoderShape, { body, purpose }: EncoderInputs) {
  const { before, after, apply } = (purpose === "training" ? activations : inferenceActivations)[activation];
  const weight = (name: string) => {
    const value = body.get(name);
    if (value === undefined) throw new RangeError(`the encoder has no weight "${name}"`);
    return value;
  };
  const dense = (name: string, x: Value, scale: LinearScale = {}) =>
    linear(g, x, weight(`${name}.weight`), weight(`${name}.bias`), scale);
  return {
    dense,
    norm: (name: string, x: Value) => layerNorm(g, x, weight(`${name}.scale`), weight(`${name}.shift`), epsilon),
    feedForward: (at: string, x: Value) =>
      dense(`${at}down`, apply(g, dense(`${at}up`, x, { product: before, bias: before })), { product: after }),
  };
}

/** The sum of the rows of x [tokens, hidden] of each document, by `weights` [batch, length]: [batch, hidden]. */
function pool(g: Builder, x: Value, weights: Value, hidden: number): Value {
  const [batch, length] = [weights.shape[0]!, weights.shape[1]!];
  const sizes = concat(g, [sizesOf(g, weights), g.integers([hidden])], 0, 3);
  const rows = arrange(g, x, sizes, [batch, length, hidden]);
  return arrange(g, weightedRows(g, unsqueeze(g, weights, [1]), rows), [-1, hidden], [batch, hidden]);
}

/** One over the number of pieces, for each piece; a document without any weighs 0. */
function evenWeights(g: Builder, mask: Value): Value {
  return over(g, mask, maximum(g, reduceSum(g, mask, [1], "keep"), g.scalar(1)));
}

/** All weight on the first piece. */
function firstWeights(g: Builder, mask: Value): Value {
  const part = (from: number, to: number, size: number | string) =>
    slice(g, mask, { from: g.integers([from]), to: g.integers([to]), axis: 1, size });
  const rest = times(g, part(1, maxSize, "rest"), g.scalar(0));
  return concat(g, [part(0, 1, 1), rest], 1, mask.shape[1]!);
}

/** A slice to here goes to the end. */
const maxSize = 2 ** 31 - 1;
