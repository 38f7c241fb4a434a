// onnxruntime's WebGPU provider has no FusedMatMul and would send each one to the CPU and back. This writes a graph with
// Transpose, Mul and MatMul in its place.
import type { Constant, Graph, GraphNode } from "./graph.ts";

/** `graph` without FusedMatMul, the same otherwise. @throws RangeError where a transposed value's rank is not known. */
export function withPlainProducts(graph: Graph): Graph {
  const ranks = new Map<string, number>();
  for (const { name, shape } of [...graph.inputs, ...graph.constants, ...(graph.values ?? [])]) {
    ranks.set(name, shape.length);
  }
  const factors = new Map<number, Constant>();
  const nodes = graph.nodes.flatMap((node): readonly GraphNode[] =>
    node.op === "FusedMatMul" ? plainProduct(node, ranks, factors) : [node],
  );
  return { ...graph, constants: [...graph.constants, ...factors.values()], nodes };
}

function plainProduct(
  { inputs, outputs, attributes = {} }: GraphNode,
  ranks: ReadonlyMap<string, number>,
  factors: Map<number, Constant>,
): GraphNode[] {
  const numberOf = (name: string, otherwise: number) => {
    const attribute = attributes[name];
    return attribute?.kind === "int" || attribute?.kind === "float" ? attribute.value : otherwise;
  };
  const nodes: GraphNode[] = [];
  const append = (
    op: string,
    from: readonly string[],
    part: string,
    attribute: GraphNode["attributes"] = {},
  ): string => {
    const name = `${outputs[0]!} ${part}`;
    nodes.push({ op, inputs: from, outputs: [name], attributes: attribute });
    return name;
  };
  const turned = (name: string, part: string) => {
    const rank = ranks.get(name);
    if (rank === undefined) throw new RangeError(`withPlainProducts: the rank of "${name}" is not known`);
    const value = Array.from({ length: rank }, (_, axis) => axis);
    value.push(...value.splice(-2).reverse());
    return append("Transpose", [name], part, { perm: { kind: "ints", value } });
  };

  const left = numberOf("transA", 0) === 1 ? turned(inputs[0]!, "left") : inputs[0]!;
  const right = numberOf("transB", 0) === 1 ? turned(inputs[1]!, "right") : inputs[1]!;
  const alpha = numberOf("alpha", 1);
  if (alpha === 1) return [...nodes, { op: "MatMul", inputs: [left, right], outputs }];
  const factor: Constant = { name: `factor ${alpha}`, type: "float32", shape: [1], data: Float32Array.of(alpha) };
  factors.set(alpha, factor);
  // In our graphs the right side is the smaller one.
  const scaled = append("Mul", [right, factor.name], "scaled");
  return [...nodes, { op: "MatMul", inputs: [left, scaled], outputs }];
}
