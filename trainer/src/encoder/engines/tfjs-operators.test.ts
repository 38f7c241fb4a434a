// Each operator against onnxruntime's, on the same inputs.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect, test } from "vitest";
import type { Attribute, Constant, ElementType, Graph } from "../graph/graph.ts";
import { trainingOperators } from "../graph/operators.ts";
import type { HostTensor } from "./engine.ts";
import { newOrtEngine } from "./ort.ts";
import { elementCount } from "./tensors.ts";
import { newTfjsEngine } from "./tfjs.ts";

interface Case {
  readonly op: (typeof trainingOperators)[number];
  readonly inputs: readonly HostTensor[];
  readonly outputs: readonly { readonly type: ElementType; readonly shape: readonly number[] }[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

const int = (value: number): Attribute => ({ kind: "int", value });
const number = (value: number): Attribute => ({ kind: "float", value });

/** Waves with zeros and both signs in them. */
function floats(...shape: number[]): HostTensor {
  const wave = (i: number) => Math.round(30 * Math.sin(1 + 2.3 * i)) / 10;
  return { type: "float32", shape, data: Float32Array.from({ length: elementCount(shape) }, (_, i) => wave(i)) };
}

function positive(...shape: number[]): HostTensor {
  const { data } = floats(...shape);
  return { type: "float32", shape, data: (data as Float32Array).map((it) => Math.abs(it) + 0.5) };
}

function longs(...values: number[]): HostTensor {
  return { type: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) };
}

function ints(shape: readonly number[], ...values: number[]): HostTensor {
  return { type: "int32", shape, data: Int32Array.from(values) };
}

const out = (...shape: number[]) => [{ type: "float32", shape }] as const;
const outLong = (...shape: number[]) => [{ type: "int64", shape }] as const;
const x = floats(2, 3, 4);

const cases: readonly Case[] = [
  ...(["Erf", "Exp", "Relu", "Sigmoid", "Softplus", "Tanh"] as const).map((op) => ({
    op,
    inputs: [x],
    outputs: out(2, 3, 4),
  })),
  { op: "Sqrt", inputs: [positive(5)], outputs: out(5) },
  ...(["Add", "Sub", "Mul", "Div", "Min", "Max"] as const).flatMap((op): Case[] => [
    { op, inputs: [x, positive(3, 1)], outputs: out(2, 3, 4) },
    { op, inputs: [floats(1), positive(2, 2)], outputs: out(2, 2) },
  ]),
  { op: "Add", inputs: [longs(3, 4), longs(2)], outputs: outLong(2) },
  { op: "Mul", inputs: [longs(3), longs(2, -5)], outputs: outLong(2) },
  { op: "Greater", inputs: [x, floats(4)], outputs: [{ type: "bool", shape: [2, 3, 4] }] },
  {
    op: "Where",
    inputs: [{ type: "bool", shape: [3, 1], data: Uint8Array.of(1, 0, 1) }, floats(3, 2), floats(1)],
    outputs: out(3, 2),
  },
  { op: "Cast", inputs: [longs(3, -4)], outputs: out(2), attributes: { to: int(1) } },
  { op: "Cast", inputs: [ints([3], 3, -4, 9)], outputs: outLong(3), attributes: { to: int(7) } },
  { op: "Concat", inputs: [floats(2, 1, 2), floats(2, 3, 2)], outputs: out(2, 4, 2), attributes: { axis: int(-2) } },
  { op: "Concat", inputs: [longs(1, 2), longs(3)], outputs: outLong(3), attributes: { axis: int(0) } },
  { op: "Expand", inputs: [floats(3, 1), longs(2, 1, 4)], outputs: out(2, 3, 4) },
  {
    op: "FusedMatMul",
    inputs: [floats(2, 3, 4), floats(2, 5, 3)],
    outputs: out(2, 4, 5),
    attributes: { transA: int(1), transB: int(1), alpha: number(0.25) },
  },
  {
    op: "Gather",
    inputs: [floats(5, 3), ints([2, 2], 4, 0, 0, 2)],
    outputs: out(2, 2, 3),
    attributes: { axis: int(0) },
  },
  { op: "Gather", inputs: [floats(2, 3), longs(2, 0)], outputs: out(2, 2), attributes: { axis: int(-1) } },
  { op: "Gather", inputs: [longs(7, 8, 9), longs(2, -3)], outputs: outLong(2) },
  {
    op: "Gemm",
    inputs: [floats(3, 2), floats(4, 3), floats(4)],
    outputs: out(2, 4),
    attributes: { transA: int(1), transB: int(1), alpha: number(0.5), beta: number(2) },
  },
  { op: "Gemm", inputs: [floats(2, 3), floats(3, 4)], outputs: out(2, 4) },
  {
    op: "LayerNormalization",
    inputs: [x, floats(4), floats(4)],
    outputs: [...out(2, 3, 4), ...out(2, 3, 1), ...out(2, 3, 1)],
    attributes: { axis: int(-1), epsilon: number(1e-3) },
  },
  { op: "ReduceSum", inputs: [x, longs(0, -1)], outputs: out(3), attributes: { keepdims: int(0) } },
  { op: "ReduceSum", inputs: [x, longs(1)], outputs: out(2, 1, 4) },
  { op: "ReduceSumSquare", inputs: [x, longs(1)], outputs: out(2, 4), attributes: { keepdims: int(0) } },
  { op: "Reshape", inputs: [x, longs(0, -1)], outputs: out(2, 12) },
  { op: "Reshape", inputs: [longs(4), longs(1)], outputs: outLong(1) },
  {
    op: "ScatterND",
    inputs: [floats(4, 2), { ...longs(3, 1, 3), shape: [3, 1] }, floats(3, 2)],
    outputs: out(4, 2),
    attributes: { reduction: { kind: "string", value: "add" } },
  },
  { op: "ScatterND", inputs: [floats(4, 2), { ...longs(3, 1), shape: [2, 1] }, floats(2, 2)], outputs: out(4, 2) },
  { op: "Shape", inputs: [x], outputs: outLong(3) },
  { op: "Slice", inputs: [x, longs(-2), longs(2 ** 31 - 1), longs(1)], outputs: out(2, 2, 4) },
  { op: "Slice", inputs: [x, longs(1, 0), longs(2, -1), longs(0, 2)], outputs: out(1, 3, 3) },
  { op: "Slice", inputs: [longs(5, 6, 7), longs(1), longs(2), longs(0)], outputs: outLong(1) },
  { op: "Softmax", inputs: [x], outputs: out(2, 3, 4), attributes: { axis: int(-1) } },
  { op: "Transpose", inputs: [x], outputs: out(4, 2, 3), attributes: { perm: { kind: "ints", value: [2, 0, 1] } } },
  { op: "Transpose", inputs: [x], outputs: out(4, 3, 2) },
  { op: "Unsqueeze", inputs: [x, longs(1, -1)], outputs: out(2, 1, 3, 4, 1) },
  { op: "Unsqueeze", inputs: [longs(3, 4), longs(0)], outputs: outLong(1, 2) },
];

const contrib = new Set(["FusedMatMul"]);

/** Integers in int64 are constants, as the sizes in our graphs are; the rest is fed. */
function graphOf({ op, inputs, outputs, attributes }: Case): Graph {
  const named = inputs.map((it, i) => ({ ...it, name: `in${i}` }));
  return {
    name: op,
    inputs: named.filter((it) => it.type !== "int64"),
    outputs: outputs.map((it, i) => ({ ...it, name: `out${i}` })),
    constants: named.filter((it): it is Constant & { name: string } => it.type === "int64"),
    nodes: [
      {
        op,
        ...(contrib.has(op) && { domain: "com.microsoft" as const }),
        inputs: named.map((it) => it.name),
        outputs: outputs.map((_, i) => `out${i}`),
        ...(attributes && { attributes }),
      },
    ],
    state: [],
  };
}

test("every operator of the training graph is among the cases", () => {
  expect([...new Set(cases.map((it) => it.op))].sort()).toEqual([...trainingOperators].sort());
});

test("every operator computes what onnxruntime computes, and nothing is left on the device", async () => {
  const engines = [newTfjsEngine(tf, "plain"), await newOrtEngine("cpu", { threads: 1 })];
  await tf.ready();
  const before = tf.memory().numTensors;
  for (const it of cases) {
    const graph = graphOf(it);
    const feeds = new Map(graph.inputs.map(({ name }) => [name, it.inputs[Number(name.slice(2))]!]));
    const [ours, theirs] = await Promise.all(
      engines.map(async (engine) => {
        const program = await engine.load(graph, new Map());
        const results = await program.run(feeds);
        await program.dispose();
        return results;
      }),
    );
    for (const [name, expected] of theirs!) {
      const found = ours!.get(name)!;
      const what = `${it.op} ${JSON.stringify(it.attributes ?? {})}`;
      expect({ type: found.type, shape: found.shape }, what).toEqual({ type: expected.type, shape: expected.shape });
      const [right, left] = [Array.from(expected.data as ArrayLike<number | bigint>, Number), found.data];
      const worst = Math.max(...right.map((value, i) => Math.abs(value - Number(left[i]))));
      expect(worst, what).toBeLessThan(2e-6);
    }
  }
  expect(tf.memory().numTensors).toBe(before);
});
