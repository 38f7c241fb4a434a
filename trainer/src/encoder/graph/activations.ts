// Activations of the feed-forward layer. Each pass over [tokens, intermediate] counts, so constant factors are moved out
// of the function into the products before (`before`) and after it (`after`).
import type { Builder } from "./builder.ts";
import type { Value } from "./graph.ts";
import {
  erf,
  exponential,
  hyperbolicTangent,
  minus,
  over,
  plus,
  rectified,
  times,
  wherePositive,
} from "./operators.ts";

interface Activation {
  readonly before: number;
  readonly after: number;
  readonly apply: (g: Builder, x: Value) => Value;
}

/** gelu(√2·u) = √½ · u·(1 + erf u); the slope of u·(1 + erf u) is 1 + erf u + 2/√π · u / exp u². */
const gelu: Activation = {
  before: Math.SQRT1_2,
  after: Math.SQRT1_2,
  apply(g, u) {
    const onePlus = plus(g, erf(g, u), g.scalar(1));
    const output = times(g, u, onePlus);
    const bell = () => times(g, over(g, u, exponential(g, times(g, u, u))), g.scalar(2 / Math.sqrt(Math.PI)));
    g.record({ inputs: [u], output, rule: (it) => [() => times(g, it, plus(g, onePlus, bell()))] });
    return output;
  },
};

/** gelu as the textbook writes it, which onnxruntime replaces by one operator of its own: one pass in place of five. */
const wholeGelu: Activation = {
  before: 1,
  after: 1,
  apply(g, x) {
    const onePlus = plus(g, erf(g, over(g, x, g.scalar(Math.SQRT2))), g.scalar(1));
    return times(g, times(g, x, onePlus), g.scalar(0.5));
  },
};

/** ½ · x·(1 + tanh(c·x + d·x³)) with c = √(2/π), d = 0.044715·c, as Google's BERT wrote it. */
const geluTanh: Activation = {
  before: 1,
  after: 0.5,
  apply(g, x) {
    const slope = Math.sqrt(2 / Math.PI);
    const cubic = 0.044715 * slope;
    const square = times(g, x, x);
    const inner = times(g, x, plus(g, times(g, square, g.scalar(cubic)), g.scalar(slope)));
    const curve = hyperbolicTangent(g, inner);
    const onePlus = plus(g, curve, g.scalar(1));
    const output = times(g, x, onePlus);
    const derivative = () => {
      const innerSlope = plus(g, times(g, square, g.scalar(3 * cubic)), g.scalar(slope));
      const curveSlope = times(g, onePlus, minus(g, g.scalar(1), curve));
      return plus(g, onePlus, times(g, x, times(g, curveSlope, innerSlope)));
    };
    g.record({ inputs: [x], output, rule: (it) => [() => times(g, it, derivative())] });
    return output;
  },
};

const relu: Activation = {
  before: 1,
  after: 1,
  apply(g, x) {
    const output = rectified(g, x);
    g.record({ inputs: [x], output, rule: (it) => [() => wherePositive(g, x, it)] });
    return output;
  },
};

/** With gradients. */
export const activations = { gelu, gelu_tanh: geluTanh, relu } as const;

/** Without, and faster. */
export const inferenceActivations = { ...activations, gelu: wholeGelu } as const;
