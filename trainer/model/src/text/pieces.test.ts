import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ModelFolderError } from "../errors.ts";
import { newPieceTokenizer, type PieceTokenizer } from "./pieces.ts";

// Made by test/parity/encoder-oracle.py.
const fixtures = path.resolve(import.meta.dirname, "../../../../test/fixtures/encoders");
const oracle = JSON.parse(readFileSync(path.join(fixtures, "tiny-oracle.json"), "utf8"));
const texts: string[] = oracle.texts;

function read(name: string, file: string): string {
  return readFileSync(path.join(fixtures, name, file), "utf8");
}

function tokenizerOf(name: string): PieceTokenizer {
  return newPieceTokenizer(read(name, "tokenizer.json"), read(name, "tokenizer_config.json"));
}

const kinds = [
  ["WordPiece", "tiny-bert"],
  ["byte-level BPE", "tiny-roberta"],
  ["unigram", "tiny-xlm-roberta"],
] as const;

test.each(kinds)("%s: ids are those of the Python library", (_, name) => {
  const tokenizer = tokenizerOf(name);
  for (const [i, { ids }] of oracle[name].entries()) {
    expect([...tokenizer.encode(texts[i]!, 100_000)], JSON.stringify(texts[i])).toEqual(ids);
  }
});

test.each(kinds)("%s: a long text loses its last pieces and keeps the closing one", (_, name) => {
  const tokenizer = tokenizerOf(name);
  for (const [i, { ids }] of oracle[name].entries()) {
    for (const maxPieces of [2, 3, 10, 48]) {
      const kept = ids.length > maxPieces ? [...ids.slice(0, maxPieces - 1), ids.at(-1)] : ids;
      expect([...tokenizer.encode(texts[i]!, maxPieces)], `${maxPieces} of ${JSON.stringify(texts[i])}`).toEqual(kept);
    }
  }
});

test.each(kinds)("%s: the first pieces do not depend on how much text follows", (_, name) => {
  const tokenizer = tokenizerOf(name);
  for (const unit of [
    "solar power ",
    "分類",
    "extreme-multi-label",
    "x".repeat(200),
    ".",
    "\u{20000}",
    " ".repeat(5000),
  ]) {
    const whole = tokenizer.encode(unit.repeat(200), 1_000_000);
    const first = [...whole.subarray(0, Math.min(63, whole.length - 1)), whole.at(-1)];
    expect([...tokenizer.encode(unit.repeat(200), first.length)], JSON.stringify(unit.slice(0, 20))).toEqual(first);
  }
});

test.each(kinds)("%s: no text is refused, and ids are within the vocabulary", (_, name) => {
  const tokenizer = tokenizerOf(name);
  const odd = ["\u0000", "\ud800", "\udfff\ud83d", "a\udc00b", "\ufffe\uffff", "__proto__ constructor", "\u{10ffff}"];
  for (const text of [...odd, odd.join(""), "\ud83d".repeat(3000), `e${"\u0301".repeat(3000)}`]) {
    const ids = tokenizer.encode(text, 32);
    expect(ids.length, JSON.stringify(text.slice(0, 20))).toBeGreaterThanOrEqual(2);
    expect(ids.every((id) => id >= 0 && id < tokenizer.size)).toBe(true);
  }
  expect(() => tokenizer.encode("text", 1)).toThrow("encode: 1 pieces, but 2 are special");
});

test("padding and size are those of the published files", () => {
  expect(kinds.map(([, name]) => tokenizerOf(name).padding)).toEqual([0, 1, 1]);
  const { vocab_size: size } = JSON.parse(read("tiny-bert", "config.json"));
  expect(tokenizerOf("tiny-bert").size).toBe(size);
});

const published = JSON.parse(read("tiny-bert", "tokenizer.json"));
const unigram = JSON.parse(read("tiny-xlm-roberta", "tokenizer.json"));
const unigramWith = (change: object) => JSON.stringify({ ...unigram, model: { ...unigram.model, ...change } });

test.each([null, undefined])("where unk_id is %s, a piece that is in no vocabulary is left out", (id) => {
  const text = "solar \u{20000} power";
  const published = [...tokenizerOf("tiny-xlm-roberta").encode(text, 100)];
  expect(published).toContain(unigram.model.unk_id);
  const tokenizer = newPieceTokenizer(unigramWith({ unk_id: id }), "{}");
  expect([...tokenizer.encode(text, 100)]).toEqual(published.filter((it) => it !== unigram.model.unk_id));
});

test.each([
  ["no JSON", "{"],
  ["a list", "[]"],
  ["nothing", "{}"],
  ["no model", JSON.stringify({ ...published, model: null })],
  ["a model of an unknown kind", JSON.stringify({ ...published, model: { type: "Oracle", vocab: { a: 0 } } })],
  ["an empty vocabulary", JSON.stringify({ ...published, model: { ...published.model, vocab: {} } })],
  ["an id that is no number", JSON.stringify({ ...published, model: { ...published.model, vocab: { a: "1" } } })],
  ["an absurd id", JSON.stringify({ ...published, model: { ...published.model, vocab: { a: 2 ** 40 } } })],
  ["an unknown piece past the vocabulary", unigramWith({ unk_id: unigram.model.vocab.length })],
  ["an unknown piece that has no place", unigramWith({ unk_id: "3" })],
  [
    "a list in place of ids",
    JSON.stringify({
      ...published,
      model: { type: "WordPiece", vocab: [999], unk_token: "0" },
      added_tokens: [],
      post_processor: null,
      padding: { pad_id: 0 },
    }),
  ],
  ["no list of added tokens", JSON.stringify({ ...published, added_tokens: 1 })],
  ["an unknown normaliser", JSON.stringify({ ...published, normalizer: { type: "Oracle" } })],
  [
    "a frame of pieces without ids",
    JSON.stringify({ ...published, added_tokens: [], model: { ...published.model, vocab: { a: 0 } } }),
  ],
])("a tokenizer.json with %s is refused", (_, json) => {
  expect(() => newPieceTokenizer(json, "{}")).toThrow(ModelFolderError);
});
