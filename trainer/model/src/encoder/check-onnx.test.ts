import { expect, test } from "vitest";
import { ModelFolderError } from "../errors.ts";
import { checkOnnx } from "./check-onnx.ts";
import { type ExampleParts, exampleOnnx, message } from "./example-encoder.ts";

const table = [
  [1, 2],
  [3, 4],
];
const external = message([1, "location"], [2, "../../secret"]);
const elsewhere = message([8, "w"], [13, external], [14, 1]);

/** A field whose number is written with a bit that Protocol Buffers in C++ drop. */
function withBit32(number: number, content: Uint8Array | number): Uint8Array {
  const plain = message([number, content]);
  const tag = number * 8 + (typeof content === "number" ? 0 : 2);
  const tagBytes = number < 16 ? 1 : 2;
  return Uint8Array.of((tag & 127) | 128, (tag >> 7) | 128, 128, 128, 0x10, ...plain.subarray(tagBytes));
}

const body = message([2, "body"]);

test("a plain encoder passes", () => {
  expect(() => checkOnnx("encoder.onnx", exampleOnnx({ table }))).not.toThrow();
  const withMicrosoft = exampleOnnx({ table, node: [[7, "com.microsoft"]], tensor: [[14, 0]] });
  expect(() => checkOnnx("encoder.onnx", withMicrosoft)).not.toThrow();
});

test.each<[string, Omit<ExampleParts, "table">, RegExp]>([
  [
    "weights in another file",
    { tensor: [[13, external]] },
    /^encoder\.onnx, graph, initializer: .* a tensor in another file/,
  ],
  ["weights declared elsewhere", { tensor: [[14, 1]] }, /initializer: .* another file/],
  ["weights declared elsewhere by a negative number", { tensor: [[14, 2 ** 60]] }, /another file/],
  ["a second graph, which is merged into the first", { model: [[7, message([5, elsewhere])]] }, /another file/],
  ["a constant in another file", { node: [[5, message([5, elsewhere])]] }, /node, attribute, tensor: .* another file/],
  ["constants in another file", { node: [[5, message([10, elsewhere])]] }, /another file/],
  ["a loop", { node: [[5, message([6, message([2, "body"])])]] }, /a graph within a node/],
  ["branches", { node: [[5, message([11, message([2, "body"])])]] }, /graphs within a node/],
  ["a function", { model: [[25, message([1, "f"])]] }, /a function/],
  ["a training graph", { model: [[20, message([1, message([2, "g"])])]] }, /a training graph/],
  ["a sparse tensor", { graph: [[15, message([3, 1])]] }, /a sparse tensor/],
  ["operators of a stranger", { node: [[7, "evil.example"]] }, /operators of "evil\.example"/],
  ["an operator that no encoder needs", { graph: [[1, message([4, "Loop"])]] }, /graph, node: .* the operator "Loop"/],
  ["a number where a node should be", { graph: [[1, 7]] }, /expected a node, found a number/],
])("a graph is refused that has %s", (_, parts, expected) => {
  const check = () => checkOnnx("encoder.onnx", exampleOnnx({ table, ...parts }));
  expect(check).toThrow(ModelFolderError);
  expect(check).toThrow(expected);
});

test.each([
  ["weights in another file", [5, withBit32(13, external)]],
  ["weights declared elsewhere", [5, withBit32(14, 1)]],
  ["a loop", [1, message([5, withBit32(6, body)])]],
  ["a field without a number", [1, message([5, message([0, 1])])]],
] as const)("%s cannot hide under a number of more than 32 bits, or none", (_, field) => {
  const check = () => checkOnnx("encoder.onnx", exampleOnnx({ table, graph: [field] }));
  expect(check).toThrow(ModelFolderError);
  expect(check).toThrow(/found a field of number (0|5368709\d\d)/);
});

test("a file that is cut short, or is something else, is refused or harmless, never an endless loop", () => {
  const whole = exampleOnnx({ table });
  const graphEnd = whole.length - 8;
  for (let length = 3; length < graphEnd; length++) {
    expect(() => checkOnnx("encoder.onnx", whole.subarray(0, length))).toThrow(ModelFolderError);
  }
  expect(() => checkOnnx("encoder.onnx", new Uint8Array(50).fill(0xff))).toThrow(/more than 64 bits/);
  expect(() => checkOnnx("encoder.onnx", Uint8Array.of(0x0b))).toThrow(/a field of type 3/);
});
