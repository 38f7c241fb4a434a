import { readFileSync } from "node:fs";
import path from "node:path";
import { newVectorizer, type TfidfOptions } from "@tagwright/model/internals";
import { expectAllClose } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FitOptions, type FittedTfidf, newTfidfFitter } from "./fit-tfidf.ts";

const words = (minN: number, maxN: number, sublinear = false): TfidfOptions => ({
  analyzer: "word",
  minN,
  maxN,
  sublinear,
});
const characters: TfidfOptions = { analyzer: "char", minN: 2, maxN: 4, sublinear: false };

function fit(texts: readonly string[], options: Partial<FitOptions>): FittedTfidf {
  const fitter = newTfidfFitter({ blocks: [words(1, 1)], minDocuments: 1, maxFeatures: 1000, ...options });
  for (const text of texts) fitter.add(text);
  return fitter.finish();
}

/** Row by term; the second and later blocks' terms with their block in front. */
function rowByTerm({ model, rows, vocabulary }: FittedTfidf, row: number, named = false): Record<string, number> {
  const terms = [...vocabulary()];
  const block = model.blocks.flatMap(({ idf }, b) => Array.from(idf, () => b));
  const result: Record<string, number> = {};
  for (let p = rows.indptr[row]!; p < rows.indptr[row + 1]!; p++) {
    const feature = rows.indices[p]!;
    result[named ? `${block[feature]}:${terms[feature]}` : terms[feature]!] = rows.values[p]!;
  }
  return result;
}

function expectSameRow(actual: Record<string, number>, expected: Record<string, number>): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  const keys = Object.keys(expected);
  expectAllClose(
    keys.map((key) => actual[key]!),
    keys.map((key) => expected[key]!),
    { atol: 1e-6 },
  );
}

// Document frequencies: oak 3, elm 2, ash 1, tea 1. idf = ln(6 / (1 + df)) + 1, worked out by hand:
const five = ["oak elm", "Oak oak, ash", "elm; tea tea", "OAK", "!"];
const idf = { oak: 1.4054651, elm: 1.6931472, ash: 2.0986123, tea: 2.0986123 };

test("the five-document table: idf, counts and unit norm as worked out by hand", () => {
  const fitted = fit(five, {});
  const terms = [...fitted.vocabulary()];
  expect([...terms].sort()).toEqual(["ash", "elm", "oak", "tea"]);
  expectSameRow(Object.fromEntries(terms.map((term, f) => [term, fitted.model.blocks[0]!.idf[f]!])), idf);
  // ‖(1.4054651, 1.6931472)‖ = 2.2004726; ‖(2.8109302, 2.0986123)‖ = 3.5079199; ‖(1.6931472, 4.1972246)‖ = 4.5258636
  expectSameRow(rowByTerm(fitted, 0), { oak: 0.6387106, elm: 0.7694471 });
  expectSameRow(rowByTerm(fitted, 1), { oak: 0.8013097, ash: 0.5982498 });
  expectSameRow(rowByTerm(fitted, 2), { elm: 0.3741048, tea: 0.9273864 });
  expectSameRow(rowByTerm(fitted, 3), { oak: 1 });
  expectSameRow(rowByTerm(fitted, 4), {});
});

test("a sublinear count is 1 + ln of the count", () => {
  const fitted = fit(["oak oak oak elm"], { blocks: [words(1, 1, true)] });
  const oak = 1 + Math.log(3);
  const norm = Math.hypot(oak, 1);
  expectSameRow(rowByTerm(fitted, 0), { oak: oak / norm, elm: 1 / norm });
});

test("n-grams in too few documents are left out, counted by documents and not by occurrences", () => {
  expect([...fit(five, { minDocuments: 2 }).vocabulary()].sort()).toEqual(["elm", "oak"]);
  expect([...fit(five, { minDocuments: 3 }).vocabulary()]).toEqual(["oak"]);
  const none = fit(five, { minDocuments: 4 });
  expect(none.model.numFeatures).toBe(0);
  expect([...newVectorizer(none.model).row("oak elm").indices]).toEqual([]);
});

test("of too many n-grams those in the most documents stay, in each block", () => {
  expect([...fit(five, { maxFeatures: 2 }).vocabulary()].sort()).toEqual(["elm", "oak"]);
  const two = fit(five, { blocks: [words(1, 1), words(2, 2)], maxFeatures: 1 });
  expect(two.model.blocks.map(({ idf: own }) => own.length)).toEqual([1, 1]);
  expect([...two.vocabulary()][0]).toBe("oak");
});

