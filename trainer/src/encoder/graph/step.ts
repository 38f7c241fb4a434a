// One step of fine-tuning as a graph: forward, loss, gradients, clipping and AdamW. The weights of the body and their
// moments are state and stay where the engine runs. The word, position and head tables belong to the host, which feeds
// the rows that a batch touches and takes back their next values; rows that do not occur do not move (as SparseAdam).
import type { EncoderShape } from "../source/pretrained.ts";
import { adamW, clipFactor, globalNorm, type StepSize } from "./adamw.ts";
import { type Builder, createBuilder } from "./builder.ts";
import { bodyShapes, forward } from "./forward.ts";
import { gradientsOf } from "./gradients.ts";
import type { Dimension, Graph, Value } from "./graph.ts";
import { type LossName, losses } from "./losses.ts";
import { minus, times } from "./operators.ts";
import { multiply, scores } from "./ops.ts";

export interface StepOptions {
  readonly loss: LossName;
  /** Largest norm of the gradient of the encoder, and of the head, before they are scaled down. */
  readonly clip: number;
  /**
   * What a layer learns at, as a share of the rate of the layer above it; the tables come below the lowest layer. Default 1.
   * Source: discriminative fine-tuning, Howard and Ruder, ACL 2018.
   */
  readonly layerDecay?: number;
  /** Where false, the rows of the word table are fed and never change: no moments, no next values. */
  readonly trainWords?: boolean;
}

/**
 * Gradients are computed so many times as large, that the small ones are not lost where an engine multiplies in 16 bits; a
 * power of two changes no other bit. Source: loss scaling, Micikevicius et al., ICLR 2018.
 */
const gradientScale = 2 ** 12;

/** Names of the moments that belong to a weight, and of its next value. */
const moments = (name: string) => ({ first: `${name}.first`, second: `${name}.second` }) as const;

interface Differentiated {
  readonly g: Builder;
  readonly loss: Value;
  /** Of the batch, before dropout. */
  readonly embedding: Value;
  readonly body: ReadonlyMap<string, Value>;
  /** Tables of the encoder, then of the head, by the name their moments begin with. */
  readonly encoderTables: ReadonlyMap<string, Value>;
  readonly headTables: ReadonlyMap<string, Value>;
  /** By the name of the value in the graph, times the scale that was asked for. */
  readonly gradients: ReadonlyMap<string, Value>;
}

/**
 * Feeds   ids int32 [batch, length], numbers of rows of words.rows; mask [batch, length], 1 or 0; words.rows [words, H],
 *         positions.rows [length, H], head.rows [slots, H], head.bias [slots], each with moments: words.first ...,
 *         positions.first ..., head.first ..., head.bias.first, head.bias.second; sign and cost [batch, slots];
 *         dropout [batch, H], factors of the embedding; rate, headRate (learning rate / (1 − β₁ᵗ)), secondScale
 *         (1 / √(1 − β₂ᵗ)), decay (learning rate · weight decay), each [1].
 * State   every weight of the body with its moments, `<name>`, `<name>.first`, `<name>.second`; moments begin at 0.
 * Results loss, norm.encoder, norm.head, each [1]; embedding [batch, H] before the step; `<feed>.next` of every table row and moment that was fed.
 */
