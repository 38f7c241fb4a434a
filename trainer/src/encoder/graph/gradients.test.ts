// Every rule by central differences, and every rule and a whole transformer layer against the gradients that TensorFlow.js
// derives itself.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { expectAllClose } from "@tagwright/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { newRandom, type Random } from "../../random.ts";
import type { HostTensor } from "../engines/engine.ts";
import { activations } from "./activations.ts";
import { attention } from "./attention.ts";
import { type Builder, createBuilder } from "./builder.ts";
import { gradientsOf } from "./gradients.ts";
import type { Graph, Value } from "./graph.ts";
import { losses } from "./losses.ts";
import { reduceSum, reshape, times } from "./operators.ts";
import { add, arrange, layerNorm, linear, lookUp, multiply, permute, scores, tanh, weightedRows } from "./ops.ts";
import { floats, type Run, withGraph } from "./run-graph.ts";

type Shapes = Readonly<Record<string, readonly number[]>>;
type Values = Readonly<Record<string, Value>>;

interface Case {
  readonly name: string;
  /** Inputs that are differentiated; they get random numbers. */
  readonly shapes: Shapes;
  /** Inputs that are not. */
  readonly fixed?: Readonly<Record<string, HostTensor>>;
  readonly build: (g: Builder, values: Values) => Value;
}

const mask = floats([2, 1, 1, 3], [0, 0, -1e9, 0, 0, 0]);
const attend = (g: Builder, { query, key, value, mask, relative }: Values) =>
  attention(g, {
    query: query!,
    key: key!,
    value: value!,
    mask: mask!,
    relative,
    sizes: g.integers([2, 3, 2, 2]),
    heads: 2,
  });
const signs = floats([2, 3], [1, -1, -1, 1, 1, -1]);
const costs = floats([2, 3], [0.5, 0, 2, 1, 0.25, 1]);

const cases: readonly Case[] = [
  { name: "add", shapes: { a: [2, 3, 4], b: [3, 4] }, build: (g, { a, b }) => add(g, a!, b!) },
  { name: "add where one row repeats", shapes: { a: [3, 1], b: [3, 4] }, build: (g, { a, b }) => add(g, a!, b!) },
  { name: "add of a value to itself", shapes: { a: [3, 4] }, build: (g, { a }) => add(g, a!, a!) },
  { name: "multiply", shapes: { a: [2, 3, 4], b: [3, 4] }, build: (g, { a, b }) => multiply(g, a!, b!) },
  { name: "multiply a value by itself", shapes: { a: [3, 4] }, build: (g, { a }) => multiply(g, a!, a!) },
  { name: "tanh", shapes: { a: [3, 4] }, build: (g, { a }) => tanh(g, a!) },
  {
    name: "linear",
    shapes: { x: [3, 4], weight: [4, 2], bias: [2] },
    build: (g, { x, weight, bias }) => linear(g, x!, weight!, bias!),
  },
  {
    name: "linear with factors",
    shapes: { x: [3, 4], weight: [4, 2], bias: [2] },
    build: (g, { x, weight, bias }) => linear(g, x!, weight!, bias!, { product: 0.7, bias: -0.3 }),
  },
  {
    name: "scores",
    shapes: { x: [3, 4], table: [5, 4], bias: [5] },
    build: (g, { x, table, bias }) => scores(g, x!, table!, bias!),
  },
  {
    name: "layer normalisation",
    shapes: { x: [3, 8], scale: [8], shift: [8] },
    build: (g, { x, scale, shift }) => layerNorm(g, x!, scale!, shift!, 0.01),
  },
  {
    name: "look-up, with repeated and unused rows",
    shapes: { table: [4, 3] },
    fixed: { ids: { type: "int32", shape: [2, 3], data: Int32Array.of(0, 2, 2, 0, 3, 2) } },
    build: (g, { table, ids }) => lookUp(g, table!, ids!),
  },
  { name: "permute", shapes: { x: [2, 3, 4] }, build: (g, { x }) => permute(g, x!, [2, 0, 1]) },
  { name: "arrange", shapes: { x: [2, 3, 4] }, build: (g, { x }) => arrange(g, x!, [-1, 4], [6, 4]) },
  {
    name: "weighted rows",
    shapes: { x: [2, 3, 4] },
    fixed: { weights: floats([2, 1, 3], [0.5, 0.5, 0, 0.2, 0.3, 0.5]) },
    build: (g, { weights, x }) => weightedRows(g, weights!, x!),
  },
  ...Object.entries(activations).map(
    ([name, { apply }]): Case => ({ name, shapes: { x: [4, 6] }, build: (g, { x }) => apply(g, x!) }),
  ),
  {
    name: "attention",
    shapes: { query: [6, 4], key: [6, 4], value: [6, 4] },
    fixed: { mask },
    build: attend,
  },
  {
    name: "attention of one query a document",
    shapes: { query: [2, 4], key: [6, 4], value: [6, 4] },
    fixed: { mask },
    build: attend,
  },
  {
    name: "attention with relative positions",
    shapes: { query: [6, 4], key: [6, 4], value: [6, 4], relative: [2, 3, 3] },
    fixed: { mask },
    build: attend,
  },
  {
    name: "attention with relative positions of one query a document",
    shapes: { query: [2, 4], key: [6, 4], value: [6, 4], relative: [2, 1, 3] },
    fixed: { mask },
    build: attend,
  },
  ...Object.entries(losses).map(
    ([name, loss]): Case => ({
      name,
      shapes: { z: [2, 3] },
      fixed: { sign: signs, cost: costs },
      build: (g, { z, sign, cost }) => loss(g, z!, sign!, cost!),
    }),
  ),
];

