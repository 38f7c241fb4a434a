// How long the encoder takes for a batch: a step of fine-tuning on the real training graph, or an embedding.
import { openEngine } from "../../../trainer/src/encoder/engines/choose.ts";
import type { Engine, EngineName, HostTensor } from "../../../trainer/src/encoder/engines/engine.ts";
import { bake, buildEncoder } from "../../../trainer/src/encoder/graph/bert.ts";
import { quantizeEncoder } from "../../../trainer/src/encoder/graph/quantize.ts";
import type { EncoderShape, EncoderWeights } from "../../../trainer/src/encoder/source/pretrained.ts";
import { readEncoderFolder } from "../../../trainer/src/encoder/source/read-encoder.ts";
import { newTrial } from "../../../trainer/src/fine-tune/trial.ts";

export interface SpeedOptions {
  /** A folder in the layout of Hugging Face. */
  readonly encoder: string;
  readonly what: "step" | "encode" | "encode-int8";
  readonly engine: EngineName;
  readonly documents: number;
  /** Word pieces of each, none of them padding. */
  readonly length: number;
  /** Labels that a step tells apart. */
  readonly slots: number;
  readonly threads: number;
  readonly count: number;
}

/** Milliseconds of `count` batches, after one that is not counted, and what ran them. */
export async function timeEncoder(options: SpeedOptions) {
  const { shape, weights } = await readEncoderFolder(options.encoder);
  const engine = await openEngine(options.engine, options.threads);
  const runOnce = await (options.what === "step" ? step : encode)(engine, shape, weights, options);
  const milliseconds: number[] = [];
  for (let i = 0; i <= options.count; i++) {
    const start = performance.now();
    await runOnce();
    if (i > 0) milliseconds.push(performance.now() - start);
  }
  await engine.dispose();
  return { milliseconds, ran: engine.description };
}

async function step(engine: Engine, shape: EncoderShape, weights: EncoderWeights, size: SpeedOptions) {
  const trial = newTrial(shape, weights, { loss: "squared-hinge", clip: 1 }, size);
  const program = await engine.load(trial.graph, trial.state);
  return () => program.run(trial.feeds);
}

async function encode(engine: Engine, shape: EncoderShape, weights: EncoderWeights, size: SpeedOptions) {
  const { documents, length, what } = size;
  const baked = bake(buildEncoder(shape), weights);
  const program = await engine.load(what === "encode" ? baked : quantizeEncoder(baked), new Map());
  const dims = [documents, length];
  const tensor = (valueAt: (i: number) => bigint): HostTensor => ({
    type: "int64",
    shape: dims,
    data: BigInt64Array.from({ length: documents * length }, (_, i) => valueAt(i)),
  });
  const ids = tensor((i) => BigInt((i * 7) % Math.min(600, shape.vocabulary)));
  const feeds = new Map([
    ["input_ids", ids],
    ["attention_mask", tensor(() => 1n)],
  ]);
  return () => program.run(feeds);
}
