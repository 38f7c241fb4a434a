// Published encoders, read and run. The oracles are made by test/parity/encoder-oracle.py with Python's transformers.
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { newPieceTokenizer } from "@tagwright/model/internals";
import { afterAll, describe, expect, test } from "vitest";
import type { Tensors } from "../engines/engine.ts";
import { newOrtEngine } from "../engines/ort.ts";
import { buildEncoder } from "../graph/bert.ts";
import { findCachedEncoder } from "./cache.ts";
import { EncoderSourceError } from "./encoder-source-error.ts";

import type { Pooling, PretrainedEncoder } from "./pretrained.ts";
import { readEncoderFolder } from "./read-encoder.ts";

const fixtures = path.resolve(import.meta.dirname, "../../../../test/fixtures/encoders");
const scratch = mkdtempSync(path.join(os.tmpdir(), "tagwright-encoder-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

// biome-ignore lint/suspicious/noExplicitAny: files to be spoilt in any way
type Json = Record<string, any>;

interface Oracle {
  readonly texts: readonly string[];
  readonly [encoder: string]: readonly unknown[];
}

type Row = { readonly ids: readonly number[] } & Readonly<Partial<Record<Pooling, string>>>;

function readOracle(name: string): Oracle {
  return JSON.parse(readFileSync(path.join(fixtures, name), "utf8"));
}

/** One embedding a text: all of one length in one batch, others padded within theirs. */
async function embed(encoder: PretrainedEncoder, texts: readonly string[]): Promise<Float32Array[]> {
  const tokenizer = newPieceTokenizer(encoder.tokenizer, encoder.tokenizerConfig);
  const graph = buildEncoder(encoder.shape);
  const names = new Set(graph.state.map((it) => it.input));
  const engine = await newOrtEngine("cpu", { threads: 1 });
  const program = await engine.load(graph, new Map([...encoder.weights].filter(([name]) => names.has(name))));
  const embeddings: Float32Array[] = [];
  for (let start = 0; start < texts.length; start += 4) {
    const rows = texts.slice(start, start + 4).map((text) => tokenizer.encode(text, encoder.maxPieces));
    const length = Math.max(...rows.map((it) => it.length));
    const shape = [rows.length, length];
    const ids = new BigInt64Array(rows.length * length).fill(BigInt(tokenizer.padding));
    const mask = new BigInt64Array(rows.length * length);
    for (const [r, row] of rows.entries()) {
      for (const [i, id] of row.entries()) {
        ids[r * length + i] = BigInt(id);
        mask[r * length + i] = 1n;
      }
    }
    const feeds: Tensors = new Map([
      ["input_ids", { type: "int64", shape, data: ids }],
      ["attention_mask", { type: "int64", shape, data: mask }],
    ]);
    const data = (await program.run(feeds)).get("embedding")!.data as Float32Array;
    for (let r = 0; r < rows.length; r++)
      embeddings.push(data.slice((r * data.length) / rows.length, ((r + 1) * data.length) / rows.length));
  }
  await program.dispose();
  await engine.dispose();
  return embeddings;
}

function floats(base64: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(base64, "base64")).buffer);
}

/** Largest difference over the rows, with the text it is at. */
function expectClose(found: readonly Float32Array[], rows: readonly Row[], pooling: Pooling, texts: readonly string[]) {
  for (const [t, embedding] of found.entries()) {
    const expected = floats(rows[t]![pooling]!);
    expect(embedding.length).toBe(expected.length);
    const worst = Math.max(...expected.map((it, i) => Math.abs(it - embedding[i]!)));
    expect(worst, JSON.stringify(texts[t]!.slice(0, 40))).toBeLessThan(1e-4);
  }
}

const tiny = readOracle("tiny-oracle.json");

test.each([
  ["BERT, fp32, mean", "tiny-bert", "mean", undefined],
  ["BERT, fp32, pooler", "tiny-bert", "pooler", "pooler"],
  ["DistilBERT, fp16, first token", "tiny-distilbert", "first", undefined],
  ["RoBERTa, bf16, with a prefix and a head", "tiny-roberta", "mean", undefined],
  ["MPNet, fp16", "tiny-mpnet", "mean", undefined],
  ["MPNet, fp16, pooler", "tiny-mpnet", "pooler", "pooler"],
  ["XLM-RoBERTa, fp32", "tiny-xlm-roberta", "mean", undefined],
] as const)("%s: embeddings are those of transformers", async (_, name, pooling, asked) => {
  const encoder = await readEncoderFolder(path.join(fixtures, name), asked === undefined ? {} : { pooling: asked });
  expect(encoder.shape.pooling).toBe(pooling);
  expectClose(await embed(encoder, tiny.texts), tiny[name] as Row[], pooling, tiny.texts);
});

// `npm test` fetches it to here, unless TAGWRIGHT_HOME is set.
const fetched = path.resolve(import.meta.dirname, "../../../../node_modules/.cache/tagwright/encoders");
const name = "all-MiniLM-L6-v2";
const real = (await findCachedEncoder(name, fetched)) ?? (await findCachedEncoder(name));

