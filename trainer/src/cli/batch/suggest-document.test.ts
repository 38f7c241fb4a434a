import type { Model, Suggestion } from "@tagwright/model";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { suggestForDocument } from "./suggest-document.ts";

const suggestions: Suggestion[] = [
  { id: "c1", name: "boats", margin: 2, probability: 0.9 },
  { id: "Birds", name: "Birds", margin: 1, probability: 0.6 },
  { id: "c3", name: "bread", margin: 0, probability: 0.2 },
];

/** A model with fixed answers; it also tells what text it was asked about. */
function fixedModel() {
  const asked: string[] = [];
  const model: Pick<Model, "suggest"> = {
    async suggest(text, k) {
      asked.push(text);
      return suggestions.slice(0, k);
    },
  };
  return { asked, model: model as Model };
}

async function suggest(files: Record<string, string>, options: { top?: number; minProbability?: number } = {}) {
  const { model, asked } = fixedModel();
  const document = { folder: scratchFolder(files), relative: Object.keys(files)[0]!, named: true };
  const result = await suggestForDocument(model, document, { top: 5, minProbability: 0.5, tagOptions: {}, ...options });
  if (result.kind !== "suggested") return { result, asked, marks: [], entry: undefined };
  const marks = result.suggestions.map((it) => (it.present ? "=" : it.add ? "+" : " "));
  return { result, asked, marks, entry: result.plan?.entry };
}

test("sure tags are added by name, unsure ones shown only", async () => {
  const { marks, entry, asked } = await suggest({ "a.md": "---\ntags: [x]\n---\nBody.\n" });
  expect(marks).toEqual(["+", "+", " "]);
  expect(entry).toMatchObject({ path: "a.md", created: false, added: ["boats", "Birds"] });
  expect(asked).toEqual(["Body.\n"]);
});

test("a model is asked about the text without its inline tags, as in training", async () => {
  const { asked } = await suggest({ "a.md": "By #boats to the isles.\n" });
  expect(asked).toEqual(["By  to the isles.\n"]);
});

test("a page about the folder is left alone unless it has tags or is named itself", async () => {
  const { model } = fixedModel();
  const options = { top: 5, minProbability: 0.5, tagOptions: {} };
  const folder = scratchFolder({ "README.md": "Boats.\n", "sub/CHANGELOG.md": "---\ntags: [x]\n---\nBoats.\n" });
  const ask = (relative: string, named: boolean) => suggestForDocument(model, { folder, relative, named }, options);
  expect(await ask("README.md", false)).toMatchObject({
    kind: "skipped",
    reason: expect.stringMatching(/about the folder/),
  });
  expect(await ask("README.md", true)).toMatchObject({ kind: "suggested" });
  expect(await ask("sub/CHANGELOG.md", false)).toMatchObject({ kind: "suggested" });
});

test("a tag that is there by id, by name or in another case is not added again", async () => {
  expect((await suggest({ "a.md": "---\ntags: [c1, birds]\n---\nBody.\n" })).marks).toEqual(["=", "=", " "]);
  expect((await suggest({ "a.md": "Body with #BOATS.\n" })).marks).toEqual(["=", "+", " "]);
});

test("plain text is tagged in a sidecar, new or there already", async () => {
  const fresh = await suggest({ "a.rst": "Body.\n" });
  expect(fresh.entry).toMatchObject({ path: "a.rst.tags.yaml", created: true, added: ["boats", "Birds"] });
  const existing = await suggest({ "a.rst": "Body.\n", "a.rst.tags.yaml": "tags: [boats]\n" });
  expect(existing.marks).toEqual(["=", "+", " "]);
  expect(existing.entry).toMatchObject({ path: "a.rst.tags.yaml", created: false, added: ["Birds"] });
});

test("a tag list that cannot be edited safely is left alone, with the reason", async () => {
  const { result, marks, entry } = await suggest({ "a.md": "---\nbase: &b [x]\ntags: *b\n---\nBody.\n" });
  expect(marks).toEqual(["+", "+", " "]);
  expect(entry).toBeUndefined();
  expect(result).toMatchObject({ refusal: expect.stringMatching(/alias/i) });
});

test("a document without text gets no suggestions", async () => {
  const { result, asked } = await suggest({ "a.md": "---\ntags: []\n---\n\n" });
  expect(result).toEqual({ kind: "skipped", reason: "it has no text" });
  expect(asked).toEqual([]);
});

test("top and the smallest probability are obeyed", async () => {
  expect((await suggest({ "a.md": "Body.\n" }, { top: 1 })).marks).toEqual(["+"]);
  expect((await suggest({ "a.md": "Body.\n" }, { minProbability: 0.95 })).entry).toBeUndefined();
  expect((await suggest({ "a.md": "Body.\n" }, { minProbability: 0 })).marks).toEqual(["+", "+", "+"]);
});
