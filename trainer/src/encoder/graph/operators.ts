// Every ONNX operator that our training graphs use, one function each: it adds the node and knows the shape that comes
// out. Nothing here is differentiated; ops.ts does that. `trainingOperators` is the list an engine has to cover.
import type { Builder } from "./builder.ts";
import type { Attribute, Dimension, Value } from "./graph.ts";

/** By name as ONNX spells it; FusedMatMul is of `com.microsoft`, all others of opset 18. */
export const trainingOperators = [
  "Add",
  "Cast",
  "Concat",
  "Div",
  "Erf",
  "Exp",
  "Expand",
  "FusedMatMul",
  "Gather",
  "Gemm",
  "Greater",
  "LayerNormalization",
  "Max",
  "Min",
  "Mul",
  "ReduceSum",
  "ReduceSumSquare",
  "Relu",
  "Reshape",
  "ScatterND",
  "Shape",
  "Sigmoid",
  "Slice",
  "Softmax",
  "Softplus",
  "Sqrt",
  "Sub",
  "Tanh",
  "Transpose",
  "Unsqueeze",
  "Where",
] as const;

const int = (value: number): Attribute => ({ kind: "int", value });
const float = (value: number): Attribute => ({ kind: "float", value });
const flag = (value: boolean): Attribute => int(value ? 1 : 0);

/** Shape of an elementwise operation on both, as NumPy broadcasts. @throws RangeError where they do not fit. */
function broadcast(a: Value, b: Value): Dimension[] {
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, position) => {
    const left = a.shape[position - rank + a.shape.length] ?? 1;
    const right = b.shape[position - rank + b.shape.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new RangeError(`shapes [${a.shape.join()}] and [${b.shape.join()}] do not broadcast`);
  });
}

type BinaryOperator = "Add" | "Sub" | "Mul" | "Div" | "Min" | "Max";
const binary = (op: BinaryOperator) => (g: Builder, a: Value, b: Value) =>
  g.node({ op, inputs: [a, b] }, a.type, broadcast(a, b));

export const plus = binary("Add");
export const minus = binary("Sub");
export const times = binary("Mul");
export const over = binary("Div");
export const minimum = binary("Min");
export const maximum = binary("Max");

type UnaryOperator = "Erf" | "Exp" | "Relu" | "Sigmoid" | "Softplus" | "Sqrt" | "Tanh";
const unary = (op: UnaryOperator) => (g: Builder, x: Value) => g.node({ op, inputs: [x] }, "float32", x.shape);

export const erf = unary("Erf");
export const exponential = unary("Exp");
export const rectified = unary("Relu");
export const logistic = unary("Sigmoid");
export const softplus = unary("Softplus");
export const root = unary("Sqrt");
export const hyperbolicTangent = unary("Tanh");

/** Softmax over the last dimension. */
export function normalisedExponential(g: Builder, x: Value): Value {
  return g.node({ op: "Softmax", inputs: [x], attributes: { axis: int(-1) } }, "float32", x.shape);
}

export interface ProductOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

/** `alpha · a · b + beta · c` of matrices; c, if any, is a row or a whole matrix. */
export function gemm(
  g: Builder,
  [a, b, c]: readonly [Value, Value, Value?],
  { transA = false, transB = false, alpha = 1, beta = 1 }: ProductOptions & { readonly beta?: number } = {},
): Value {
  const [rows, inner] = transA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const [other, columns] = transB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
  requireEqual("gemm", inner, other, a, b);
  if (c !== undefined) requireEqual("gemm", c.shape.at(-1)!, columns, b, c);
  const attributes = { transA: flag(transA), transB: flag(transB), alpha: float(alpha), beta: float(beta) };
  const inputs = c === undefined ? [a, b] : [a, b, c];
  return g.node({ op: "Gemm", inputs, attributes }, "float32", [rows, columns]);
}

/** `alpha · a · b` of stacks of matrices: the last two dimensions are the matrices', the others are equal. */
export function product(
  g: Builder,
  a: Value,
  b: Value,
  { transA = false, transB = false, alpha = 1 }: ProductOptions = {},
): Value {
  const stack = a.shape.slice(0, -2);
  if (stack.join() !== b.shape.slice(0, -2).join()) requireEqual("product", stack.join(), "other stacks", a, b);
  const [rows, inner] = transA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const [other, columns] = transB ? [b.shape.at(-1)!, b.shape.at(-2)!] : [b.shape.at(-2)!, b.shape.at(-1)!];
  requireEqual("product", inner, other, a, b);
  const attributes = { transA: flag(transA), transB: flag(transB), alpha: float(alpha) };
  const spec = { op: "FusedMatMul", domain: "com.microsoft", inputs: [a, b], attributes } as const;
  return g.node(spec, "float32", [...stack, rows, columns]);
}

function requireEqual(what: string, left: Dimension, right: Dimension, a: Value, b: Value) {
  if (left === right) return;
  throw new RangeError(`${what}: shapes [${a.shape.join()}] and [${b.shape.join()}] do not fit`);
}

