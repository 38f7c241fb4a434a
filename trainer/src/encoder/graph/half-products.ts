// Products with weights in 16 bits, twice as fast as in 32 on many GPUs; everything between them, the weights that are
// learnt and AdamW stay in 32 bits. Source: mixed precision training, Micikevicius et al., ICLR 2018.
import type { Dimension, Graph, GraphNode } from "./graph.ts";

/** As ONNX numbers element types. */
const float32 = 1;
const float16 = 10;

/**
 * `graph` with each Gemm that has a weight matrix, or the gradient of one, on 16-bit inputs and with a 16-bit result; the
 * same otherwise. Narrow products are left: to convert their inputs takes longer than they do.
 * @throws RangeError where the shape of a Gemm's input is not known.
 */
export function withHalfProducts(graph: Graph): Graph {
  const shapes = new Map<string, readonly Dimension[]>();
  for (const { name, shape } of [...graph.inputs, ...graph.constants, ...(graph.values ?? [])]) shapes.set(name, shape);
  const halves = new Map<string, string>();
  const cast = (from: string, into: string, to: number): GraphNode => ({
    op: "Cast",
    inputs: [from],
    outputs: [into],
    attributes: { to: { kind: "int", value: to } },
  });
  const nodes = graph.nodes.flatMap((node): readonly GraphNode[] => {
    if (node.op !== "Gemm" || !hasWeightMatrix(node, shapes)) return [node];
    const casts: GraphNode[] = [];
    const half = (name: string): string => {
      const known = halves.get(name);
      if (known !== undefined) return known;
      const made = `${name} half`;
      halves.set(name, made);
      casts.push(cast(name, made, float16));
      return made;
    };
    const inputs = node.inputs.map(half);
    const output = node.outputs[0]!;
    const result = `${output} of halves`;
    return [...casts, { ...node, inputs, outputs: [result] }, cast(result, output, float32)];
  });
  return { ...graph, nodes };
}

/** Of rows, inner and columns of a product with a weight or of its gradient, two are known and none is 1. */
function hasWeightMatrix({ inputs, attributes = {} }: GraphNode, shapes: ReadonlyMap<string, readonly Dimension[]>) {
  const isTurned = (name: string) => attributes[name]?.kind === "int" && attributes[name].value === 1;
  const sizesOf = (name: string, turned: boolean) => {
    const shape = shapes.get(name);
    if (shape?.length !== 2) throw new RangeError(`withHalfProducts: the shape of "${name}" is not known`);
    return turned ? ([shape[1]!, shape[0]!] as const) : ([shape[0]!, shape[1]!] as const);
  };
  const [rows, inner] = sizesOf(inputs[0]!, isTurned("transA"));
  const [, columns] = sizesOf(inputs[1]!, isTurned("transB"));
  const sizes = [rows, inner, columns];
  return sizes.filter((it) => typeof it === "number").length >= 2 && !sizes.includes(1);
}
