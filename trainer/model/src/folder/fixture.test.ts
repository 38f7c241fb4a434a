import path from "node:path";
import { expect, test } from "vitest";
import { openModel } from "../model.ts";
import { openModelFolder } from "./reader.ts";
import { verifyModelFolder } from "./verify.ts";

const folder = path.join(import.meta.dirname, "../../../../test/fixtures/models/v1");

// The numbers below were read from the files with Python: safetensors 0.8, numpy cumsum over the steps.
test("a model folder of version 1 loads for ever", async () => {
  const { info, labels, names, tfidf, members, vocabulary, dispose } = await openModelFolder(folder);
  expect(info.id).toBe("eefe225ca261759fabf2dea49146591512a661333b626c20181ec6b28a57bc1f");
  expect(labels).toEqual([
    "http://example.org/1",
    "two\nlines",
    "back\\slash",
    "日本語",
    "tab\there",
    "oak",
    "elm",
    "a b",
  ]);
  expect(names).toEqual(["One", "two\nlines", "back\\slash", "Japanisch", "tab\there", "oak", "elm", "a b"]);
  expect(tfidf.blocks.map(({ idf }) => idf.length)).toEqual([40, 9]);
  expect(vocabulary.term(48)).toBe("term 48");
  const expected = [
    { labelOf: [0, 1, 2, 3, 4, 5, 6, 7], bias: -0.4278169, rows: [0, 48], weights: 33, sum: 46.8125 },
    { labelOf: [1, 2, 3, 4, 5, 6, 7, 0], bias: -0.02212174, rows: [1, 48], weights: 39, sum: 57.515625 },
  ];
  for (const [m, { labelOf, bias, rows, weights, sum }] of expected.entries()) {
    const { tree, ranker } = members[m]!;
    expect([...tree.levels[1]!.childStart]).toEqual([0, 3, 6, 8]);
    expect([...tree.labelOf]).toEqual(labelOf);
    const level = ranker.levels[1]!;
    expect(level.bias[7]).toBeCloseTo(bias, 7);
    const chunk = level.chunk(2);
    expect([chunk.features[0], chunk.features.at(-1)]).toEqual(rows);
    expect(chunk.weights).toHaveLength(weights);
    expect(chunk.weights.reduce((a, b) => a + b, 0)).toBe(sum);
  }
  dispose();
});

test("the folder of version 1 is whole", async () => {
  expect(await verifyModelFolder(folder)).toMatchObject({ bytes: 6708, numChunks: 8 });
});

test("it suggests as well", async () => {
  const model = await openModel(folder);
  const suggestions = await model.suggest("", 8);
  expect(suggestions.map(({ id }) => id).sort()).toEqual([...model.labels].sort());
  for (const { probability } of suggestions) expect(probability).toBeGreaterThanOrEqual(0.01);
  model.dispose();
});
