// A small step of the real training graph, with the real weights: what engines are compared by, and what the time of a
// run is told from.
import type { EngineTrial } from "../encoder/engines/choose.ts";
import type { HostTensor } from "../encoder/engines/engine.ts";
import type { EncoderShape, EncoderWeights } from "../encoder/source/pretrained.ts";
import { newRandom } from "../random.ts";
import { type StepGraphOptions, stepGraph } from "./tuned-encoder.ts";

export interface TrialSize {
  readonly documents: number;
  /** Word pieces of each. */
  readonly length: number;
  /** Nodes they are told apart from. */
  readonly slots: number;
}

export const trialSize: TrialSize = { documents: 8, length: 64, slots: 64 };

/** Of the encoder, and of the head: one step moves the embeddings of a MiniLM by two thirds of their length. */
const learningRate = 1e-4;

/** Texts of several lengths, and the first step of AdamW; one loss takes as long as the other. Every engine gives the same results from the same trial. */
export function newTrial(
  shape: EncoderShape,
  weights: EncoderWeights,
  { clip, lowestShare }: Omit<StepGraphOptions, "loss">,
  { documents, slots, length: wanted }: TrialSize = trialSize,
): EngineTrial {
  const length = Math.min(wanted, shape.positions - shape.firstPosition);
  const { hidden } = shape;
  const random = newRandom(1);
  const noise = (size: number) => Float32Array.from({ length: size }, () => (random() - 0.5) / 10);
  const float = (dims: readonly number[], data?: Float32Array): HostTensor => ({
    type: "float32",
    shape: dims,
    data: data ?? new Float32Array(dims.reduce((a, b) => a * b, 1)),
  });
  const ids = Int32Array.from({ length: documents * length }, (_, i) => i % length);
  const mask = Float32Array.from(ids, (_, i) => {
    const pieces = length * (1 - Math.floor(i / length) / (2 * documents));
    return i % length < pieces ? 1 : 0;
  });
  const sign = Float32Array.from({ length: documents * slots }, (_, i) => (i % 7 === 0 ? 1 : -1));
  const cost = new Float32Array(documents * slots).fill(1 / (documents * slots));
  const feeds = new Map<string, HostTensor>([
    ["ids", { type: "int32", shape: [documents, length], data: ids }],
    ["mask", float([documents, length], mask)],
    ["sign", float([documents, slots], sign)],
    ["cost", float([documents, slots], cost)],
    ["dropout", float([documents, hidden], new Float32Array(documents * hidden).fill(1))],
    ["head.rows", float([slots, hidden], noise(slots * hidden))],
    ["head.bias", float([slots])],
    ["head.bias.first", float([slots])],
    ["head.bias.second", float([slots])],
    ["rate", float([1], Float32Array.of(learningRate / (1 - 0.9)))],
    ["headRate", float([1], Float32Array.of(learningRate / (1 - 0.9)))],
    ["secondScale", float([1], Float32Array.of(1 / Math.sqrt(1 - 0.999)))],
    ["decay", float([1])],
  ]);
  for (const name of ["words", "positions"]) feeds.set(`${name}.rows`, float([length, hidden], noise(length * hidden)));
  for (const [name, rows] of [
    ["words", length],
    ["positions", length],
    ["head", slots],
  ] as const)
    for (const moment of ["first", "second"]) feeds.set(`${name}.${moment}`, float([rows, hidden]));
  return { ...stepGraph(shape, weights, { loss: "squared-hinge", clip, lowestShare }), feeds };
}
