// The operators of our graphs in terms of TensorFlow.js, one function each. Integers that describe shapes (int64 in ONNX)
// stay on the host: TensorFlow.js has no int64, and reading them back from a device would stop it at each reshape.
import type { DataType, Tensor } from "@tensorflow/tfjs-core";
import type { GraphNode } from "../graph/graph.ts";
import type { trainingOperators } from "../graph/operators.ts";
import { EngineError } from "./engine.ts";
import { elementCount } from "./tensors.ts";

export type Tfjs = typeof import("@tensorflow/tfjs-core");

/** int64 as it stands in the graph, row-major. */
export interface HostIntegers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export type TfjsValue = Tensor | HostIntegers;

/** Inputs in the node's order, undefined where absent; one value for each output of the operator. */
type Operator = (call: Call) => TfjsValue | readonly TfjsValue[];

export function isHost(value: TfjsValue): value is HostIntegers {
  return "values" in value;
}

/** @throws EngineError where no function computes the operator. */
export function findOperator({ op }: GraphNode): Operator {
  const operator = (operators as Readonly<Record<string, Operator>>)[op];
  if (operator === undefined)
    throw new EngineError(`the tfjs engine does not know operator "${op}"; take --engine cpu`);
  return operator;
}

/** One node on its way: typed access to its inputs and attributes. */
export class Call {
  readonly tf: Tfjs;
  readonly #node: GraphNode;
  readonly #inputs: readonly (TfjsValue | undefined)[];

  constructor(tf: Tfjs, node: GraphNode, inputs: readonly (TfjsValue | undefined)[]) {
    this.tf = tf;
    this.#node = node;
    this.#inputs = inputs;
  }

  has(index: number): boolean {
    return this.#inputs[index] !== undefined;
  }

  value(index: number): TfjsValue {
    const value = this.#inputs[index];
    if (value === undefined) throw new RangeError(`${this.#node.op}: input ${index} is missing`);
    return value;
  }

  values(): TfjsValue[] {
    return this.#inputs.map((_, index) => this.value(index));
  }

  /** The input on the device. */
  tensor(index: number): Tensor {
    return toTensor(this.tf, this.value(index));
  }

  /** The input on the host. */
  integers(index: number): readonly number[] {
    const value = this.value(index);
    return isHost(value) ? value.values : [...value.dataSync()];
  }

  int(name: string, otherwise: number): number {
    const attribute = this.#node.attributes?.[name];
    return attribute?.kind === "int" ? attribute.value : otherwise;
  }

  float(name: string, otherwise: number): number {
    const attribute = this.#node.attributes?.[name];
    return attribute?.kind === "float" ? attribute.value : otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.#node.attributes?.[name];
    return attribute?.kind === "ints" ? attribute.value : undefined;
  }

  string(name: string, otherwise: string): string {
    const attribute = this.#node.attributes?.[name];
    return attribute?.kind === "string" ? attribute.value : otherwise;
  }

  /** An axis as ONNX writes it, counted from the front. */
  axis(axis: number, rank: number): number {
    return axis < 0 ? axis + rank : axis;
  }
}

export function toTensor(tf: Tfjs, value: TfjsValue): Tensor {
  return isHost(value) ? tf.tensor([...value.values], [...value.shape], "int32") : value;
}

const unary =
  (name: "erf" | "exp" | "relu" | "sigmoid" | "softplus" | "sqrt" | "tanh"): Operator =>
  (call) =>
    call.tf[name](call.tensor(0));

const binary =
  (name: "add" | "sub" | "mul" | "div"): Operator =>
  (call) => {
    const [a, b] = [call.value(0), call.value(1)];
    if (isHost(a) && isHost(b)) return onHost(name, a, b);
    return call.tf[name](call.tensor(0), call.tensor(1));
  };