function randomTensor(shape: readonly number[], random: Random): HostTensor {
  const size = shape.reduce((product, it) => product * it, 1);
  return floats(
    shape,
    Array.from({ length: size }, () => 2 * random() - 1),
  );
}

/** A graph of `build`'s output, y, and of the gradients of Σ y · cotangent. */
function gradientGraph({ shapes, fixed = {}, build }: Case): Graph {
  const g = createBuilder();
  const wanted = Object.entries(shapes).map(([name, shape]) => g.input(name, "float32", shape));
  const others = Object.entries(fixed).map(([name, { type, shape }]) => g.input(name, type, shape));
  const output = build(g, Object.fromEntries([...wanted, ...others].map((it) => [it.name, it])));
  const cotangent = g.input("cotangent", "float32", output.shape);
  const weighted = times(g, output, cotangent);
  const axes = output.shape.map((_, axis) => axis);
  const loss = reshape(g, reduceSum(g, weighted, axes, "drop"), g.integers([1]), [1]);
  g.record({ inputs: [output], output: loss, rule: (it) => [() => times(g, cotangent, it)] });
  const gradients = [...gradientsOf(g, loss, wanted)].map(([name, it]) => [`gradient.${name}`, it] as const);
  return g.finish("check", new Map([["y", output], ...gradients]));
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, it, i) => sum + it * b[i]!, 0);

/**
 * The slope of Σ y · cotangent along `direction`, from four float32 outputs summed up in float64. Richardson's
 * extrapolation leaves an error of h⁴ (2e-6 here) beside rounding, 6e-8 / h (4e-6): the tolerance of 1e-4 is far above
 * both, and far below what any wrong term would cause.
 */
async function slopeAlong(run: Run, inputs: ReadonlyMap<string, HostTensor>, name: string, direction: HostTensor) {
  const { shape, data } = inputs.get(name)!;
  const cotangent = inputs.get("cotangent")!.data as Float32Array;
  const projected = async (step: number) => {
    const moved = Array.from(data as Float32Array, (it, i) => it + step * (direction.data[i] as number));
    const results = await run(new Map(inputs).set(name, floats(shape, moved)));
    return dot(results.get("y")!.data as Float32Array, cotangent);
  };
  const central = async (step: number) => ((await projected(step)) - (await projected(-step))) / (2 * step);
  const h = 2 ** -5;
  return (4 * (await central(h / 2)) - (await central(h))) / 3;
}

test.each(cases)("the rule of $name agrees with central differences", async (it) => {
  const graph = gradientGraph(it);
  const random = newRandom(7);
  await withGraph(graph, async (run) => {
    const inputs = new Map(Object.entries(it.fixed ?? {}));
    for (const { name, shape } of graph.inputs)
      if (!inputs.has(name)) inputs.set(name, awayFromKinks(randomTensor(shape as readonly number[], random)));
    const results = await run(inputs);
    for (const name of Object.keys(it.shapes)) {
      const gradient = results.get(`gradient.${name}`)!;
      expect(gradient.shape).toEqual(inputs.get(name)!.shape);
      for (let trial = 0; trial < 5; trial++) {
        const direction = randomTensor(gradient.shape, random);
        const slope = await slopeAlong(run, inputs, name, direction);
        const expected = dot(gradient.data as Float32Array, direction.data as Float32Array);
        expectAllClose([slope], [expected], { atol: 1e-4, rtol: 1e-4 });
      }
    }
  });
});