/** Sum over `axes`, which stay with size 1 or go. */
export function reduceSum(g: Builder, x: Value, axes: readonly number[], keep: "keep" | "drop"): Value {
  const gone = new Set(axes.map((it) => (it < 0 ? it + x.shape.length : it)));
  const kept = x.shape.map((it, position): Dimension => (gone.has(position) ? 1 : it));
  const shape = keep === "keep" ? kept : x.shape.filter((_, position) => !gone.has(position));
  const attributes = { keepdims: flag(keep === "keep") };
  return g.node({ op: "ReduceSum", inputs: [x, g.integers(axes)], attributes }, "float32", shape);
}

/** Sum of all squares: [1]. */
export function sumOfSquares(g: Builder, x: Value): Value {
  const axes = g.integers(x.shape.map((_, position) => position));
  const sum = g.node(
    { op: "ReduceSumSquare", inputs: [x, axes], attributes: { keepdims: flag(false) } },
    "float32",
    [],
  );
  return reshape(g, sum, g.integers([1]), [1]);
}

/** `gradient` where x is above zero, and 0 elsewhere. */
export function wherePositive(g: Builder, x: Value, gradient: Value): Value {
  const zero = g.scalar(0);
  const positive = g.node({ op: "Greater", inputs: [x, zero] }, "bool", x.shape);
  return g.node({ op: "Where", inputs: [positive, gradient, zero] }, "float32", x.shape);
}

export interface Normalised {
  readonly output: Value;
  /** Mean of each row, and one over its standard deviation: [..., 1]. */
  readonly mean: Value;
  readonly inverse: Value;
}

/** Each row with mean 0 and variance 1 (less `epsilon`), times `scale`, plus `shift`. */
export function normalise(g: Builder, x: Value, scale: Value, shift: Value, epsilon: number): Normalised {
  const attributes = { axis: int(-1), epsilon: float(epsilon) };
  const statistic = [...x.shape.slice(0, -1), 1];
  const spec = { op: "LayerNormalization", inputs: [x, scale, shift], attributes };
  const [output, mean, inverse] = g.nodes(spec, [x.shape, statistic, statistic]);
  return { output: output!, mean: mean!, inverse: inverse! };
}

export function transpose(g: Builder, x: Value, order: readonly number[]): Value {
  const shape = order.map((it) => x.shape[it]!);
  return g.node(
    { op: "Transpose", inputs: [x], attributes: { perm: { kind: "ints", value: order } } },
    "float32",
    shape,
  );
}

/** The sizes of x as int64 [rank]. */
export function sizesOf(g: Builder, x: Value): Value {
  return g.node({ op: "Shape", inputs: [x] }, "int64", [x.shape.length]);
}

/** `sizes` is int64; one of them may be -1: what is left over. `shape` is what comes out. */
export function reshape(g: Builder, x: Value, sizes: Value, shape: readonly Dimension[]): Value {
  return g.node({ op: "Reshape", inputs: [x, sizes] }, x.type, shape);
}

/** x repeated to the sizes in `sizes`, as broadcasting repeats. */
export function expand(g: Builder, x: Value, sizes: Value, shape: readonly Dimension[]): Value {
  return g.node({ op: "Expand", inputs: [x, sizes] }, x.type, shape);
}

/** x with dimensions of size 1 that stand at `axes` of the result. */
export function unsqueeze(g: Builder, x: Value, axes: readonly number[]): Value {
  const rest = [...x.shape];
  const shape = Array.from({ length: rest.length + axes.length }, (_, at) => (axes.includes(at) ? 1 : rest.shift()!));
  return g.node({ op: "Unsqueeze", inputs: [x, g.integers(axes)] }, x.type, shape);
}

export function concat(g: Builder, parts: readonly Value[], axis: number, size: Dimension): Value {
  const shape = parts[0]!.shape.map((it, position) => (position === axis ? size : it));
  return g.node({ op: "Concat", inputs: parts, attributes: { axis: int(axis) } }, parts[0]!.type, shape);
}

export interface SliceRange {
  /** int64 [1]; the end is exclusive. */
  readonly from: Value;
  readonly to: Value;
  readonly axis: number;
  readonly size: Dimension;
}

export function slice(g: Builder, x: Value, { from, to, axis, size }: SliceRange): Value {
  const shape = x.shape.map((it, position) => (position === axis ? size : it));
  return g.node({ op: "Slice", inputs: [x, from, to, g.integers([axis])] }, x.type, shape);
}

/** Rows of `table` by number: [...indices, width]. */
export function gather(g: Builder, table: Value, indices: Value): Value {
  const shape = [...indices.shape, ...table.shape.slice(1)];
  return g.node({ op: "Gather", inputs: [table, indices], attributes: { axis: int(0) } }, table.type, shape);
}

/** `table` with each of `updates` [n, width] added to the row that `indices` [n] int32 names; repeated rows add up. */
export function scatterAdd(g: Builder, table: Value, indices: Value, updates: Value): Value {
  const column = unsqueeze(g, indices, [1]);
  const wide = g.node({ op: "Cast", inputs: [column], attributes: { to: int(7) } }, "int64", column.shape);
  const attributes: Record<string, Attribute> = { reduction: { kind: "string", value: "add" } };
  return g.node({ op: "ScatterND", inputs: [table, wide, updates], attributes }, "float32", table.shape);
}

/** int64 as float32. */
export function toFloat(g: Builder, x: Value): Value {
  return g.node({ op: "Cast", inputs: [x], attributes: { to: int(1) } }, "float32", x.shape);
}
