import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import type { Graph } from "./graph.ts";
import { encodeOnnx } from "./onnx.ts";

const graph: Graph = {
  name: "every-part",
  inputs: [{ name: "x", type: "float32", shape: ["rows", 2] }],
  outputs: [
    { name: "y", type: "float32", shape: [3, "rows"] },
    { name: "z", type: "float32", shape: ["rows", 2] },
  ],
  constants: [
    { name: "w", type: "float32", shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    { name: "axes", type: "int64", shape: [1], data: BigInt64Array.of(0n) },
    { name: "flags", type: "bool", shape: [2], data: Uint8Array.of(1, 0) },
    { name: "zero", type: "float32", shape: [1], data: Float32Array.of(0) },
  ],
  nodes: [
    {
      op: "FusedMatMul",
      domain: "com.microsoft",
      inputs: ["w", "x"],
      outputs: ["product"],
      attributes: {
        transA: { kind: "int", value: 0 },
        transB: { kind: "int", value: 1 },
        alpha: { kind: "float", value: 0.5 },
      },
    },
    {
      op: "Transpose",
      inputs: ["product"],
      outputs: ["turned"],
      attributes: { perm: { kind: "ints", value: [1, 0] } },
    },
    { op: "Transpose", inputs: ["turned"], outputs: ["y"], attributes: { perm: { kind: "ints", value: [1, 0] } } },
    { op: "Where", inputs: ["flags", "x", "zero"], outputs: ["z"] },
  ],
  state: [],
};

test("onnxruntime loads what was written and computes it, for any number of rows", async () => {
  const session = await InferenceSession.create(encodeOnnx(graph), { logSeverityLevel: 3 });
  expect(session.inputNames).toEqual(["x"]);
  for (const rows of [1, 2]) {
    const x = Float32Array.of(1, 2, 3, 4).slice(0, 2 * rows);
    const { y, z } = await session.run({ x: new Tensor("float32", x, [rows, 2]) });
    const times = (w: readonly [number, number]) =>
      Array.from({ length: rows }, (_, i) => (w[0] * x[2 * i]! + w[1] * x[2 * i + 1]!) / 2);
    expect([...(y!.data as Float32Array)]).toEqual([...times([1, 2]), ...times([3, 4]), ...times([5, 6])]);
    expect([...(z!.data as Float32Array)]).toEqual([...x].map((it, i) => (i % 2 === 0 ? it : 0)));
  }
  await session.release();
});

test("a constant whose data does not fit its shape is refused", () => {
  const constants = [{ name: "w", type: "float32", shape: [2, 2], data: new Float32Array(3) }] as const;
  expect(() => encodeOnnx({ ...graph, constants })).toThrow('constant "w" has 12 bytes but its shape needs 16');
});
