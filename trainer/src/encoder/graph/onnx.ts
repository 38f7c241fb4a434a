// Writes a graph as an ONNX model, for onnxruntime and for whatever else reads the format.
// Invariant: the bytes of a constant are copied once, into the result.
import type { Attribute, Constant, ElementType, Graph, GraphNode, Value } from "./graph.ts";
import { attributeTypes, elementTypes, modelProto } from "./onnx-format.ts";

const bytesPerElement: Record<ElementType, number> = { float32: 4, int32: 4, int64: 8, int8: 1, uint8: 1, bool: 1 };
/** A protobuf message ends at 2 GiB. */
const maxBytes = 2 ** 31 - 1;

/**
 * The bytes of a ModelProto: IR version 8, opset 18 and `com.microsoft` 1. State becomes inputs and outputs like others.
 * @throws RangeError where a constant's data does not fit its shape and type, or all of them exceed 2 GiB.
 */
export function encodeOnnx(graph: Graph): Uint8Array {
  const size = graph.constants.reduce((sum, it) => sum + it.data.byteLength, 0);
  if (size > maxBytes) {
    throw new RangeError(`encodeOnnx: constants of "${graph.name}" take ${size} bytes, ONNX holds ${maxBytes}`);
  }
  return modelProto
    .encode({
      irVersion: 8,
      producerName: "tagwright",
      graph: {
        name: graph.name,
        node: graph.nodes.map(encodeNode),
        initializer: graph.constants.map(encodeConstant),
        input: graph.inputs.map(encodeValue),
        output: graph.outputs.map(encodeValue),
      },
      opsetImport: [
        { domain: "", version: 18 },
        { domain: "com.microsoft", version: 1 },
      ],
    })
    .finish();
}

function encodeNode({ op, domain, inputs, outputs, attributes = {} }: GraphNode, index: number) {
  return {
    input: inputs,
    output: outputs,
    name: `${op}.${index}`,
    opType: op,
    attribute: Object.entries(attributes).map(([name, it]) => ({ name, ...encodeAttribute(it) })),
    domain: domain ?? "",
  };
}

function encodeAttribute(attribute: Attribute) {
  const type = attributeTypes[attribute.kind];
  if (attribute.kind === "int") return { type, i: attribute.value };
  if (attribute.kind === "float") return { type, f: attribute.value };
  if (attribute.kind === "ints") return { type, ints: attribute.value };
  return { type, s: Buffer.from(attribute.value) };
}

function encodeConstant({ name, type, shape, data }: Constant) {
  const expected = shape.reduce((product, it) => product * it, bytesPerElement[type]);
  if (data.byteLength !== expected) {
    throw new RangeError(`encodeOnnx: constant "${name}" has ${data.byteLength} bytes but its shape needs ${expected}`);
  }
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dims: shape, dataType: elementTypes[type], name, rawData };
}

function encodeValue({ name, type, shape }: Value) {
  const dim = shape.map((it) => (typeof it === "number" ? { dimValue: it } : { dimParam: it }));
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } };
}
