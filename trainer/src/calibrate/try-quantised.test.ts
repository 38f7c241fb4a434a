import path from "node:path";
import { newPieceTokenizer, readPassages } from "@tagwright/model/internals";
import { scratchFolder } from "@tagwright/testing";
import { afterAll, expect, test } from "vitest";
import { recipeFor } from "../config.ts";
import { openCorpus } from "../corpus/open-corpus.ts";
import { newOrtEngine } from "../encoder/engines/ort.ts";
import { bake, buildEncoder } from "../encoder/graph/bert.ts";
import { readEncoderFolder } from "../encoder/source/read-encoder.ts";
import { readTrainingSet } from "../features/training-set.ts";
import { embedWith } from "../fine-tune/embed.ts";
import { newPieceCollector } from "../fine-tune/pieces.ts";
import { newWorkerPool } from "../ranker/worker-pool.ts";
import type { Judged } from "./calibrate.ts";
import { type WeighedEmbedding, weighEmbedding } from "./rehearse-embedding.ts";
import { tryQuantised } from "./try-quantised.ts";

const recipe = recipeFor("fast", 3, { features: "none" });
const words = ["solar", "tree", "label", "power", "text", "class", "wind", "rank"];
const maxPieces = 16;
const quiet = { ranker: () => undefined, judged: () => undefined };

const pool = newWorkerPool(1);
afterAll(() => pool.dispose());

/** A model that ranks by the embedding alone; texts of a label's word and one other, 40 of 120 held out. */
async function problem() {
  const numDocuments = 120;
  const lines = Array.from({ length: numDocuments }, (_, i) => {
    const own = words[i % 8]!;
    return JSON.stringify({ id: `n${i}`, text: `${`${own} `.repeat(12)}${words[(i >> 3) % 8]}`, labels: [own] });
  });
  const folder = scratchFolder({ "notes.jsonl": `${lines.join("\n")}\n` });
  const encoder = await readEncoderFolder(
    path.resolve(import.meta.dirname, "../../../test/fixtures/encoders/tiny-bert"),
  );
  const tokenizer = newPieceTokenizer(encoder.tokenizer, encoder.tokenizerConfig);
  const collector = newPieceCollector();
  const onText = (text: string) => collector.add(readPassages(text, tokenizer, { maxPieces, passages: 1 }).passages);
  const corpus = await openCorpus(path.join(folder, "notes.jsonl"));
  const set = await readTrainingSet(corpus, recipe, { holdOut: 0, minLabelDocuments: 1, onText }, () => undefined);
  const pieces = collector.finish();
  const { shape, weights } = encoder;
  const engine = await newOrtEngine("cpu", { threads: 1 });
  const values = await embedWith(engine, shape, weights, pieces, maxPieces, () => undefined);
  await engine.dispose();
  const heldOut = Uint32Array.from({ length: 40 }, (_, i) => 3 * i + (i % 3));
  const weighed = await weighEmbedding(set, { width: shape.hidden, values }, heldOut, recipe, pool, quiet);
  const tryIt = (judged = weighed.judged, tuned = weights) =>
    tryQuantised(bake(buildEncoder(shape), tuned), { ...weighed, judged }, pieces, recipe, maxPieces, 1);
  return { weights, weighed, tryIt };
}

/** What a model would have suggested that is right about the first `count` held-out documents, and about no other. */
function rightAbout(count: number, { set, judged }: WeighedEmbedding): Judged[] {
  const { labels, indptr } = set.labels;
  return judged.map(({ document }, i) => {
    const own = labels[indptr[document]!]!;
    return { document, suggestions: [{ label: i < count ? own : (own + 1) % 8, value: 1 }], milliseconds: 0 };
  });
}

test("8-bit weights are taken where no held-out document is lost, and left out where one is", async () => {
  const { weighed, tryIt } = await problem();
  const count = weighed.judged.length;
  const { precision } = (await tryIt())!;
  const right = Math.round(precision.int8 * count);
  expect(right).toBeGreaterThan(count / 2);
  for (const fewer of [0, 1]) {
    const taken = await tryIt(rightAbout(right - fewer, weighed));
    expect(taken?.precision.float).toBeCloseTo((right - fewer) / count, 9);
    expect(taken?.graph?.constants.map((it) => it.name)).toContain("words.int8");
  }
  const lost = await tryIt(rightAbout(right + 1, weighed));
  expect(lost?.precision.float).toBeCloseTo((right + 1) / count, 9);
  expect(lost?.graph).toBeUndefined();
});

test("it is the 8-bit graph's own embedding that is asked", async () => {
  const { weighed, weights, tryIt } = await problem();
  const table = weights.get("words")!;
  const others = { ...table, data: Float32Array.from(table.data as Float32Array).reverse() };
  const { graph, precision } = (await tryIt(weighed.judged, new Map(weights).set("words", others)))!;
  expect(precision.int8).toBeLessThan(0.75 * precision.float);
  expect(graph).toBeUndefined();
});

test("without held-out documents nothing is compared", async () => {
  const { tryIt } = await problem();
  expect(await tryIt([])).toBeUndefined();
});
