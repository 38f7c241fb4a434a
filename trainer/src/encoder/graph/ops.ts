// Operations that can be differentiated, each with its rule beside it. Rows of tokens are flat, [tokens, width], so that
// every product with a weight is one Gemm that adds the bias in passing.
import type { Builder, InputGradient } from "./builder.ts";
import type { Dimension, Value } from "./graph.ts";
import {
  expand,
  gather,
  gemm,
  hyperbolicTangent,
  minus,
  normalise,
  plus,
  product,
  reduceSum,
  reshape,
  scatterAdd,
  sizesOf,
  times,
  transpose,
} from "./operators.ts";

/** A value that several gradients share, computed with the first that asks. */
export function shared(make: () => Value): InputGradient {
  let value: Value | undefined;
  return () => {
    value ??= make();
    return value;
  };
}

/** The sum of `gradient` over what broadcasting repeated, so that it has the shape of `value`. */
function sumTo(g: Builder, gradient: Value, value: Value): Value {
  const extra = gradient.shape.length - value.shape.length;
  const leading = Array.from({ length: extra }, (_, axis) => axis);
  const dropped = extra === 0 ? gradient : reduceSum(g, gradient, leading, "drop");
  const repeated = value.shape.flatMap((it, axis) => (it === 1 && dropped.shape[axis] !== 1 ? [axis] : []));
  return repeated.length === 0 ? dropped : reduceSum(g, dropped, repeated, "keep");
}

export function add(g: Builder, a: Value, b: Value): Value {
  const output = plus(g, a, b);
  g.record({ inputs: [a, b], output, rule: (it) => [() => sumTo(g, it, a), () => sumTo(g, it, b)] });
  return output;
}

export function multiply(g: Builder, a: Value, b: Value): Value {
  const output = times(g, a, b);
  g.record({
    inputs: [a, b],
    output,
    rule: (it) => [() => sumTo(g, times(g, it, b), a), () => sumTo(g, times(g, it, a), b)],
  });
  return output;
}

export function tanh(g: Builder, x: Value): Value {
  const output = hyperbolicTangent(g, x);
  const slope = () => minus(g, g.scalar(1), times(g, output, output));
  g.record({ inputs: [x], output, rule: (it) => [() => times(g, it, slope())] });
  return output;
}

export interface LinearScale {
  /** Factor of the product, 1 without. */
  readonly product?: number;
  /** Factor of the bias, 1 without. */
  readonly bias?: number;
}

/** `x · weight + bias`; x [rows, inputs], weight [inputs, outputs], bias [outputs]. Factors cost nothing here. */
export function linear(g: Builder, x: Value, weight: Value, bias: Value, scale: LinearScale = {}): Value {
  const { product: alpha = 1, bias: beta = 1 } = scale;
  const output = gemm(g, [x, weight, bias], { alpha, beta });
  g.record({
    inputs: [x, weight, bias],
    output,
    rule: (it) => [
      () => gemm(g, [it, weight], { transB: true, alpha }),
      () => gemm(g, [x, it], { transA: true, alpha }),
      () => scaled(g, reduceSum(g, it, [0], "drop"), beta),
    ],
  });
  return output;
}

function scaled(g: Builder, x: Value, factor: number): Value {
  return factor === 1 ? x : times(g, x, g.scalar(factor));
}

/** `x · tableᵀ + bias`: how much each row of x agrees with each row of the table. */
export function scores(g: Builder, x: Value, table: Value, bias: Value): Value {
  const output = gemm(g, [x, table, bias], { transB: true });
  g.record({
    inputs: [x, table, bias],
    output,
    rule: (it) => [
      () => gemm(g, [it, table]),
      () => gemm(g, [it, x], { transA: true }),
      () => reduceSum(g, it, [0], "drop"),
    ],
  });
  return output;
}

/**
 * Layer normalisation of x [rows, width]. With centred x, c, and inverse deviation, i, the gradient is
 * i·scale·dy − i·mean(scale·dy) − c·i³·mean(scale·dy·c); means over a row are products with the vector scale / width.
 */
export function layerNorm(g: Builder, x: Value, scale: Value, shift: Value, epsilon: number): Value {
  const { output, mean, inverse } = normalise(g, x, scale, shift, epsilon);
  const width = x.shape.at(-1);
  if (typeof width !== "number") throw new RangeError(`layerNorm: the width "${width}" must be a number`);
  g.record({
    inputs: [x, scale, shift],
    output,
    rule: (it) => {
      const centred = shared(() => minus(g, x, mean));
      const weighted = shared(() => times(g, it, centred()));
      return [
        () => {
          const column = reshape(g, scale, g.integers([width, 1]), [width, 1]);
          const meanOfGradient = gemm(g, [it, column], { alpha: 1 / width });
          const meanOfWeighted = gemm(g, [weighted(), column], { alpha: 1 / width });
          const ofCentred = times(g, times(g, inverse, inverse), meanOfWeighted);
          const direct = minus(g, times(g, it, scale), plus(g, times(g, centred(), ofCentred), meanOfGradient));
          return times(g, direct, inverse);
        },
        () => reshape(g, gemm(g, [inverse, weighted()], { transA: true }), g.integers([width]), [width]),
        () => reduceSum(g, it, [0], "drop"),
      ];
    },
  });
  return output;
}

/** Rows of `table` [rows, width] by `indices` of any shape. */
export function lookUp(g: Builder, table: Value, indices: Value): Value {
  const output = gather(g, table, indices);
  const width = table.shape[1]!;
  g.record({
    inputs: [table],
    output,
    rule: (it) => [
      () => {
        const zeros = expand(g, g.scalar(0), sizesOf(g, table), table.shape);
        const flat = reshape(g, indices, g.integers([-1]), ["rows"]);
        return scatterAdd(g, zeros, flat, reshape(g, it, g.integers([-1, Number(width)]), ["rows", width]));
      },
    ],
  });
  return output;
}

/** x with other sizes, given as numbers, one of which may be -1 (what is left over), or as int64. */
export function arrange(g: Builder, x: Value, sizes: readonly number[] | Value, shape: readonly Dimension[]): Value {
  const output = reshape(g, x, "name" in sizes ? sizes : g.integers(sizes), shape);
  g.record({ inputs: [x], output, rule: (it) => [() => reshape(g, it, sizesOf(g, x), x.shape)] });
  return output;
}

/** x with its dimensions in another order. */
export function permute(g: Builder, x: Value, order: readonly number[]): Value {
  const output = transpose(g, x, order);
  const back = order.map((_, axis) => order.indexOf(axis));
  g.record({ inputs: [x], output, rule: (it) => [() => transpose(g, it, back)] });
  return output;
}

/** Sum of the rows x [batch, length, width] of each batch, weighted by `weights` [batch, 1, length]: [batch, 1, width]. */
export function weightedRows(g: Builder, weights: Value, x: Value): Value {
  const output = product(g, weights, x);
  g.record({ inputs: [x], output, rule: (it) => [() => product(g, weights, it, { transA: true })] });
  return output;
}