describe.skipIf(real === undefined)("all-MiniLM-L6-v2 (skipped where `tagwright encoder get` was not run)", () => {
  const oracle = readOracle("minilm-oracle.json");

  test("ids and embeddings are those of the Python reference", { timeout: 120_000 }, async () => {
    const encoder = await readEncoderFolder(real!);
    const tokenizer = newPieceTokenizer(encoder.tokenizer, encoder.tokenizerConfig);
    const rows = oracle["all-MiniLM-L6-v2"] as Row[];
    expect(oracle.texts.map((it) => [...tokenizer.encode(it, 100_000)])).toEqual(rows.map((it) => it.ids));
    expect([encoder.maxPieces, encoder.licence]).toEqual([256, "apache-2.0"]);
    expectClose(await embed(encoder, oracle.texts), rows, "mean", oracle.texts);
  });
});

test("weights are what the file says, matrices turned to [inputs, outputs]", async () => {
  const { weights, shape } = await readEncoderFolder(path.join(fixtures, "tiny-bert"));
  const file = readFileSync(path.join(fixtures, "tiny-bert", "model.safetensors"));
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + headerBytes));
  const [start] = header["encoder.layer.1.intermediate.dense.weight"].data_offsets;
  const stored = (row: number, column: number) =>
    file.readFloatLE(8 + headerBytes + start + 4 * (row * shape.hidden + column));
  const up = weights.get("layer.1.up.weight")!;
  expect(up.shape).toEqual([16, 24]);
  expect([up.data[0], up.data[1], up.data[24], up.data[5 * 24 + 7]]).toEqual([
    stored(0, 0),
    stored(1, 0),
    stored(0, 1),
    stored(7, 5),
  ]);
  expect(weights.get("types")!.shape).toEqual([16]);
});

/** A copy of a tiny encoder, with what is to be wrong about it. */
function copyOf(name: string, change: (folder: string) => void): string {
  const folder = mkdtempSync(path.join(scratch, "copy-"));
  cpSync(path.join(fixtures, name), folder, { recursive: true });
  change(folder);
  return folder;
}

function changeJson(folder: string, name: string, change: (value: Json) => void): void {
  const place = path.join(folder, name);
  const value = JSON.parse(readFileSync(place, "utf8"));
  change(value);
  writeFileSync(place, JSON.stringify(value));
}

/** Rewrites the header of the weights; data stays in place. */
function changeHeader(folder: string, change: (header: Json) => void): void {
  const place = path.join(folder, "model.safetensors");
  const file = readFileSync(place);
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, end));
  change(header);
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(place, Buffer.concat([length, text, file.subarray(end)]));
}