function onHost(name: "add" | "sub" | "mul" | "div", a: HostIntegers, b: HostIntegers): HostIntegers {
  const compute = {
    add: (x: number, y: number) => x + y,
    sub: (x: number, y: number) => x - y,
    mul: (x: number, y: number) => x * y,
    div: (x: number, y: number) => Math.trunc(x / y),
  }[name];
  const longer = a.values.length >= b.values.length ? a : b;
  const at = ({ values }: HostIntegers, i: number) => values[values.length === 1 ? 0 : i]!;
  return { shape: longer.shape, values: longer.values.map((_, i) => compute(at(a, i), at(b, i))) };
}

const extremum =
  (name: "minimum" | "maximum"): Operator =>
  (call) =>
    call
      .values()
      .map((it) => toTensor(call.tf, it))
      .reduce((so, it) => call.tf[name](so, it));

const operators = {
  Add: binary("add"),
  Cast: cast,
  Concat: concat,
  Div: binary("div"),
  Erf: unary("erf"),
  Exp: unary("exp"),
  Expand: expand,
  FusedMatMul: fusedMatMul,
  Gather: gather,
  Gemm: gemm,
  Greater: (call) => call.tf.greater(call.tensor(0), call.tensor(1)),
  LayerNormalization: layerNormalization,
  Max: extremum("maximum"),
  Min: extremum("minimum"),
  Mul: binary("mul"),
  ReduceSum: (call) => reduceSum(call, call.tensor(0)),
  ReduceSumSquare: (call) => reduceSum(call, call.tf.square(call.tensor(0))),
  Relu: unary("relu"),
  Reshape: reshape,
  ScatterND: scatterNd,
  Shape: sizes,
  Sigmoid: unary("sigmoid"),
  Slice: slice,
  Softmax: softmax,
  Softplus: unary("softplus"),
  Sqrt: unary("sqrt"),
  Sub: binary("sub"),
  Tanh: unary("tanh"),
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Where: (call) => call.tf.where(call.tensor(0), call.tensor(1), call.tensor(2)),
} as const satisfies Record<(typeof trainingOperators)[number], Operator>;

/** TensorProto.DataType. */
const castTypes: Readonly<Record<number, DataType>> = { 1: "float32", 6: "int32", 7: "int32", 9: "bool" };

function cast(call: Call): TfjsValue {
  const to = call.int("to", 1);
  const value = call.value(0);
  if (to === 7 && isHost(value)) return value;
  const type = castTypes[to];
  if (type === undefined) throw new EngineError(`the tfjs engine cannot cast to ONNX type ${to}; take --engine cpu`);
  return call.tf.cast(call.tensor(0), type);
}

function concat(call: Call): TfjsValue {
  const values = call.values();
  if (values.every(isHost)) {
    const joined = values.flatMap((it) => it.values);
    return { shape: [joined.length], values: joined };
  }
  const tensors = values.map((it) => toTensor(call.tf, it));
  return call.tf.concat(tensors, call.axis(call.int("axis", 0), tensors[0]!.rank));
}

function expand(call: Call): TfjsValue {
  const x = call.tensor(0);
  const wanted = call.integers(1);
  const rank = Math.max(x.rank, wanted.length);
  const shape = Array.from({ length: rank }, (_, position) => {
    const own = x.shape[position - rank + x.rank] ?? 1;
    const other = wanted[position - rank + wanted.length] ?? 1;
    return own === 1 ? other : own;
  });
  return call.tf.broadcastTo(x, shape);
}

function fusedMatMul(call: Call): TfjsValue {
  const product = call.tf.matMul(
    call.tensor(0),
    call.tensor(1),
    call.int("transA", 0) === 1,
    call.int("transB", 0) === 1,
  );
  return scaled(call, product, call.float("alpha", 1));
}

function gemm(call: Call): TfjsValue {
  const product = fusedMatMul(call) as Tensor;
  return call.has(2) ? call.tf.add(product, scaled(call, call.tensor(2), call.float("beta", 1))) : product;
}

function scaled(call: Call, x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : call.tf.mul(x, factor);
}

function gather(call: Call): TfjsValue {
  const data = call.value(0);
  const indices = call.value(1);
  if (isHost(data) && isHost(indices)) {
    const count = data.values.length;
    return { shape: indices.shape, values: indices.values.map((it) => data.values[it < 0 ? it + count : it]!) };
  }
  const table = call.tensor(0);
  return call.tf.gather(table, call.tensor(1), call.axis(call.int("axis", 0), table.rank));
}

