import fc from "fast-check";
import { expect, test } from "vitest";
import { newNgramBuffer, ngramText, readNgrams, readWords } from "./ngrams.ts";
import type { TfidfOptions } from "./tfidf.ts";

const buffer = newNgramBuffer();

function ngramsOf(text: string, options: TfidfOptions): { terms: string[]; hashes: string[] } {
  readWords(text, buffer);
  readNgrams(options, buffer);
  const numbers = Array.from({ length: buffer.length }, (_, i) => i);
  return {
    terms: numbers.map((i) => ngramText(options, buffer, i)),
    hashes: numbers.map((i) => `${buffer.high[i]}:${buffer.low[i]}`),
  };
}

const words = (minN: number, maxN: number): TfidfOptions => ({ analyzer: "word", minN, maxN, sublinear: false });
const characters = (minN: number, maxN: number): TfidfOptions => ({ analyzer: "char", minN, maxN, sublinear: false });

test("word n-grams come in the order of their first word, shorter ones first", () => {
  expect(ngramsOf("The old, grey OAK", words(1, 3)).terms).toEqual([
    "the",
    "the old",
    "the old grey",
    "old",
    "old grey",
    "old grey oak",
    "grey",
    "grey oak",
    "oak",
  ]);
  expect(ngramsOf("the old grey oak", words(2, 2)).terms).toEqual(["the old", "old grey", "grey oak"]);
  expect(ngramsOf("oak", words(2, 3)).terms).toEqual([]);
});

test("what stands between words reads as one blank", () => {
  expect(ngramsOf("tea -- ❤️ -- \n cake", words(2, 2)).terms).toEqual(["tea cake"]);
  expect(ngramsOf("日本語", words(2, 2)).terms).toEqual(["日本", "本語"]);
});

test("character n-grams stay in a word and show its edges as blanks", () => {
  expect(ngramsOf("(ab", characters(3, 3)).terms).toEqual([" ab", "ab "]);
  expect(ngramsOf("ab日.", characters(2, 2)).terms).toEqual([" a", "ab", "b ", " 日", "日 "]);
  expect(ngramsOf("ab", characters(1, 4)).terms).toEqual([" ", " a", " ab", " ab ", "a", "ab", "ab ", "b", "b ", " "]);
});

const anyText = fc
  .array(fc.constantFrom("oak", "elm", "a", "ab", "b", "日", "本", " ", ", ", "-", "É"), { maxLength: 30 })
  .map((parts) => parts.join(""));
const anyOptions = fc
  .record({ analyzer: fc.constantFrom("word", "char"), minN: fc.integer({ min: 1, max: 4 }), more: fc.nat(3) })
  .map(({ analyzer, minN, more }): TfidfOptions => ({ analyzer, minN, maxN: minN + more, sublinear: false }));

/** Every n-gram from its definition, as text. */
function naiveTerms(text: string, { analyzer, minN, maxN }: TfidfOptions): string[] {
  const tokens = ngramsOf(text, words(1, 1)).terms;
  const units = analyzer === "word" ? [tokens] : tokens.map((it) => [...` ${it} `]);
  const terms: string[] = [];
  for (const unit of units) {
    for (let start = 0; start < unit.length; start++) {
      for (let n = minN; n <= maxN && start + n <= unit.length; n++) {
        terms.push(unit.slice(start, start + n).join(analyzer === "word" ? " " : ""));
      }
    }
  }
  return terms;
}

test("n-grams are those of the definition, and as many hashes differ as texts do", () => {
  fc.assert(
    fc.property(anyText, anyOptions, (text, options) => {
      const spaced = text.replace(/[日本]/gu, " $& ");
      const { terms, hashes } = ngramsOf(spaced, options);
      const expected = naiveTerms(spaced, options);
      expect(terms).toEqual(expected);
      const hashOf = new Map(terms.map((term, i) => [term, hashes[i]]));
      expect(terms.map((term) => hashOf.get(term))).toEqual(hashes);
      expect(new Set(hashes).size).toBe(new Set(expected).size);
    }),
    { numRuns: 500 },
  );
});

test("the order of words tells n-grams apart", () => {
  const [oakElm] = ngramsOf("oak elm", words(2, 2)).hashes;
  const [elmOak] = ngramsOf("elm oak", words(2, 2)).hashes;
  expect(oakElm).not.toBe(elmOak);
});

test("a text with more n-grams than the buffer first held loses none", () => {
  const text = Array.from({ length: 5000 }, (_, i) => `w${i}`).join(" ");
  expect(ngramsOf(text, words(1, 2)).terms).toEqual(naiveTerms(text, words(1, 2)));
  expect(ngramsOf(text, characters(2, 3)).terms).toEqual(naiveTerms(text, characters(2, 3)));
});