test("rows are those of scikit-learn's TfidfVectorizer", () => {
  const file = path.join(import.meta.dirname, "../../../test/fixtures/tfidf-oracle.json");
  const oracle = JSON.parse(readFileSync(file, "utf8")) as {
    texts: string[];
    cases: { blocks: TfidfOptions[]; minDocuments: number; terms: string[]; rows: Record<string, number>[] }[];
  };
  expect(oracle.cases.length).toBe(4);
  for (const { blocks, minDocuments, terms, rows } of oracle.cases) {
    const fitted = fit(oracle.texts, { blocks, minDocuments, maxFeatures: 1e6 });
    expect(fitted.model.numFeatures).toBe(terms.length);
    for (const [row, expected] of rows.entries()) expectSameRow(rowByTerm(fitted, row, true), expected);
  }
});

const word = fc.constantFrom("oak", "elm", "ash", "tea", "café", "日", "本", "น", "x2", "the", "of");
const document = fc.oneof(
  fc.array(word, { maxLength: 25 }).map((it) => it.join(" ")),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const options = fc.record({
  blocks: fc.constantFrom([words(1, 1)], [words(1, 2, true)], [characters], [words(1, 2, true), characters]),
  minDocuments: fc.integer({ min: 1, max: 3 }),
  maxFeatures: fc.constantFrom(5, 1000),
});

function expectVectorizerAgrees(texts: readonly string[], fitted: FittedTfidf): void {
  const { indptr, indices, values } = fitted.rows;
  const vectorizer = newVectorizer(fitted.model);
  for (const [row, text] of texts.entries()) {
    const it = vectorizer.row(text);
    expect([...it.indices]).toEqual([...indices.subarray(indptr[row], indptr[row + 1])]);
    expect([...it.values]).toEqual([...values.subarray(indptr[row], indptr[row + 1])]);
  }
}

test("the vectorizer gives each fitted text its training row, bit for bit", () => {
  fc.assert(
    fc.property(fc.array(document, { minLength: 1, maxLength: 8 }), options, (texts, it) => {
      expectVectorizerAgrees(texts, fit(texts, it));
    }),
  );
});

test("so it does for texts longer than its buffers, whose blocks grow them in turn", () => {
  const long = Array.from({ length: 3000 }, (_, i) => `w${i % 1700}`).join(" ");
  const texts = ["oak w1", long];
  expectVectorizerAgrees(texts, fit(texts, { blocks: [words(1, 2), characters], maxFeatures: 1e6 }));
});

test("rows have unit norm and ascending features below the model's count", () => {
  fc.assert(
    fc.property(fc.array(document, { minLength: 1, maxLength: 8 }), options, (texts, it) => {
      const { model, rows, vocabulary } = fit(texts, it);
      expect([...vocabulary()].length).toBe(model.numFeatures);
      for (let row = 0; row < texts.length; row++) {
        const own = [...rows.indices.subarray(rows.indptr[row], rows.indptr[row + 1])];
        expect(own).toEqual([...new Set(own)].sort((a, b) => a - b));
        for (const feature of own) expect(feature).toBeLessThan(model.numFeatures);
        const norm = Math.hypot(...rows.values.subarray(rows.indptr[row], rows.indptr[row + 1]));
        if (own.length > 0) expect(Math.abs(norm - 1)).toBeLessThan(1e-6);
      }
    }),
  );
});

test("more n-grams than the first table holds are all told apart", () => {
  const texts = Array.from({ length: 40 }, (_, d) =>
    Array.from({ length: 2000 }, (_w, i) => `w${d * 2000 + i}`).join(" "),
  );
  const fitted = fit([...texts, ...texts], { minDocuments: 2, maxFeatures: 1e6 });
  expect(fitted.model.numFeatures).toBe(80_000);
  expect(new Set(fitted.vocabulary()).size).toBe(80_000);
});

test("a text without known n-grams has an empty row", () => {
  const vectorizer = newVectorizer(fit(five, {}).model);
  expect(vectorizer.row("").indices.length).toBe(0);
  expect(vectorizer.row("birch \ud800").indices.length).toBe(0);
  expectAllClose(vectorizer.row("oak").values, [1]);
});
