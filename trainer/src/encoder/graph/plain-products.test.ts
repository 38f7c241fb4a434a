import { expectAllClose } from "@tagwright/testing";
import { expect, test } from "vitest";
import { newRandom } from "../../random.ts";
import { createBuilder } from "./builder.ts";
import type { Graph } from "./graph.ts";
import { product } from "./operators.ts";
import { withPlainProducts } from "./plain-products.ts";
import { floats, withGraph } from "./run-graph.ts";

function products(): Graph {
  const g = createBuilder();
  const a = g.input("a", "float32", ["n", 2, 3, 4]);
  const b = g.input("b", "float32", ["n", 2, 3, 4]);
  const inner = product(g, a, b, { transB: true, alpha: 0.25 });
  const results = new Map([
    ["plain", product(g, inner, b)],
    ["left", product(g, a, b, { transA: true })],
    ["both", product(g, inner, a, { transA: true, alpha: -3 })],
  ]);
  return g.finish("products", results);
}

test("products keep their values without the fused operator", async () => {
  const random = newRandom(3);
  const draw = () =>
    floats(
      [2, 2, 3, 4],
      Array.from({ length: 48 }, () => random() - 0.5),
    );
  const inputs = new Map([
    ["a", draw()],
    ["b", draw()],
  ]);
  const plain = withPlainProducts(products());
  expect(new Set(plain.nodes.map((it) => it.op))).toEqual(new Set(["Transpose", "Mul", "MatMul"]));
  const expected = await withGraph(products(), (run) => run(inputs));
  const found = await withGraph(plain, (run) => run(inputs));
  for (const [name, { shape, data }] of expected) {
    expect(found.get(name)!.shape).toEqual(shape);
    expectAllClose(found.get(name)!.data as Float32Array, data as Float32Array, { atol: 1e-6 });
  }
});

test("a value to transpose whose rank nobody knows is refused", () => {
  const { values, ...graph } = products();
  expect(values).toHaveLength(4);
  expect(() => withPlainProducts(graph)).toThrow('the rank of "v0" is not known');
});
