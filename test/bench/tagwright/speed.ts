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
  const run = await (options.what === "step" ? step : encode)(engine, shape, weights, options);
  const milliseconds: number[] = [];
  for (let i = 0; i <= options.count; i++) {
    const start = performance.now();
    await run(options.length);
    if (i > 0) milliseconds.push(performance.now() - start);
  }
  await engine.dispose();
  return { milliseconds, ran: engine.description };
}

type Size = Omit<SpeedOptions, "length">;

/** Runs one step on texts of so many pieces. */
export async function step(engine: Engine, shape: EncoderShape, weights: EncoderWeights, size: Size) {
  const trialOf = (length: number) => newTrial(shape, weights, { clip: 1, lowestShare: 0.12 }, { ...size, length });
  const { graph, state } = trialOf(1);
  const program = await engine.load(graph, state);
  const feeds = kept((length) => trialOf(length).feeds);
  return (length: number) => program.run(feeds(length));
}

/** Embeds texts of so many pieces. */
export async function encode(engine: Engine, shape: EncoderShape, weights: EncoderWeights, size: Size) {
  const { documents, what } = size;
  const baked = bake(buildEncoder(shape), weights);
  const program = await engine.load(what === "encode" ? baked : quantizeEncoder(baked), new Map());
  const feeds = kept((length) => {
    const tensor = (valueAt: (i: number) => bigint): HostTensor => ({
      type: "int64",
      shape: [documents, length],
      data: BigInt64Array.from({ length: documents * length }, (_, i) => valueAt(i)),
    });
    return new Map([
      ["input_ids", tensor((i) => BigInt((i * 7) % Math.min(600, shape.vocabulary)))],
      ["attention_mask", tensor(() => 1n)],
    ]);
  });
  return (length: number) => program.run(feeds(length));
}

/** Made once for each length. */
function kept<T>(make: (length: number) => T): (length: number) => T {
  const known = new Map<number, T>();
  return (length) => {
    const value = known.get(length) ?? make(length);
    known.set(length, value);
    return value;
  };
}
