// What batches of like length bring: steps and embeddings of a corpus' own batches, and of the same documents all padded.
import { newPieceTokenizer, readPassages } from "../../../trainer/model/src/internals.ts";
import { openCorpus } from "../../../trainer/src/corpus/open-corpus.ts";
import { openEngine } from "../../../trainer/src/encoder/engines/choose.ts";
import { readEncoderFolder } from "../../../trainer/src/encoder/source/read-encoder.ts";
import { planBatches } from "../../../trainer/src/fine-tune/batches.ts";
import { newPieceCollector, passageLength } from "../../../trainer/src/fine-tune/pieces.ts";
import { encode, type SpeedOptions, step } from "./speed.ts";

export interface PaddingOptions extends Omit<SpeedOptions, "length"> {
  /** As `tagwright train --corpus` takes it. */
  readonly corpus: string;
  /** Word pieces that are read of a passage at most: what a level cuts texts to. */
  readonly maxPieces: number;
  /** What all are padded to in place of that. */
  readonly length: number;
}

/** Milliseconds of `count` batches of the first pass over the corpus, each beside one that is padded. */
export async function timePadding(options: PaddingOptions) {
  const { corpus, documents: size, maxPieces, length, count, what } = options;
  const pretrained = await readEncoderFolder(options.encoder);
  const tokenizer = newPieceTokenizer(pretrained.tokenizer, pretrained.tokenizerConfig);
  const collector = newPieceCollector();
  for await (const { text } of (await openCorpus(corpus)).documents())
    collector.add(readPassages(text, tokenizer, { maxPieces: length, passages: 2 }).passages);
  const pieces = collector.finish();
  const plan = planBatches(pieces, { maxPieces, size, epochs: 1, seed: 1 });
  const lengths = Array.from({ length: count }, (_, i) => {
    const { passages } = plan.batch(Math.floor((i * plan.numSteps) / count));
    return Math.max(...passages.map((it) => passageLength(pieces, it, maxPieces)));
  });
  const engine = await openEngine(options.engine, options.threads);
  const runOf = await (what === "step" ? step : encode)(engine, pretrained.shape, pretrained.weights, options);
  const time = async (pieces: number) => {
    const start = performance.now();
    await runOf(pieces);
    return performance.now() - start;
  };
  // The second run is slower than all later ones, too: onnxruntime still takes memory.
  for (let i = 0; i < 2; i++) await time(length);
  const [bucketed, padded]: [number[], number[]] = [[], []];
  for (const own of lengths) {
    bucketed.push(await time(own));
    padded.push(await time(length));
  }
  await engine.dispose();
  return { bucketed, padded, lengths };
}
