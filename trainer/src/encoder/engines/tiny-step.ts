// A training step and an inference of a transformer with a few thousand weights, for tests and for trying an engine out.
import { buildEncoder } from "../graph/bert.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { buildStep } from "../graph/step.ts";
import type { EncoderShape } from "../source/pretrained.ts";
import type { HostTensor, Tensors } from "./engine.ts";
import { elementCount } from "./tensors.ts";

export interface TinyStep {
  readonly graph: Graph;
  readonly state: Tensors;
  /** The feeds of one step; the length changes from step to step. */
  feeds(step: number): Tensors;
  /** Takes over the next values of the tables that the host keeps. */
  take(results: Tensors): void;
}

const shape: EncoderShape = {
  family: "bert",
  layers: 2,
  hidden: 8,
  heads: 2,
  intermediate: 16,
  vocabulary: 11,
  positions: 8,
  firstPosition: 0,
  epsilon: 1e-12,
  activation: "gelu",
  pooling: "mean",
};
const words = 11;
const slots = 5;

/** Other sizes than the usual ones; `length` is that of every step. */
export interface TinyStepSizes extends Partial<EncoderShape> {
  readonly batch?: number;
  readonly length?: number;
}

/** The same numbers each time. */
export function newTinyStep(sizes: TinyStepSizes = {}): TinyStep {
  const { batch = 2, length: fixed, ...others } = sizes;
  const graph = buildStep({ ...shape, ...others }, { loss: "squared-hinge", clip: 1 });
  const names = new Set(graph.state.map((it) => it.input));
  const tables = new Map<string, HostTensor>();
  const [states, feeds] = [
    graph.inputs.filter((it) => names.has(it.name)),
    graph.inputs.filter((it) => !names.has(it.name)),
  ];
  const initial = (value: Value, sizes: readonly number[]) => filled(sizes, initialValue(value.name));
  return {
    graph,
    state: new Map(states.map((it) => [it.name, initial(it, it.shape as number[])])),
    feeds: (step) => {
      const length = fixed ?? 3 + 2 * (step % 2);
      const symbols: Record<string, number> = { batch, length, words, slots };
      return new Map(
        feeds.map((value) => {
          const sizes = value.shape.map((it) => (typeof it === "string" ? symbols[it]! : it));
          const kept = tables.get(value.name);
          return [value.name, kept ?? feed(value, sizes, step) ?? initial(value, sizes)];
        }),
      );
    },
    take: (results) => {
      for (const { name, shape: dimensions } of feeds) {
        const next = results.get(`${name}.next`);
        if (next !== undefined && !dimensions.includes("length")) tables.set(name, next);
      }
    },
  };
}

/** The inference graph of the same encoder with its weights, and a batch of three texts, the second of two pieces. */
export function newTinyEncoding(
  family: EncoderShape["family"],
  pooling: EncoderShape["pooling"],
): { readonly graph: Graph; readonly state: Tensors; readonly feeds: Tensors } {
  const graph = buildEncoder({ ...shape, family, pooling });
  const names = new Set(graph.state.map((it) => it.input));
  const states = graph.inputs.filter((it) => names.has(it.name));
  const length = 6;
  const dimensions = [3, length];
  const ids = BigInt64Array.from({ length: 3 * length }, (_, i) => BigInt((5 * i + 2) % words));
  const mask = BigInt64Array.from(ids, (_, i) => (Math.floor(i / length) === 1 && i % length >= 2 ? 0n : 1n));
  return {
    graph,
    state: new Map(states.map((it) => [it.name, filled(it.shape as number[], initialValue(it.name))])),
    feeds: new Map<string, HostTensor>([
      ["input_ids", { type: "int64", shape: dimensions, data: ids }],
      ["attention_mask", { type: "int64", shape: dimensions, data: mask }],
    ]),
  };
}

/** Moments begin at 0, scales of norms near 1, everything else near 0. */
function initialValue(name: string): (i: number) => number {
  if (/\.(?:first|second)$/u.test(name)) return () => 0;
  const salt = [...name].reduce((sum, it) => (sum * 31 + it.charCodeAt(0)) % 997, 7);
  const wave = (i: number) => Math.round(1000 * Math.sin(salt + 1.7 * i * (1 + (salt % 5)))) / 1000;
  return name.endsWith("scale") ? (i) => 1 + wave(i) / 10 : (i) => wave(i) / 2;
}

/** What the host computes for each batch; undefined for tables. */
function feed({ name, type }: Value, sizes: readonly number[], step: number): HostTensor | undefined {
  const rate = 0.01;
  const scalars: Record<string, number> = {
    rate: rate / (1 - 0.9 ** (step + 1)),
    headRate: rate / (1 - 0.9 ** (step + 1)),
    secondScale: 1 / Math.sqrt(1 - 0.999 ** (step + 1)),
    decay: rate / 100,
  };
  const scalar = scalars[name];
  if (scalar !== undefined) return filled(sizes, () => scalar);
  if (type === "int32") {
    const ids = Int32Array.from({ length: elementCount(sizes) }, (_, i) => (3 * i + 5 * step) % words);
    return { type, shape: sizes, data: ids };
  }
  const [, length = 1] = sizes;
  const perBatch: Record<string, (i: number) => number> = {
    // The second document is the shortest: two pieces.
    mask: (i) => (Math.floor(i / length) === 1 && i % length >= 2 ? 0 : 1),
    sign: (i) => (i % slots < 2 ? 1 : -1),
    cost: (i) => ((i + step) % 4) / 8,
    dropout: (i) => ((i + step) % 10 === 0 ? 0 : 10 / 9),
  };
  const value = perBatch[name];
  return value === undefined ? undefined : filled(sizes, value);
}

function filled(shape: readonly number[], value: (i: number) => number): HostTensor {
  return { type: "float32", shape, data: Float32Array.from({ length: elementCount(shape) }, (_, i) => value(i)) };
}
