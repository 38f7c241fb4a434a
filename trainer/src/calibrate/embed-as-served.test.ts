import path from "node:path";
import { newPieceTokenizer, readPassages } from "@tagwright/model/internals";
import { expect, test } from "vitest";
import { newOrtEngine } from "../encoder/engines/ort.ts";
import { bake, buildEncoder } from "../encoder/graph/bert.ts";
import { quantizeEncoder } from "../encoder/graph/quantize.ts";
import { readEncoderFolder } from "../encoder/source/read-encoder.ts";
import { embedDocuments, newPart } from "../fine-tune/embed.ts";
import { newPieceCollector, selectPieces } from "../fine-tune/pieces.ts";
import { embedAsServed } from "./embed-as-served.ts";

const folder = path.resolve(import.meta.dirname, "../../../test/fixtures/encoders/tiny-bert");
const texts = ["solar", "a text that has many more words than the one before", "", "wind power ".repeat(30)];

test("with 8-bit weights a document gets the same bits alone and among others, which a batch would not give", async () => {
  const { shape, weights, tokenizer, tokenizerConfig } = await readEncoderFolder(folder);
  const { hidden } = shape;
  const options = { hidden, maxPieces: 16 };
  const reader = newPieceTokenizer(tokenizer, tokenizerConfig);
  const collector = newPieceCollector();
  for (const text of texts) collector.add(readPassages(text, reader, { maxPieces: 16, passages: 2 }).passages);
  const pieces = collector.finish();
  const graph = quantizeEncoder(bake(buildEncoder(shape), weights));

  const together = await embedAsServed(graph, pieces, options, 1);
  for (const [i] of texts.entries()) {
    const alone = await embedAsServed(graph, selectPieces(pieces, Uint32Array.of(i)), options, 1);
    expect(together.subarray(i * hidden, (i + 1) * hidden)).toEqual(alone);
  }

  const engine = await newOrtEngine("cpu", { threads: 1 });
  const program = await engine.load(graph, new Map());
  const batch = newPart(pieces.numDocuments, hidden);
  await embedDocuments(program, pieces, { ...options, passages: "all" }, batch, () => undefined);
  await program.dispose();
  await engine.dispose();
  expect(batch.values).not.toEqual(together);
});
