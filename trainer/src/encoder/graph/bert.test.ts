import { checkOnnx } from "@tagwright/model/internals";
import { expect, test } from "vitest";
import type { EncoderShape, EncoderWeights } from "../source/pretrained.ts";
import { bake, buildEncoder } from "./bert.ts";
import { encodeOnnx } from "./onnx.ts";
import { quantizeEncoder } from "./quantize.ts";
import { floats } from "./run-graph.ts";

const families = ["bert", "distilbert", "mpnet", "roberta"] as const;
const activations = ["gelu", "gelu_tanh", "relu"] as const;
const poolings = ["mean", "first", "pooler"] as const;

function zeros(shape: EncoderShape): EncoderWeights {
  const states = buildEncoder(shape).state.map((it) => it.input);
  const inputs = buildEncoder(shape).inputs.filter((it) => states.includes(it.name));
  return new Map(
    inputs.map(({ name, shape }) => {
      const size = (shape as readonly number[]).reduce((product, it) => product * it, 1);
      return [name, floats(shape as readonly number[], new Float32Array(size))];
    }),
  );
}

test.each(families)("a model's reader takes every graph of an encoder of family %s", (family) => {
  for (const activation of activations) {
    for (const pooling of poolings) {
      const shape: EncoderShape = {
        family,
        layers: 2,
        hidden: 8,
        heads: 2,
        intermediate: 16,
        vocabulary: 20,
        positions: 16,
        firstPosition: 0,
        epsilon: 1e-12,
        activation,
        pooling,
      };
      const baked = bake(buildEncoder(shape), zeros(shape));
      for (const graph of [baked, quantizeEncoder(baked)])
        expect(() => checkOnnx("encoder.onnx", encodeOnnx(graph)), `${activation} ${pooling}`).not.toThrow();
    }
  }
});
