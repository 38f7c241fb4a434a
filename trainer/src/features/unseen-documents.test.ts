import { newVectorizer, rowOf, type TfidfOptions } from "@tagwright/model/internals";
import { expect, test } from "vitest";
import { newRandom } from "../random.ts";
import { newTfidfFitter } from "./fit-tfidf.ts";
import { allExcept, type TrainingSet } from "./training-set.ts";
import { withUnseen } from "./unseen-documents.ts";

const words: TfidfOptions = { analyzer: "word", minN: 1, maxN: 2, sublinear: true };
const characters: TfidfOptions = { analyzer: "char", minN: 3, maxN: 4, sublinear: false };
const minDocuments = 2;
const syllables = ["ka", "to", "mi", "ru", "se", "no"];

/** Rare words and frequent ones, and a text without any. */
function texts(): string[] {
  const random = newRandom(5);
  const syllable = () => syllables[Math.floor(random() * syllables.length)]!;
  const word = () => (random() < 0.4 ? syllable() : syllable() + syllable() + syllable());
  return [...Array.from({ length: 40 }, () => Array.from({ length: 12 }, word).join(" ")), ""];
}

function fit(blocks: readonly TfidfOptions[], some: readonly string[]) {
  const fitter = newTfidfFitter({ blocks, minDocuments, maxFeatures: 10_000 });
  for (const it of some) fitter.add(it);
  const { rows, model, vocabulary } = fitter.finish();
  return { rows, model, names: [...vocabulary()] };
}

function labelsOf(numDocuments: number): TrainingSet["labels"] {
  return { numDocuments, numLabels: 1, indptr: new Uint32Array(numDocuments + 1), labels: new Uint32Array(0) };
}

const named = (names: readonly string[], { indices, values }: { indices: Uint32Array; values: Float32Array }) =>
  Array.from(indices, (column, i) => [names[column]!, values[i]!] as const).sort(([a], [b]) => (a < b ? -1 : 1));

function expectSame(found: ReturnType<typeof named>, expected: ReturnType<typeof named>): void {
  expect(found.map(([name]) => name)).toEqual(expected.map(([name]) => name));
  for (const [i, [name, value]] of found.entries()) expect(value, name).toBeCloseTo(expected[i]![1], 5);
}

test.each([
  ["words", [words]],
  ["words and characters", [words, characters]],
])("rows are those of a fit without the unseen documents: %s", (_, blocks) => {
  const all = texts();
  const documents = Uint32Array.of(1, 7, 8, 20, 39, 40);
  const rest = allExcept(documents, all.length);
  const whole = fit(blocks, all);
  const part = fit(
    blocks,
    [...rest].map((it) => all[it]!),
  );
  expect(part.model.numFeatures).toBeLessThan(whole.model.numFeatures);
  const set = { features: whole.rows, labels: labelsOf(all.length), tfidf: whole.model } as TrainingSet;
  const before = whole.rows.values.slice();
  const unseen = withUnseen(set, documents, minDocuments);
  const { features } = unseen.examples(set);
  expect(features.numRows).toBe(rest.length);
  for (const row of rest.keys())
    expectSame(named(whole.names, rowOf(features, row)), named(part.names, rowOf(part.rows, row)));
  const asked = unseen.asked(set).features;
  const vectorizer = newVectorizer(part.model);
  for (const it of documents)
    expectSame(named(whole.names, rowOf(asked, it)), named(part.names, vectorizer.row(all[it]!)));
  expect(rest.every((it) => rowOf(asked, it).indices.length === 0)).toBe(true);
  expect(whole.rows.values).toEqual(before);
});

test("an embedding and ready-made features stay as they are", () => {
  const { rows } = fit([words], texts());
  const dense = { width: 2, values: Float32Array.from({ length: 2 * rows.numRows }, (_, i) => i) };
  const tfidf = { blocks: [], numFeatures: rows.numCols };
  const set = { features: { ...rows, dense }, labels: labelsOf(rows.numRows), tfidf } as unknown as TrainingSet;
  const unseen = withUnseen(set, Uint32Array.of(3), minDocuments);
  expect(rowOf(unseen.asked(set).features, 3)).toEqual(rowOf(set.features, 3));
  const { features } = unseen.examples(set);
  expect(rowOf(features, 3)).toEqual(rowOf(set.features, 4));
});
