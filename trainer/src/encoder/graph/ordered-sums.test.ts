import { expect, test } from "vitest";
import { createBuilder } from "./builder.ts";
import type { Graph } from "./graph.ts";
import { scatterAdd } from "./operators.ts";
import { withOrderedSums } from "./ordered-sums.ts";
import { floats, withGraph } from "./run-graph.ts";

function sums(): Graph {
  const g = createBuilder();
  const table = g.input("table", "float32", ["rows", 2]);
  const indices = g.input("indices", "int32", ["n"]);
  const updates = g.input("updates", "float32", ["n", 2]);
  return g.finish("sums", new Map([["sums", scatterAdd(g, table, indices, updates)]]));
}

test("rows that repeat add up without ScatterND", async () => {
  const ordered = withOrderedSums(sums());
  expect(ordered.nodes.map((it) => it.op)).toEqual(["Unsqueeze", "Cast", "Shape", "Expand", "ScatterElements"]);
  const inputs = new Map([
    ["table", floats([3, 2], [1, 1, 2, 2, 3, 3])],
    ["indices", { type: "int32" as const, shape: [4], data: Int32Array.of(2, 0, 2, 2) }],
    ["updates", floats([4, 2], [10, 20, 30, 40, 50, 60, 70, 80])],
  ]);
  const { shape, data } = (await withGraph(ordered, (run) => run(inputs))).get("sums")!;
  expect(shape).toEqual([3, 2]);
  expect([...data]).toEqual([31, 41, 2, 2, 133, 163]);
});

test("a ScatterND that puts rows in place of others stays as it is", () => {
  const graph = sums();
  const nodes = graph.nodes.map((it) => (it.op === "ScatterND" ? { ...it, attributes: {} } : it));
  expect(withOrderedSums({ ...graph, nodes }).nodes).toEqual(nodes);
});
