import { expect, test } from "vitest";
import { createBuilder } from "./builder.ts";
import { concat, gemm, plus, product, reduceSum, transpose, unsqueeze } from "./operators.ts";

test("values know their shapes, named dimensions included", () => {
  const g = createBuilder();
  const x = g.input("x", "float32", ["batch", 3, 4]);
  const row = g.input("row", "float32", [4]);
  expect(plus(g, x, row).shape).toEqual(["batch", 3, 4]);
  expect(plus(g, row, unsqueeze(g, reduceSum(g, x, [2], "drop"), [2])).shape).toEqual(["batch", 3, 4]);
  expect(transpose(g, x, [0, 2, 1]).shape).toEqual(["batch", 4, 3]);
  expect(product(g, x, x, { transB: true }).shape).toEqual(["batch", 3, 3]);
  expect(reduceSum(g, x, [-1], "keep").shape).toEqual(["batch", 3, 1]);
  expect(concat(g, [x, x], 1, 6).shape).toEqual(["batch", 6, 4]);
});

test("shapes that do not fit are refused with both", () => {
  const g = createBuilder();
  const a = g.input("a", "float32", ["batch", 3]);
  const b = g.input("b", "float32", [4, "batch"]);
  const c = g.input("c", "float32", [5]);
  expect(() => plus(g, a, b)).toThrow("shapes [batch,3] and [4,batch] do not broadcast");
  expect(() => gemm(g, [a, b])).toThrow("gemm: shapes [batch,3] and [4,batch] do not fit");
  expect(() => gemm(g, [b, a, c])).toThrow("gemm: shapes [batch,3] and [5] do not fit");
  expect(() => product(g, g.input("d", "float32", ["n", 2, 2]), g.input("e", "float32", ["m", 2, 2]))).toThrow(
    "do not fit",
  );
});

test("outputs bear their names, next values belong to their state, equal constants are one", () => {
  const g = createBuilder();
  const [w, fixed] = [g.state("w", [2]), g.state("fixed", [2])];
  const moved = plus(g, w, g.scalar(2));
  const result = plus(g, plus(g, moved, fixed), g.scalar(2));
  const graph = g.finish("graph", new Map([["result", result]]), new Map([["w", moved]]));
  expect(graph.state).toEqual([{ input: "w", output: "w.next" }, { input: "fixed" }]);
  expect(graph.outputs.map((it) => it.name)).toEqual(["result", "w.next"]);
  expect(graph.nodes.map((it) => it.outputs[0])).toEqual(["w.next", "v1", "result"]);
  expect(graph.nodes[1]!.inputs).toEqual(["w.next", "fixed"]);
  expect(graph.constants).toHaveLength(1);
});

test("names are given once, and an output is computed", () => {
  const g = createBuilder();
  const x = g.input("x", "float32", [1]);
  expect(() => g.input("x", "float32", [1])).toThrow('the graph has an input "x" already');
  const y = plus(g, x, x);
  expect(() => g.finish("graph", new Map([["x2", x]]))).toThrow('output "x2" is not computed by the graph');
  expect(() =>
    g.finish(
      "graph",
      new Map([
        ["a", y],
        ["b", y],
      ]),
    ),
  ).toThrow('outputs "a" and "b" are one value');
});
