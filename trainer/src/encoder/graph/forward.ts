// The forward pass of a post-norm transformer encoder (BERT and its relatives), in operations that can be differentiated.
// The mask keeps padding out: no weight, no part in an embedding, no gradient.
import type { EncoderShape } from "../source/pretrained.ts";
import { activations, inferenceActivations } from "./activations.ts";
import { attention } from "./attention.ts";
import type { Builder } from "./builder.ts";
import type { Value } from "./graph.ts";
import { concat, maximum, minus, over, reduceSum, sizesOf, slice, times, unsqueeze } from "./operators.ts";
import { add, arrange, layerNorm, linear, lookUp, tanh, weightedRows } from "./ops.ts";

/**
 * Shapes of the weights that every step uses in full, by canonical name: all but `words` and `positions`, and no token
 * types for families without them.
 */
export function bodyShapes(shape: EncoderShape): Map<string, readonly number[]> {
  const { hidden, intermediate, layers, pooling } = shape;
  const shapes = new Map<string, readonly number[]>();
  if (shape.family !== "distilbert") shapes.set("types", [hidden]);
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

/** A slice to here goes to the end. */
const maxSize = 2 ** 31 - 1;

/** The embedding of each document: [batch, hidden]. */
export function forward(g: Builder, shape: EncoderShape, inputs: EncoderInputs): Value {
  const { ids, mask, words, positions, body, purpose } = inputs;
  const { hidden, heads, epsilon } = shape;
  const [batch, length] = [mask.shape[0]!, mask.shape[1]!];
  const weight = (name: string) => {
    const value = body.get(name);
    if (value === undefined) throw new RangeError(`the encoder has no weight "${name}"`);
    return value;
  };
  const norm = (name: string, x: Value) => layerNorm(g, x, weight(`${name}.scale`), weight(`${name}.shift`), epsilon);
  const dense = (name: string, x: Value, scale = {}) =>
    linear(g, x, weight(`${name}.weight`), weight(`${name}.bias`), scale);

  const types = body.get("types");
  const places = types === undefined ? positions : add(g, positions, types);
  const read = add(g, lookUp(g, words, ids), places);
  const bias = unsqueeze(g, times(g, minus(g, mask, g.scalar(1)), g.scalar(1e9)), [1, 2]);
  const sizes = concat(g, [sizesOf(g, mask), g.integers([heads, hidden / heads])], 0, 4);
  const { before, after, apply } = (purpose === "training" ? activations : inferenceActivations)[shape.activation];

  let x = norm("norm", arrange(g, read, [-1, hidden], ["tokens", hidden]));
  for (let layer = 0; layer < shape.layers; layer++) {
    const at = `layer.${layer}.`;
    const [query, key, value] = [dense(`${at}query`, x), dense(`${at}key`, x), dense(`${at}value`, x)];
    const seen = attention(g, { query, key, value, bias, sizes, heads });
    x = norm(`${at}attention`, add(g, x, dense(`${at}output`, seen)));
    const risen = apply(g, dense(`${at}up`, x, { product: before, bias: before }));
    x = norm(`${at}feed`, add(g, x, dense(`${at}down`, risen, { product: after })));
  }
  const rows = arrange(g, x, concat(g, [sizesOf(g, mask), g.integers([hidden])], 0, 3), [batch, length, hidden]);
  const weights = shape.pooling === "mean" ? evenWeights(g, mask) : firstWeights(g, mask);
  const chosen = weightedRows(g, unsqueeze(g, weights, [1]), rows);
  const embedding = arrange(g, chosen, [-1, hidden], [batch, hidden]);
  return shape.pooling === "pooler" ? tanh(g, dense("pooler", embedding)) : embedding;
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