/** Numbers at least 0.05 away from 0, where relu has no slope; h moves them by at most 0.032. */
function awayFromKinks(tensor: HostTensor): HostTensor {
  return floats(
    tensor.shape,
    Array.from(tensor.data as Float32Array, (it) => it + (it < 0 ? -0.05 : 0.05)),
  );
}

type Theirs = Readonly<Record<string, tf.Tensor>>;

const toTheirs = ({ type, shape, data }: HostTensor) =>
  tf.tensor(data as Float32Array, [...shape], type === "int32" ? "int32" : "float32");

/** Softmax attention as a textbook has it; rows by document, and one query a document or one for each row. */
function theirAttention({ query, key, value, mask, relative }: Theirs): tf.Tensor {
  const [batch, numHeads, width] = [2, 2, 2];
  const split = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [batch, -1, numHeads, width]), [0, 2, 1, 3]);
  const agreement = tf.div(tf.matMul(split(query!), split(key!), false, true), Math.sqrt(width));
  const placed = relative === undefined ? agreement : tf.add(agreement, relative);
  const seen = tf.matMul(tf.softmax(tf.add(placed, mask!)), split(value!));
  return tf.reshape(tf.transpose(seen, [0, 2, 1, 3]), query!.shape);
}

function theirNorm(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, epsilon: number): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon))), scale), shift);
}

/** Each case in the operators of TensorFlow.js. */
const twins: Readonly<Record<string, (v: Theirs) => tf.Tensor>> = {
  add: ({ a, b }) => tf.add(a!, b!),
  "add where one row repeats": ({ a, b }) => tf.add(a!, b!),
  "add of a value to itself": ({ a }) => tf.add(a!, a!),
  multiply: ({ a, b }) => tf.mul(a!, b!),
  "multiply a value by itself": ({ a }) => tf.square(a!),
  tanh: ({ a }) => tf.tanh(a!),
  linear: ({ x, weight, bias }) => tf.add(tf.matMul(x!, weight!), bias!),
  "linear with factors": ({ x, weight, bias }) => tf.add(tf.mul(tf.matMul(x!, weight!), 0.7), tf.mul(bias!, -0.3)),
  scores: ({ x, table, bias }) => tf.add(tf.matMul(x!, table!, false, true), bias!),
  "layer normalisation": ({ x, scale, shift }) => theirNorm(x!, scale!, shift!, 0.01),
  "look-up, with repeated and unused rows": ({ table, ids }) => tf.gather(table!, ids as tf.Tensor2D),
  arrange: ({ x }) => tf.reshape(x!, [6, 4]),
  "weighted rows": ({ weights, x }) => tf.matMul(weights!, x!),
  gelu: ({ x }) => tf.mul(x!, tf.add(tf.erf(x!), 1)),
  gelu_tanh: ({ x }) => {
    const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x!, tf.mul(tf.pow(x!, 3), 0.044715)));
    return tf.mul(x!, tf.add(tf.tanh(inner), 1));
  },
  relu: ({ x }) => tf.relu(x!),
  attention: theirAttention,
  "attention of one query a document": theirAttention,
  "attention with relative positions": theirAttention,
  "attention with relative positions of one query a document": theirAttention,
  permute: ({ x }) => tf.transpose(x!, [2, 0, 1]),
  "squared-hinge": ({ z, sign, cost }) =>
    tf.reshape(tf.sum(tf.mul(cost!, tf.square(tf.relu(tf.sub(1, tf.mul(sign!, z!)))))), [1]),
  bce: ({ z, sign, cost }) => tf.reshape(tf.sum(tf.mul(cost!, tf.softplus(tf.neg(tf.mul(sign!, z!))))), [1]),
};

test.each(cases)("$name and its gradients are those of TensorFlow.js", async (it) => {
  await tf.setBackend("cpu");
  const graph = gradientGraph(it);
  const random = newRandom(13);
  const inputs = new Map(Object.entries(it.fixed ?? {}));
  for (const { name, shape } of graph.inputs)
    if (!inputs.has(name)) inputs.set(name, awayFromKinks(randomTensor(shape as readonly number[], random)));
  const ours = await withGraph(graph, (run) => run(inputs));

  const names = Object.keys(it.shapes);
  const fixed = Object.fromEntries(Object.entries(it.fixed ?? {}).map(([name, value]) => [name, toTheirs(value)]));
  const apply = (...values: tf.Tensor[]) =>
    twins[it.name]!({ ...fixed, ...Object.fromEntries(names.map((name, i) => [name, values[i]!])) });
  const given = names.map((name) => toTheirs(inputs.get(name)!));
  const close = { atol: 2e-5, rtol: 1e-4 };
  expectAllClose(ours.get("y")!.data as Float32Array, apply(...given).dataSync(), close);
  const theirs = tf.grads(apply)(given, toTheirs(inputs.get("cotangent")!));
  for (const [i, name] of names.entries())
    expectAllClose(ours.get(`gradient.${name}`)!.data as Float32Array, theirs[i]!.dataSync(), close);
});