function layerNormalization(call: Call): readonly TfjsValue[] {
  const { tf } = call;
  const x = call.tensor(0);
  const first = call.axis(call.int("axis", -1), x.rank);
  const axes = x.shape.map((_, axis) => axis).slice(first);
  const mean = tf.mean(x, axes, true);
  const centred = tf.sub(x, mean);
  const variance = tf.mean(tf.square(centred), axes, true);
  const inverse = tf.rsqrt(tf.add(variance, call.float("epsilon", 1e-5)));
  const output = tf.mul(tf.mul(centred, inverse), call.tensor(1));
  return [call.has(2) ? tf.add(output, call.tensor(2)) : output, mean, inverse];
}

function reduceSum(call: Call, x: Tensor): TfjsValue {
  const axes = call.has(1) ? [...call.integers(1)] : [];
  if (axes.length === 0 && call.int("noop_with_empty_axes", 0) === 1) return x;
  return call.tf.sum(x, axes.length === 0 ? undefined : axes, call.int("keepdims", 1) === 1);
}

function reshape(call: Call): TfjsValue {
  const value = call.value(0);
  const wanted = call.integers(1).map((it, axis) => (it === 0 ? (value.shape[axis] ?? 0) : it));
  const known = elementCount(wanted.filter((it) => it !== -1));
  const rest = known === 0 ? 0 : elementCount(value.shape) / known;
  const shape = wanted.map((it) => (it === -1 ? rest : it));
  return isHost(value) ? { shape, values: value.values } : call.tf.reshape(value, shape);
}

function scatterNd(call: Call): TfjsValue {
  const { tf } = call;
  const [table, indices, updates] = [call.tensor(0), call.tensor(1), call.tensor(2)];
  const reduction = call.string("reduction", "none");
  if (reduction === "none") return tf.tensorScatterUpdate(table, indices, updates);
  if (reduction === "add") return tf.add(table, tf.scatterND(indices, updates, table.shape));
  throw new EngineError(`the tfjs engine does not know reduction "${reduction}" of ScatterND; take --engine cpu`);
}

function sizes(call: Call): TfjsValue {
  const { shape } = call.value(0);
  return { shape: [shape.length], values: shape };
}

function slice(call: Call): TfjsValue {
  const value = call.value(0);
  const [starts, ends] = [call.integers(1), call.integers(2)];
  const axes = call.has(3) ? call.integers(3) : starts.map((_, i) => i);
  if (call.has(4) && call.integers(4).some((it) => it !== 1)) {
    throw new EngineError("the tfjs engine slices with steps of 1 only; take --engine cpu");
  }
  const begin = value.shape.map(() => 0);
  const size = [...value.shape];
  axes.forEach((it, i) => {
    const axis = call.axis(it, value.shape.length);
    const length = value.shape[axis]!;
    const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + length : at, 0), length);
    begin[axis] = clamp(starts[i]!);
    size[axis] = Math.max(clamp(ends[i]!) - begin[axis], 0);
  });
  if (!isHost(value)) return call.tf.slice(value, begin, size);
  const values = value.values.slice(begin[0], begin[0]! + size[0]!);
  return { shape: [values.length], values };
}

function softmax(call: Call): TfjsValue {
  const x = call.tensor(0);
  return call.tf.softmax(x, call.axis(call.int("axis", -1), x.rank));
}

function transpose(call: Call): TfjsValue {
  const order = call.ints("perm");
  return call.tf.transpose(call.tensor(0), order === undefined ? undefined : [...order]);
}

function unsqueeze(call: Call): TfjsValue {
  const value = call.value(0);
  const rank = value.shape.length + call.integers(1).length;
  const added = new Set(call.integers(1).map((it) => call.axis(it, rank)));
  const old = value.shape.values();
  const shape = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : old.next().value!));
  return isHost(value) ? { shape, values: value.values } : call.tf.reshape(value, shape);
}
