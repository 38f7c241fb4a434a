// onnxruntime's CPU provider divides the rows of a ScatterND among its threads and lets none wait for another, so that
// sums of rows that repeat lose addends (microsoft/onnxruntime#18048). One thread runs a ScatterElements, in order.
import type { Graph, GraphNode } from "./graph.ts";

/** `graph` with ScatterElements in place of each ScatterND that adds rows to a table, the same otherwise. */
export function withOrderedSums(graph: Graph): Graph {
  return { ...graph, nodes: graph.nodes.flatMap((it) => (addsRows(it) ? orderedSum(it) : [it])) };
}

function addsRows({ op, attributes }: GraphNode): boolean {
  const reduction = attributes?.["reduction"];
  return op === "ScatterND" && reduction?.kind === "string" && reduction.value === "add";
}

/** Table [rows, width], indices [n, 1] and updates [n, width], as `scatterAdd` has them. */
function orderedSum({ inputs, outputs, attributes }: GraphNode): GraphNode[] {
  const [table, indices, updates] = inputs as [string, string, string];
  const [sizes, wide] = [`${outputs[0]!} sizes`, `${outputs[0]!} indices`];
  return [
    { op: "Shape", inputs: [updates], outputs: [sizes] },
    { op: "Expand", inputs: [indices, sizes], outputs: [wide] },
    {
      op: "ScatterElements",
      inputs: [table, wide, updates],
      outputs,
      attributes: { ...attributes, axis: { kind: "int", value: 0 } },
    },
  ];
}