const [documents, length, hidden, heads, inner] = [2, 3, 4, 2, 6];
const layerShapes = {
  x: [documents * length, hidden],
  ...Object.fromEntries(["query", "key", "value", "output"].map((it) => [it, [hidden, hidden]])),
  bias: [hidden],
  scale: [hidden],
  shift: [hidden],
  up: [hidden, inner],
  upBias: [inner],
  down: [inner, hidden],
};

/** A transformer layer of ours; one bias and one norm serve in all places. */
function ourLayer(g: Builder, v: Values): Value {
  const dense = (x: Value, weight: string) => linear(g, x, v[weight]!, v["bias"]!);
  const norm = (x: Value) => layerNorm(g, x, v["scale"]!, v["shift"]!, 0.001);
  const { before, after, apply } = activations.gelu;
  const [query, key, value] = [dense(v["x"]!, "query"), dense(v["x"]!, "key"), dense(v["x"]!, "value")];
  const sizes = g.integers([documents, length, heads, hidden / heads]);
  const seen = attention(g, { query, key, value, mask: v["mask"]!, sizes, heads });
  const x = norm(add(g, v["x"]!, dense(seen, "output")));
  const risen = apply(g, linear(g, x, v["up"]!, v["upBias"]!, { product: before, bias: before }));
  return norm(add(g, x, linear(g, risen, v["down"]!, v["bias"]!, { product: after })));
}

/** The same in TensorFlow.js, as a textbook has it. */
function theirLayer(v: Readonly<Record<string, tf.Tensor>>): tf.Tensor {
  const dense = (x: tf.Tensor, weight: string, bias = "bias") => tf.add(tf.matMul(x, v[weight]!), v[bias]!);
  const norm = (x: tf.Tensor) => theirNorm(x, v["scale"]!, v["shift"]!, 0.001);
  const split = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [documents, length, heads, hidden / heads]), [0, 2, 1, 3]);
  const [query, key, value] = [dense(v["x"]!, "query"), dense(v["x"]!, "key"), dense(v["x"]!, "value")].map(split);
  const agreement = tf.div(tf.matMul(query!, key!, false, true), Math.sqrt(hidden / heads));
  const seen = tf.matMul(tf.softmax(tf.add(agreement, v["mask"]!)), value!);
  const joined = tf.reshape(tf.transpose(seen, [0, 2, 1, 3]), [documents * length, hidden]);
  const x = norm(tf.add(v["x"]!, dense(joined, "output")));
  const up = dense(x, "up", "upBias");
  const gelu = tf.mul(tf.mul(up, 0.5), tf.add(tf.erf(tf.div(up, Math.SQRT2)), 1));
  return norm(tf.add(x, dense(gelu, "down")));
}

test("the gradients of a transformer layer are those that TensorFlow.js derives", async () => {
  await tf.setBackend("cpu");
  const random = newRandom(11);
  const inputs = new Map(Object.entries(layerShapes).map(([name, shape]) => [name, randomTensor(shape, random)]));
  const cotangent = randomTensor([documents * length, hidden], random);
  const layer: Case = { name: "layer", shapes: layerShapes, fixed: { mask }, build: ourLayer };
  const ours = await withGraph(gradientGraph(layer), (run) =>
    run(new Map([...inputs, ["mask", mask], ["cotangent", cotangent]])),
  );

  const names = [...inputs.keys()];
  const derive = tf.grads((...values: tf.Tensor[]) =>
    theirLayer({ ...Object.fromEntries(names.map((name, i) => [name, values[i]!])), mask: toTheirs(mask) }),
  );
  const theirs = derive([...inputs.values()].map(toTheirs), toTheirs(cotangent));
  for (const [i, name] of names.entries()) {
    expectAllClose(ours.get(`gradient.${name}`)!.data as Float32Array, theirs[i]!.dataSync(), {
      atol: 2e-5,
      rtol: 1e-4,
    });
  }
});

test("what the loss does not depend on is refused", () => {
  const g = createBuilder();
  const [a, b] = [g.input("a", "float32", [1]), g.input("b", "float32", [1])];
  expect(() => gradientsOf(g, multiply(g, a, a), [a, b])).toThrow('the loss does not depend on "b"');
});
