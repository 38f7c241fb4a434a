import { expect, test } from "vitest";
import { newRandom } from "../../random.ts";
import type { HostTensor } from "../engines/engine.ts";
import type { EncoderShape, EncoderWeights } from "../source/pretrained.ts";
import { bake, buildEncoder } from "./bert.ts";
import type { Graph } from "./graph.ts";
import { encodeOnnx } from "./onnx.ts";
import { quantizeEncoder } from "./quantize.ts";
import { floats, withGraph } from "./run-graph.ts";

const shape: EncoderShape = {
  family: "bert",
  layers: 2,
  hidden: 64,
  heads: 4,
  intermediate: 128,
  vocabulary: 200,
  positions: 16,
  firstPosition: 0,
  epsilon: 1e-12,
  activation: "gelu",
  pooling: "mean",
};

function randomWeights(): EncoderWeights {
  const random = newRandom(5);
  const draw = (dimensions: readonly number[], centre: number) => {
    const size = dimensions.reduce((product, it) => product * it, 1);
    return floats(
      dimensions,
      Array.from({ length: size }, () => centre + (random() + random() + random() - 1.5) * 0.3),
    );
  };
  const names = buildEncoder(shape).inputs.filter((it) => it.type === "float32");
  return new Map(names.map((it) => [it.name, draw(it.shape as number[], it.name.endsWith("scale") ? 1 : 0)]));
}

async function embed(graph: Graph): Promise<Float32Array> {
  const [batch, length] = [6, 10];
  const whole = (at: (row: number, column: number) => number): HostTensor => ({
    type: "int64",
    shape: [batch, length],
    data: BigInt64Array.from({ length: batch * length }, (_, i) => BigInt(at(Math.floor(i / length), i % length))),
  });
  const ids = whole((row, column) => (37 * row + 11 * column * column) % shape.vocabulary);
  const mask = whole((row, column) => (column < length - row ? 1 : 0));
  const results = await withGraph(graph, (run) =>
    run(
      new Map([
        ["input_ids", ids],
        ["attention_mask", mask],
      ]),
    ),
  );
  return results.get("embedding")!.data as Float32Array;
}

function cosines(a: Float32Array, b: Float32Array): number[] {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, it, i) => sum + it * y[i]!, 0);
  return Array.from({ length: a.length / shape.hidden }, (_, row) => {
    const [x, y] = [a, b].map((it) => it.subarray(row * shape.hidden, (row + 1) * shape.hidden)) as [
      Float32Array,
      Float32Array,
    ];
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  });
}

test("a quantised encoder is a quarter of the size and points the same way", async () => {
  const full = bake(buildEncoder(shape), randomWeights());
  const small = quantizeEncoder(full);
  expect(encodeOnnx(small).length).toBeLessThan(0.4 * encodeOnnx(full).length);
  const [expected, found] = [await embed(full), await embed(small)];
  for (const cosine of cosines(expected, found)) expect(cosine).toBeGreaterThan(0.999);
  expect(found).not.toEqual(expected);
});

test("what was rounded is within half a unit of each weight, and pairs of products fit in 16 bits", () => {
  const weights = randomWeights();
  const constants = new Map(quantizeEncoder(bake(buildEncoder(shape), weights)).constants.map((it) => [it.name, it]));
  for (const name of ["words", "layer.0.query.weight", "layer.1.down.weight"]) {
    const exact = weights.get(name)!.data as Float32Array;
    const integers = constants.get(`${name}.int8`)!.data as Int8Array;
    const scales = constants.get(`${name}.scale`)!.data as Float32Array;
    const columns = weights.get(name)!.shape[1]!;
    const isTable = name === "words";
    const wrong = exact.findIndex((it, i) => {
      const scale = scales[isTable ? Math.floor(i / columns) : i % columns]!;
      return !(Math.abs(integers[i]! * scale - it) <= 0.5001 * scale);
    });
    expect(wrong, name).toBe(-1);
    const largest = integers.reduce((it, value) => Math.max(it, Math.abs(value)), 0);
    if (!isTable) expect(2 * 255 * largest).toBeLessThan(2 ** 15);
    expect(largest).toBeGreaterThan(60);
  }
});

test("a weight column of zeros stays zeros, and rows that only fall below zero stay finite", async () => {
  const weights = new Map(randomWeights());
  const down = weights.get("layer.0.down.weight")!;
  weights.set("layer.0.down.weight", floats(down.shape, new Float32Array(down.data.length)));
  weights.set("layer.0.up.bias", floats([shape.intermediate], new Float32Array(shape.intermediate).fill(-30)));
  const full = bake(buildEncoder(shape), weights);
  for (const cosine of cosines(await embed(full), await embed(quantizeEncoder(full))))
    expect(cosine).toBeGreaterThan(0.999);
});

test("a graph without its weights is refused", () => {
  expect(() => quantizeEncoder(buildEncoder(shape))).toThrow("no baked word table");
});
