import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { recipeFor } from "../config.ts";
import { openCorpus } from "../corpus/open-corpus.ts";
import { checkLookAlikes } from "./look-alikes.ts";
import { readTrainingSet } from "./training-set.ts";

/** What is said of documents of these words and labels. */
async function said(documents: readonly (readonly [text: string, labels: readonly string[]])[]): Promise<string[]> {
  const lines = documents.map(([text, labels], i) => `${JSON.stringify({ id: `d${i}`, text, labels })}\n`);
  const corpus = await openCorpus(path.join(scratchFolder({ "notes.jsonl": lines.join("") }), "notes.jsonl"));
  const options = { holdOut: 0, minLabelDocuments: 1 };
  return checkLookAlikes("notes", await readTrainingSet(corpus, recipeFor("fast", 0), options, () => undefined));
}

test("nothing is said where documents differ and most labels have documents of their own", async () => {
  const apart = [
    ["red sea", ["a", "b"]],
    ["red sea", ["c"]],
    ["blue sea", ["d"]],
    ["blue sea", ["e", "f"]],
  ] as const;
  expect(await said(apart)).toEqual([]);
});

test("documents of the same words are named with the cure", async () => {
  const [only, ...more] = await said([
    ["red sea", ["a"]],
    ["Red sea.", ["b"]],
    ["red sea", ["b"]],
  ]);
  expect(only).toMatch(/^all 3 documents have the same words, .*; give documents with texts that differ$/u);
  expect(more).toEqual([]);
});

test("labels of the same documents are named where they are at least half of all", async () => {
  const [only, ...more] = await said([
    ["red sea", ["a", "b", "c", "d", "e"]],
    ["red sky", ["a"]],
    ["sea sky", ["a"]],
  ]);
  expect(only).toMatch(
    /^4 of 5 labels \("b", "c", "d", 1 more\) have the very same documents: .*--min-label-documents$/u,
  );
  expect(more).toEqual([]);
});

test.each([
  [
    "documents of one text",
    [
      ["red sea", ["a"]],
      ["red sea", ["b"]],
    ],
    /^notes: expected documents with texts of their own, found the same text in all 2 documents: .*; give documents/u,
  ],
  [
    "labels of the same documents, all of them",
    [
      ["red sea", ["a", "b", "c"]],
      ["red sky", ["a", "b", "c"]],
    ],
    /^notes: expected labels with documents of their own, found the very same documents for all 3 labels: .*; tag /u,
  ],
] as const)("%s are refused", async (_, documents, message) => {
  await expect(said(documents)).rejects.toThrow(message);
});
