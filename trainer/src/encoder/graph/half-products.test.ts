import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { newTinyStep } from "../engines/tiny-step.ts";
import { createBuilder } from "./builder.ts";
import type { Graph } from "./graph.ts";
import { withHalfProducts } from "./half-products.ts";
import { encodeOnnx } from "./onnx.ts";
import { gemm } from "./operators.ts";

const opsOf = (graph: Graph, op: string) => graph.nodes.filter((it) => it.op === op);

test("a product with a weight takes and gives 16 bits, and a value is converted once for all that use it", () => {
  const g = createBuilder();
  const x = g.input("x", "float32", ["tokens", 3]);
  const weight = g.input("weight", "float32", [3, 4]);
  const bias = g.input("bias", "float32", [4]);
  const y = gemm(g, [x, weight, bias]);
  const back = gemm(g, [y, weight], { transB: true });
  const ofWeight = gemm(g, [x, y], { transA: true });
  const half = withHalfProducts(g.finish("products", new Map(Object.entries({ y, back, ofWeight }))));
  expect(opsOf(half, "Gemm").map((it) => it.inputs)).toEqual([
    ["x half", "weight half", "bias half"],
    ["y half", "weight half"],
    ["x half", "y half"],
  ]);
  const casts = opsOf(half, "Cast").map((it) => `${it.inputs[0]} -> ${it.outputs[0]}`);
  expect(casts.sort()).toEqual(
    [
      ...["x", "weight", "bias", "y"].map((it) => `${it} -> ${it} half`),
      ...["y", "back", "ofWeight"].map((it) => `${it} of halves -> ${it}`),
    ].sort(),
  );
});

test("narrow products, and those of a batch with its candidates, stay in 32 bits", () => {
  const g = createBuilder();
  const x = g.input("x", "float32", ["tokens", 3]);
  const column = g.input("column", "float32", [3, 1]);
  const table = g.input("table", "float32", ["slots", 3]);
  const narrow = gemm(g, [x, column]);
  const scores = gemm(g, [x, table], { transB: true });
  const graph = g.finish("products", new Map(Object.entries({ narrow, scores })));
  expect(withHalfProducts(graph).nodes).toEqual(graph.nodes);
});

test("a product of values whose shape nobody knows is refused", () => {
  const { values: _, ...graph } = newTinyStep().graph;
  expect(() => withHalfProducts(graph)).toThrow(/withHalfProducts: the shape of "v\d+" is not known/u);
});

test("a step differs by the rounding of 16 bits, and no more", async () => {
  const tiny = newTinyStep();
  const feeds = new Map([...tiny.state, ...tiny.feeds(0)]);
  const run = async (graph: Graph) => {
    // Nothing but conversions between them, and onnxruntime leaves both out.
    const nodes = graph.nodes.flatMap((it) => {
      const [output] = it.outputs as [string];
      if (it.op !== "Cast" || !output.endsWith(" half")) return [it];
      const rounded = `${output} rounded`;
      return [
        { ...it, outputs: [rounded] },
        { op: "Identity", inputs: [rounded], outputs: [output] },
      ];
    });
    const options = { graphOptimizationLevel: "disabled", logSeverityLevel: 3, intraOpNumThreads: 1 } as const;
    const session = await InferenceSession.create(encodeOnnx({ ...graph, nodes }), options);
    const inputs = [...feeds].map(([name, { type, shape, data }]) => [
      name,
      new Tensor(type, data as Float32Array, shape),
    ]);
    const results = await session.run(Object.fromEntries(inputs));
    await session.release();
    return (name: string) => Array.from(results[name]!.data as Float32Array);
  };
  const [whole, half] = [await run(tiny.graph), await run(withHalfProducts(tiny.graph))];
  const distances = ["loss", "norm.encoder", "norm.head", "embedding", "layer.0.up.weight.first.next"].map((name) => {
    const [expected, found] = [whole(name), half(name)];
    return Math.hypot(...expected.map((it, i) => it - found[i]!)) / Math.hypot(...expected);
  });
  for (const distance of distances) expect(distance).toBeLessThan(0.01);
  expect(Math.min(...distances)).toBeGreaterThan(1e-7);
});
