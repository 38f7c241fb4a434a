import { gzipSync } from "node:zlib";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { openCorpus } from "./open-corpus.ts";

async function read(files: Record<string, string | Uint8Array>, part: "train" | "test" = "train") {
  const corpus = await openCorpus(scratchFolder(files), { part });
  const documents = [];
  for await (const { id, text, labels, features } of corpus.documents()) {
    const row = features && Array.from(features.indices, (it, i) => [it, features.values[i]]);
    documents.push(row === undefined ? { id, text, labels } : { id, labels, row });
  }
  return { corpus, documents, names: Object.fromEntries(await corpus.labelNames()) };
}

test("the sparse form is read with labels by number, unlabelled rows skipped, indices sorted", async () => {
  const { corpus, documents } = await read({ "train.txt": "3 6 4\n0,3 5:0.5 2:1\n 1:1\n2 0:2.5e-1\n" });
  expect(documents).toEqual([
    {
      id: "0",
      labels: ["0", "3"],
      row: [
        [2, 1],
        [5, 0.5],
      ],
    },
    { id: "2", labels: ["2"], row: [[0, 0.25]] },
  ]);
  expect(corpus.numFeatures).toBe(6);
  expect(corpus.report.noLabels).toBe(1);
});

test("features and labels in two files are read side by side", async () => {
  const files = { "trn_X_Xf.txt": "2 3\n0:1 2:2\n1:3\n", "trn_X_Y.txt": "2 9\n8:1 3:1\n0:1\n", "Y.txt": "zero\none\n" };
  const { documents, names } = await read(files);
  expect(documents).toEqual([
    {
      id: "0",
      labels: ["3", "8"],
      row: [
        [0, 1],
        [2, 2],
      ],
    },
    { id: "1", labels: ["0"], row: [[1, 3]] },
  ]);
  expect(names).toEqual({ 0: "zero", 1: "one" });
});

test("raw text is read with labels of either spelling", async () => {
  const expected = [
    { id: "0", text: "First text.", labels: ["1", "2"] },
    { id: "1", text: "Second text.", labels: ["0"] },
  ];
  const texts = "First text.\nSecond text.\n";
  expect((await read({ "trn_X.txt": texts, "trn_X_Y.txt": "2 3\n1:1 2:1\n0:1\n" })).documents).toEqual(expected);
  expect((await read({ "train_texts.txt": texts, "train_labels.txt": "1 2\n0\n" })).documents).toEqual(expected);
});

test("the JSON form joins title and content and takes names from the label file", async () => {
  const line = JSON.stringify({ uid: "u1", title: "T", content: "C", target_ind: [1], target_rel: [1] });
  const { documents, names } = await read(
    { "tst.json.gz": gzipSync(`${line}\n`), "lbl.json": '{"uid":"l0","title":"zero"}\n{"uid":"l1","title":"one"}\n' },
    "test",
  );
  expect(documents).toEqual([{ id: "u1", text: "T\n\nC", labels: ["1"] }]);
  expect(names).toEqual({ 0: "zero", 1: "one" });
});

test("broken rows are refused with file, line, expectation and finding", async () => {
  const cases: [string, RegExp][] = [
    ["1 3 2\n0 3:1\n", /train\.txt:2: index 3 is not below 3/],
    ["1 3 2\n2 0:1\n", /train\.txt:2: expected label numbers below 2, found "2"/],
    ["1 3 2\n0 0:x\n", /train\.txt:2: expected "index:value", found "0:x"/],
    ["1 3 2\n0 0:\n", /expected "index:value", found "0:"/],
    ["1 3 2\n0 -1:1\n", /expected "index:value", found "-1:1"/],
    ["1 3 2\n0 1:1 0:1 1:2\n", /index 1 stands twice/],
    ["2 3 2\n0 1:1\n", /the header says 2 documents, found 1/],
  ];
  for (const [content, message] of cases) await expect(read({ "train.txt": content })).rejects.toThrow(message);
});

test("files that should have one line a document each must agree", async () => {
  const texts = "a\nb\n";
  await expect(read({ "trn_X.txt": texts, "trn_X_Y.txt": "2 3\n1:1\n" })).rejects.toThrow(/ends before document 2/);
  await expect(read({ "trn_X.txt": texts, "trn_X_Y.txt": "0\n1\n2\n" })).rejects.toThrow(
    /trn_X_Y\.txt:3: more lines than the 2 documents/,
  );
});
