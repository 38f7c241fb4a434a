// Looks through an ONNX file before onnxruntime sees it. Invariant: what passes is a plain computation on weights that are
// in the file itself. It names no other file, holds no loop, branch or function, and uses the operators of our encoders.
// Source: onnx.proto of ONNX 1.17; the wire format of Protocol Buffers.
import { ModelFolderError } from "../errors.ts";

type Fields = Readonly<Record<number, (field: Field, place: Place) => void>>;

interface Field {
  /** The content of a length-delimited field, undefined for numbers. */
  readonly bytes: Uint8Array | undefined;
  /** The value of a variable-length number, its low 53 bits. */
  readonly number: number;
}

/** Where in the file, for messages. */
type Place = readonly string[];

const knownDomains = ["", "ai.onnx", "com.microsoft"];
/** What an encoder of any family computes with, its 8-bit twin included; Expand and MatMul are of the tests' example. */
const knownOperators: readonly string[] = [
  "Add",
  "Cast",
  "Concat",
  "Div",
  "DynamicQuantizeMatMul",
  "Erf",
  "Expand",
  "FusedMatMul",
  "Gather",
  "Gemm",
  "LayerNormalization",
  "MatMul",
  "Max",
  "Mul",
  "ReduceMax",
  "ReduceSum",
  "Relu",
  "Reshape",
  "Shape",
  "Slice",
  "Softmax",
  "Sub",
  "Tanh",
  "Transpose",
  "Unsqueeze",
];
const varint = 0;
const fixed64 = 1;
const delimited = 2;
const fixed32 = 5;

/** @throws ModelFolderError naming the first thing that an encoder of ours does not have. `place` names the file. */
export function checkOnnx(place: string, bytes: Uint8Array): void {
  const fail = (where: Place, expected: string, found: string) =>
    new ModelFolderError({
      place: [place, ...where].join(", "),
      expected,
      found,
      cure: "take a model from a source that you trust, or train it again",
    });
  const refuse = (found: string) => (_: Field, where: Place) => {
    throw fail(where, "a graph that only computes", found);
  };
  const inside = (fields: Fields, name: string) => (field: Field, where: Place) => {
    if (field.bytes === undefined) throw fail(where, `a ${name}`, "a number");
    walk(field.bytes, fields, [...where, name]);
  };

  const tensor: Fields = {
    13: refuse("a tensor in another file"),
    14: (field, where) => {
      if (field.bytes !== undefined || field.number !== 0) refuse("a tensor in another file")(field, where);
    },
  };
  const attribute: Fields = {
    5: inside(tensor, "tensor"),
    6: refuse("a graph within a node"),
    10: inside(tensor, "tensor"),
    11: refuse("graphs within a node"),
    22: refuse("a sparse tensor"),
    23: refuse("sparse tensors"),
  };
  const oneOf = (known: readonly string[], what: string) => (field: Field, where: Place) => {
    const name = new TextDecoder().decode(field.bytes);
    if (!known.includes(name)) refuse(`${what} "${name.slice(0, 40)}"`)(field, where);
  };
  const node: Fields = {
    4: oneOf(knownOperators, "the operator"),
    5: inside(attribute, "attribute"),
    7: oneOf(knownDomains, "operators of"),
  };
  const graph: Fields = {
    1: inside(node, "node"),
    5: inside(tensor, "initializer"),
    15: refuse("a sparse tensor"),
  };
  const model: Fields = {
    7: inside(graph, "graph"),
    20: refuse("a training graph"),
    25: refuse("a function"),
  };

  /** Calls the function of each field that has one; others are stepped over. */
  function walk(message: Uint8Array, fields: Fields, where: Place): void {
    const reader = { at: 0 };
    while (reader.at < message.length) {
      const tag = readNumber(message, reader, where);
      const fieldNumber = Math.floor(tag / 8);
      // Protocol Buffers in C++ drop the bits from 2³² on: to onnxruntime it would be another field than to us.
      if (fieldNumber === 0 || tag >= 2 ** 32) throw fail(where, "an ONNX file", `a field of number ${fieldNumber}`);
      const type = tag % 8;
      const number = type === varint ? readNumber(message, reader, where) : 0;
      let length = 0;
      if (type === fixed64) length = 8;
      else if (type === fixed32) length = 4;
      else if (type === delimited) length = readNumber(message, reader, where);
      else if (type !== varint) throw fail(where, "an ONNX file", `a field of type ${type}`);
      if (length > message.length - reader.at) throw fail(where, `${length} more bytes`, "its end: it was cut short");
      const bytes = type === varint ? undefined : message.subarray(reader.at, reader.at + length);
      reader.at += length;
      fields[fieldNumber]?.({ bytes, number }, where);
    }
  }

  function readNumber(message: Uint8Array, reader: { at: number }, where: Place): number {
    let value = 0;
    for (let digit = 0; digit < 10; digit++) {
      const byte = message[reader.at++];
      if (byte === undefined) throw fail(where, "an ONNX file", "its end within a number");
      if (digit < 7) value += (byte & 127) * 128 ** digit;
      // Only negative numbers are longer. No field that is looked at may be one, so the value just must not be 0.
      else if ((byte & 127) !== 0) value = Number.MAX_SAFE_INTEGER;
      if (byte < 128) return value;
    }
    throw fail(where, "an ONNX file", "a number of more than 64 bits");
  }

  walk(bytes, model, []);
}