export function buildStep(shape: EncoderShape, options: StepOptions): Graph {
  const { g, loss, embedding, body, encoderTables, headTables, gradients } = differentiate(
    shape,
    options,
    gradientScale,
  );
  const gradient = (value: Value) => gradients.get(value.name)!;
  const norm = (of: Iterable<Value>) => times(g, globalNorm(g, [...of].map(gradient)), g.scalar(1 / gradientScale));
  const norms = { encoder: norm([...body.values(), ...encoderTables.values()]), head: norm(headTables.values()) };
  const clipOf = (it: Value) => times(g, clipFactor(g, it, options.clip), g.scalar(1 / gradientScale));
  const scalar = (name: string) => g.input(name, "float32", [1]);
  const secondScale = scalar("secondScale");
  const clip = clipOf(norms.encoder);
  const [rate, decay] = [scalar("rate"), scalar("decay")];
  /** For the weights that have `above` layers between them and the embedding. */
  const steps = Array.from({ length: shape.layers + 1 }, (_, above) => {
    const share = g.scalar((options.layerDecay ?? 1) ** above);
    const size: StepSize = { clip, rate: times(g, rate, share), secondScale };
    return { size, kept: minus(g, g.scalar(1), times(g, decay, share)) };
  });
  const stepOf = (name: string) => steps[layersAbove(name, shape.layers)]!;
  const headStep: StepSize = { clip: clipOf(norms.head), rate: scalar("headRate"), secondScale };

  const next = new Map<string, Value>();
  for (const [name, weight] of body) {
    const { first, second } = moments(name);
    const parameter = {
      weight,
      gradient: gradient(weight),
      first: g.state(first, weight.shape),
      second: g.state(second, weight.shape),
    };
    const { size, kept } = stepOf(name);
    const updated = adamW(g, parameter, size, name.endsWith(".weight") ? kept : undefined);
    next.set(name, updated.weight).set(first, updated.first).set(second, updated.second);
  }
  const results = new Map([
    ["loss", loss],
    ["embedding", embedding],
    ["norm.encoder", norms.encoder],
    ["norm.head", norms.head],
  ]);
  const tables = [
    ...[...encoderTables].map((it) => [...it, stepOf(it[0]).size] as const),
    ...[...headTables].map((it) => [...it, headStep] as const),
  ];
  for (const [name, weight, step] of tables) {
    const { first, second } = moments(name);
    const parameter = {
      weight,
      gradient: gradient(weight),
      first: g.input(first, "float32", weight.shape),
      second: g.input(second, "float32", weight.shape),
    };
    const updated = adamW(g, parameter, step);
    results
      .set(`${weight.name}.next`, updated.weight)
      .set(`${first}.next`, updated.first)
      .set(`${second}.next`, updated.second);
  }
  return g.finish("step", results, next);
}

/** Layers between a weight and the embedding; a weight of no layer is below all of them, but for the pooler. */
function layersAbove(name: string, layers: number): number {
  if (name.startsWith("pooler.")) return 0;
  const layer = /^layer\.(\d+)\./u.exec(name)?.[1];
  return layer === undefined ? layers : layers - 1 - Number(layer);
}

/** As `buildStep`, without optimiser: feeds without moments and rates, state that stays, `gradient.<name>` as results. */
export function buildGradients(shape: EncoderShape, options: Omit<StepOptions, "clip" | "layerDecay">): Graph {
  const { g, loss, body, encoderTables, headTables, gradients } = differentiate(shape, options);
  const weights = [...body.values(), ...encoderTables.values(), ...headTables.values()];
  const named = weights.map(({ name }) => [`gradient.${name}`, gradients.get(name)!] as const);
  return g.finish("gradients", new Map([["loss", loss], ...named]));
}

function differentiate(
  shape: EncoderShape,
  { loss: lossName, trainWords = true }: Omit<StepOptions, "clip" | "layerDecay">,
  scale = 1,
): Differentiated {
  const g = createBuilder();
  const { hidden } = shape;
  const table = (name: string, dimensions: readonly Dimension[]) => g.input(name, "float32", dimensions);
  const ids = g.input("ids", "int32", ["batch", "length"]);
  const mask = g.input("mask", "float32", ["batch", "length"]);
  const words = table("words.rows", ["words", hidden]);
  const positions = table("positions.rows", ["length", hidden]);
  const head = table("head.rows", ["slots", hidden]);
  const headBias = table("head.bias", ["slots"]);
  const body = new Map([...bodyShapes(shape)].map(([name, it]) => [name, g.state(name, it)]));

  const embedding = forward(g, shape, { ids, mask, words, positions, body, purpose: "training" });
  const kept = multiply(g, embedding, g.input("dropout", "float32", ["batch", hidden]));
  const sign = g.input("sign", "float32", ["batch", "slots"]);
  const cost = g.input("cost", "float32", ["batch", "slots"]);
  const loss = losses[lossName](g, scores(g, kept, head, headBias), sign, cost);

  const encoderTables = new Map(
    trainWords
      ? [
          ["words", words],
          ["positions", positions],
        ]
      : [["positions", positions]],
  );
  const headTables = new Map([
    ["head", head],
    ["head.bias", headBias],
  ]);
  const wanted = [...body.values(), ...encoderTables.values(), ...headTables.values()];
  return {
    g,
    loss,
    embedding,
    body,
    encoderTables,
    headTables,
    gradients: gradientsOf(g, loss, wanted, scale),
  };
}