const wrong: [what: string, change: (folder: string) => void, message: RegExp][] = [
  ["no config.json", (it) => rmSync(path.join(it, "config.json")), /no config\.json.*name the folder/u],
  ["no weights", (it) => rmSync(path.join(it, "model.safetensors")), /found no model\.safetensors; copy it/u],
  [
    "only a pickle",
    (it) => renameSync(path.join(it, "model.safetensors"), path.join(it, "pytorch_model.bin")),
    /may run code and is never opened; save it again/u,
  ],
  [
    "weights in several files",
    (it) => renameSync(path.join(it, "model.safetensors"), path.join(it, "model.safetensors.index.json")),
    /weights in several files; save it again/u,
  ],
  [
    "a bare vocabulary",
    (it) => renameSync(path.join(it, "tokenizer.json"), path.join(it, "vocab.txt")),
    /found a bare vocabulary; make it: python/u,
  ],
  [
    "a config.json that is cut",
    (it) => writeFileSync(path.join(it, "config.json"), "{"),
    /config\.json: expected a JSON object/u,
  ],
  [
    "an unknown architecture",
    (it) => changeJson(it, "config.json", (c) => (c["model_type"] = "t5")),
    /found "t5"; take an encoder/u,
  ],
  [
    "relative positions",
    (it) => changeJson(it, "config.json", (c) => (c["position_embedding_type"] = "relative_key")),
    /absolute/u,
  ],
  [
    "an unknown activation",
    (it) => changeJson(it, "config.json", (c) => (c["hidden_act"] = "swish")),
    /found "swish"/u,
  ],
  [
    "heads that do not divide",
    (it) => changeJson(it, "config.json", (c) => (c["num_attention_heads"] = 3)),
    /divide the width 16/u,
  ],
  [
    "an absurd width",
    (it) => changeJson(it, "config.json", (c) => (c["hidden_size"] = 1e9)),
    /"hidden_size" as a whole number/u,
  ],
  [
    "another width",
    (it) => changeJson(it, "config.json", (c) => (c["hidden_size"] = 32)),
    /expected tensor .* of \[\d+,32\], found \[\d+,16\]/u,
  ],
  [
    "more layers than weights",
    (it) => changeJson(it, "config.json", (c) => (c["num_hidden_layers"] = 3)),
    /layer\.2\..*found none/u,
  ],
  [
    "a missing tensor",
    (it) =>
      changeHeader(it, (h) => {
        h["other"] = h["embeddings.LayerNorm.weight"];
        delete h["embeddings.LayerNorm.weight"];
      }),
    /"embeddings\.LayerNorm\.weight" of \[16\], found none/u,
  ],
  [
    "a tensor of another shape",
    (it) => changeHeader(it, (h) => (h["encoder.layer.0.intermediate.dense.weight"].shape = [16, 24])),
    /of \[24,16\], found \[16,24\]/u,
  ],
  [
    "whole numbers as weights",
    (it) => changeHeader(it, (h) => (h["embeddings.LayerNorm.weight"].dtype = "I32")),
    /found I32, not F32/u,
  ],
  [
    "weights cut short",
    (it) =>
      writeFileSync(
        path.join(it, "model.safetensors"),
        readFileSync(path.join(it, "model.safetensors")).subarray(0, 9000),
      ),
    /model\.safetensors: expected \d+ bytes, found 9000; the file is damaged/u,
  ],
  ["empty weights", (it) => writeFileSync(path.join(it, "model.safetensors"), ""), /found 0 bytes/u],
  [
    "an absurd header size",
    (it) => writeFileSync(path.join(it, "model.safetensors"), Buffer.alloc(64, 0xff)),
    /a header of at most 56 bytes/u,
  ],
  [
    "a weight that is no number",
    (it) => writeFileSync(path.join(it, "model.safetensors"), spoilt(it)),
    /found NaN at item/u,
  ],
  [
    "a tokenizer of another encoder",
    (it) => cpSync(path.join(fixtures, "tiny-roberta", "tokenizer.json"), path.join(it, "tokenizer.json")),
    /ids below \d+, the vocabulary of config\.json/u,
  ],
  [
    "a tokenizer.json that is cut",
    (it) => writeFileSync(path.join(it, "tokenizer.json"), '{"model":'),
    /tokenizer\.json: expected a JSON object/u,
  ],
  [
    "a pooling of its own",
    (it) =>
      changeJson(it, path.join("1_Pooling", "config.json"), (c) =>
        Object.assign(c, { pooling_mode_mean_tokens: false, pooling_mode_max_tokens: true }),
      ),
    /found pooling_mode_max_tokens/u,
  ],
];

/** The first weight as NaN. */
function spoilt(folder: string): Buffer {
  const file = readFileSync(path.join(folder, "model.safetensors"));
  file.writeFloatLE(Number.NaN, 8 + Number(file.readBigUInt64LE(0)));
  return file;
}

test.each(wrong)("a folder with %s is refused with what to do", async (_, change, message) => {
  const reading = readEncoderFolder(copyOf("tiny-bert", change));
  await expect(reading).rejects.toThrow(EncoderSourceError);
  await expect(reading).rejects.toThrow(message);
});

test.each([
  ["relative_attention_num_buckets", 16, '"relative_attention_num_buckets" 32, found 16'],
  ["max_position_embeddings", 1e5, "as a whole number from 1 to 2048, found 100000"],
])("an MPNet with %s of %d is refused", async (key, value, message) => {
  const folder = copyOf("tiny-mpnet", (it) => changeJson(it, "config.json", (c) => (c[key] = value)));
  await expect(readEncoderFolder(folder)).rejects.toThrow(message);
});

test("a tokenizer whose unknown piece has no row among the weights is refused", async () => {
  const folder = copyOf("tiny-xlm-roberta", (it) => changeJson(it, "tokenizer.json", (c) => (c["model"].unk_id = 122)));
  await expect(readEncoderFolder(folder)).rejects.toThrow(
    `${path.join(folder, "tokenizer.json")}: expected "unk_id" below 122, the pieces of the vocabulary, found 122; take`,
  );
});

test("a path that is no folder is named", async () => {
  await expect(readEncoderFolder(path.join(scratch, "nowhere"))).rejects.toThrow("found nothing; check the path");
  await expect(readEncoderFolder(path.join(fixtures, "tiny-oracle.json"))).rejects.toThrow(
    "found a file; name the folder",
  );
});

test("names, limits and a licence come from the files beside the weights", async () => {
  const folder = copyOf("tiny-bert", (it) => {
    writeFileSync(path.join(it, "README.md"), "---\nlanguage: en\nlicense: mit\n---\n# A model\n");
    writeFileSync(path.join(it, "sentence_bert_config.json"), '{"max_seq_length": 32}');
    changeJson(it, "tokenizer_config.json", (c) => (c["model_max_length"] = 1e30));
  });
  const encoder = await readEncoderFolder(folder);
  expect([encoder.name, encoder.maxPieces, encoder.licence]).toEqual([path.basename(folder), 32, "mit"]);
  expect((await readEncoderFolder(path.join(fixtures, "tiny-roberta"))).maxPieces).toBe(46);
});
