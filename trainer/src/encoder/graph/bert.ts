// The encoder as a graph for inference: ids and mask in, one embedding a document out. The same graph serves while
// training, with its weights as state, and in a model folder, with the weights baked in.
import type { EncoderShape, EncoderWeights } from "../source/pretrained.ts";
import { createBuilder } from "./builder.ts";
import { bodyShapes, forward } from "./forward.ts";
import type { Constant, Graph } from "./graph.ts";
import { plus, sizesOf, slice, toFloat } from "./operators.ts";

/**
 * Feeds   `input_ids` and `attention_mask` (1 or 0), both int64 [batch, length], length at most the position table's.
 * State   every weight of `shape` by canonical name; none changes.
 * Results `embedding` float32 [batch, H]: pooled as `shape.pooling` says, not normalised.
 */
export function buildEncoder(shape: EncoderShape): Graph {
  const g = createBuilder();
  const ids = g.input("input_ids", "int64", ["batch", "length"]);
  const mask = toFloat(g, g.input("attention_mask", "int64", ["batch", "length"]));
  const words = g.state("words", [shape.vocabulary, shape.hidden]);
  const table = g.state("positions", [shape.positions, shape.hidden]);
  const body = new Map([...bodyShapes(shape)].map(([name, it]) => [name, g.state(name, it)]));

  const first = g.integers([shape.firstPosition]);
  const length = slice(g, sizesOf(g, ids), { from: g.integers([1]), to: g.integers([2]), axis: 0, size: 1 });
  const positions = slice(g, table, { from: first, to: plus(g, length, first), axis: 0, size: "length" });
  return g.finish(
    "encoder",
    new Map([["embedding", forward(g, shape, { ids, mask, words, positions, body, purpose: "inference" })]]),
  );
}

/** `graph` with its state as constants, not copied. @throws RangeError where a weight is missing or has another shape. */
export function bake(graph: Graph, weights: EncoderWeights): Graph {
  const states = new Set(graph.state.map((it) => it.input));
  const baked = graph.inputs
    .filter((it) => states.has(it.name))
    .map((value): Constant => {
      const weight = weights.get(value.name);
      if (weight?.shape.join() !== value.shape.join()) {
        const found = weight === undefined ? "none" : `[${weight.shape.join()}]`;
        throw new RangeError(`bake: weight "${value.name}" must be [${value.shape.join()}], found ${found}`);
      }
      return { name: value.name, type: weight.type, shape: weight.shape, data: weight.data };
    });
  const inputs = graph.inputs.filter((it) => !states.has(it.name));
  return { ...graph, inputs, constants: [...graph.constants, ...baked], state: [] };
}
