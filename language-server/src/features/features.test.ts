import { expect, test } from "vitest";
import { CodeActionKind, CompletionTriggerKind, type InlineCompletionItem, type TextEdit } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { codeActions, sourceKind } from "./code-actions.ts";
import { completion, resolveCompletion } from "./completion.ts";
import { documentSuggestions } from "./document-suggestions.ts";
import { contextOf, type FakeOptions } from "./fake-context.ts";
import { hover } from "./hover.ts";
import { inlineCompletion } from "./inline-completion.ts";
import { toSuggestedTags } from "./new-tags.ts";
import { isTagSlot } from "./tag-slot.ts";

const suggestions = { baking: 0.9, sourdough: 0.7, bread: 0.3 };

async function ghost(marked: string, options: FakeOptions = { suggestions }): Promise<string[]> {
  const context = contextOf(marked, options);
  const items = await inlineCompletion(context, context.position);
  return items.map((it) => accepted(context.document, it));
}

/** The text after the editor has put an item in. */
function accepted(document: TextDocument, { range, insertText }: InlineCompletionItem): string {
  return TextDocument.applyEdits(document, [{ range: range!, newText: String(insertText) }]);
}

test("ghost text puts all sure tags into a flow list, and the best one alone as the alternative", async () => {
  expect(await ghost("---\ntags: [|]\n---\nText")).toEqual([
    "---\ntags: [baking, sourdough]\n---\nText",
    "---\ntags: [baking]\n---\nText",
  ]);
});

test("ghost text goes on with a block list in its own style", async () => {
  const [first] = await ghost("---\ntags:\n  - baking\n  - |\n---\nText");
  expect(first).toBe("---\ntags:\n  - baking\n  - sourdough\n---\nText");
});

test("what the document has is not suggested again, whatever its case", async () => {
  expect(await ghost("---\ntags: [Baking, SOURDOUGH, |]\n---\nText")).toEqual([]);
});

test("typed letters choose the first tag, even one that the model is less sure of", async () => {
  expect(await ghost("---\ntags: [sour|]\n---\n")).toEqual([
    "---\ntags: [sourdough, baking]\n---\n",
    "---\ntags: [sourdough]\n---\n",
  ]);
  expect((await ghost("---\ntags: [bre|]\n---\n"))[0]).toContain("bread, baking, sourdough");
  expect(await ghost("---\ntags: [zz|]\n---\n")).toEqual([]);
});

test.each([
  ["in prose", "---\ntags: [a]\n---\nText |"],
  ["in another key", "---\ntitle: |\ntags: [a]\n---\n"],
  ["without front matter", "Some text |"],
])("nothing appears %s", async (_, marked) => {
  expect(await ghost(marked)).toEqual([]);
  const context = contextOf(marked, { suggestions });
  expect(isTagSlot(context, context.position)).toBe(false);
  expect((await completion(context, context.position)).items).toEqual([]);
});

test("the user's threshold wins over the model's, and the number of tags is bounded", async () => {
  const bold = { suggestions, settings: { minProbability: 0.2 } };
  expect((await ghost("---\ntags: [|]\n---\n", bold))[0]).toBe("---\ntags: [baking, sourdough, bread]\n---\n");
  const one = { suggestions, settings: { minProbability: 0.2, maxSuggestions: 1 } };
  expect(await ghost("---\ntags: [|]\n---\n", one)).toEqual(["---\ntags: [baking]\n---\n"]);
  expect(await ghost("---\ntags: [|]\n---\n", { suggestions, threshold: 0.95 })).toEqual([]);
});

const vocabulary = [
  { tag: "salt", altLabels: ["sodium chloride"], path: ["Cooking", "Ingredients"] },
  { tag: "soda bread", altLabels: [], path: [] },
];

test("completion ranks suggestions first, then the vocabulary, and is asked again with each letter", async () => {
  const context = contextOf("---\ntags: [|]\n---\n", { suggestions, vocabulary });
  const { items, isIncomplete } = await completion(context, context.position);
  expect(isIncomplete).toBe(true);
  const sorted = [...items].sort((a, b) => (a.sortText! < b.sortText! ? -1 : 1)).map((it) => it.label);
  expect(sorted).toEqual(["baking", "sourdough", "bread", "salt", "soda bread"]);
  expect(items[0]).toMatchObject({ preselect: true, detail: "Suggested: very likely" });
  expect(items.find((it) => it.label === "salt")).toMatchObject({
    filterText: "salt sodium chloride",
    labelDetails: { description: "Cooking › Ingredients" },
  });
});

test("the list does not pop up by itself over ghost text, but does where there is none", async () => {
  const popUp = async (options: FakeOptions) => {
    const context = contextOf("---\ntags: [|]\n---\n", { vocabulary, ...options });
    const kind = CompletionTriggerKind.TriggerCharacter;
    return (await completion(context, context.position, undefined, kind)).items.length;
  };
  expect(await popUp({ suggestions })).toBe(0);
  expect(await popUp({ suggestions: { bread: 0.1 } })).toBe(3);
  expect(await popUp({})).toBe(2);
});

test("a completion replaces the half-typed tag, an opening quote included", async () => {
  const context = contextOf('---\ntags: [a, "so|"]\n---\n', { vocabulary });
  const item = (await completion(context, context.position)).items.find((it) => it.label === "soda bread")!;
  const { range, newText } = item.textEdit as TextEdit;
  const start = context.document.offsetAt(range.start);
  const typed = context.document.getText().slice(start, context.document.offsetAt(context.position));
  expect(item.filterText!.startsWith(typed)).toBe(true);
  expect(TextDocument.applyEdits(context.document, [{ range, newText }])).toMatch(/tags: \[a, "soda bread"\]/);
});

const concepts = [
  {
    id: "urn:baking",
    tag: "baking",
    altLabels: ["oven work"],
    path: ["Cooking"],
    definition: "Making *food* with dry heat.",
    deprecated: false,
  },
];

test("the details of a completion come from the taxonomy, as plain text", async () => {
  const { folder } = contextOf("", { suggestions, concepts });
  const { documentation } = await resolveCompletion(folder, { label: "baking" });
  expect(documentation).toEqual({
    kind: "markdown",
    value: "Cooking › baking\n\nMaking \\*food\\* with dry heat.\n\nAlso: oven work",
  });
  expect(await resolveCompletion(folder, { label: "unknown" })).toEqual({ label: "unknown" });
});

test("hover says what a tag means, how likely it is here, and which words spoke for and against it", async () => {
  const terms = [
    { term: "flour", value: 2 },
    { term: "sea", value: -1.5 },
    { term: "oven", value: 1 },
  ];
  const context = contextOf("---\ntags: [bak|ing]\n---\n", { suggestions, concepts, terms });
  const result = await hover(context, context.position);
  expect(result).toEqual({
    range: { start: { line: 1, character: 7 }, end: { line: 1, character: 13 } },
    contents: {
      kind: "markdown",
      value: [
        "**baking**",
        "Cooking › baking",
        "Making \\*food\\* with dry heat.",
        "Very likely for this document: 90 %, the model's first choice.",
        "Words that spoke for it: “flour”, “oven”.",
        "Words that spoke against it: “sea”.",
      ].join("\n\n"),
    },
  });
});

test("hover tells what an encoder made of the text, and how much of it that has read", async () => {
  const say = async (embedding: NonNullable<FakeOptions["embedding"]>) => {
    const context = contextOf("---\ntags: [bak|ing]\n---\n", { suggestions, terms: [], embedding });
    const { contents } = (await hover(context, context.position)) as { contents: { value: string } };
    return contents.value.split("\n\n").slice(2);
  };
  expect(await say({ embedding: 0.4, read: "whole" })).toEqual(["What the text is about as a whole spoke for it."]);
  expect(await say({ embedding: -0.4, read: "beginning" })).toEqual([
    "What the text is about as a whole spoke against it.",
    "The text is long: for that, the model read its beginning.",
  ]);
  expect(await say({ embedding: 0.01, read: "whole" })).toEqual([]);
});

test("hover on a tag that the model never saw says so; without a model or taxonomy it says nothing", async () => {
  const text = "---\ntags: [unhea|rd]\n---\n";
  const known = contextOf(text, { suggestions });
  expect(await hover(known, known.position)).toMatchObject({
    contents: { value: expect.stringContaining("does not know") },
  });
  const nothing = contextOf(text);
  expect(await hover(nothing, nothing.position)).toBeNull();
  const prose = contextOf("---\ntags: [baking]\n---\nPro|se", { suggestions });
  expect(await hover(prose, prose.position)).toBeNull();
});

test("hover says nothing of what a model knows while that is read again and does not answer", async () => {
  const silent = contextOf("---\ntags: [bak|ing]\n---\n", { suggestions: {}, concepts });
  const { contents } = (await hover(silent, silent.position)) as { contents: { value: string } };
  expect(contents.value).toBe("**baking**\n\nCooking › baking\n\nMaking \\*food\\* with dry heat.");
});

async function actions(marked: string, only?: string[], options: FakeOptions = { suggestions }) {
  const context = contextOf(marked, options);
  const range = { start: context.position, end: context.position };
  return { context, found: await codeActions(context, range, { diagnostics: [], ...(only && { only }) }) };
}

test("the code action adds the sure tags by the smallest edit, for this version of the document", async () => {
  const { context, found } = await actions("---\r\ntags: [old|] # mine\r\n---\r\n", [CodeActionKind.QuickFix]);
  expect(found.map((it) => [it.title, it.kind])).toEqual([["Add suggested tags: baking, sourdough", "quickfix"]]);
  const [change] = found[0]!.edit!.documentChanges as [{ textDocument: object; edits: TextEdit[] }];
  expect(change.textDocument).toEqual({ uri: context.document.uri, version: 7 });
  const after = TextDocument.applyEdits(context.document, change.edits);
  expect(after).toBe("---\r\ntags: [old, baking, sourdough] # mine\r\n---\r\n");
});

test("outside the tag list it is only a source action, and nothing where nothing is to add", async () => {
  expect((await actions("---\ntags: [a]\n---\nPro|se")).found.map((it) => it.kind)).toEqual([sourceKind]);
  expect((await actions("---\ntags: [a]\n---\nPro|se", [CodeActionKind.QuickFix])).found).toEqual([]);
  expect((await actions("---\ntags: [a|]\n---\n", [CodeActionKind.Refactor])).found).toEqual([]);
  expect((await actions("---\ntags: [baking, sourdough|]\n---\n")).found).toEqual([]);
});

test("a list that cannot be edited safely gives an action that says why", async () => {
  const { found } = await actions("---\ntags: &a [x]\nkeywords: *a|\n---\n", undefined, {
    suggestions,
    settings: { tagOptions: { keys: ["keywords"] } },
  });
  const additions = found.filter((it) => it.title === "Add suggested tags");
  expect(additions.length).toBe(2);
  for (const it of additions) expect(it.disabled?.reason).toMatch(/alias/);
});

test.each([
  [
    "a comment",
    "---\r\ntags: #a #b|\r\n---\r\n",
    "Make the comment a list of tags: a, b",
    "---\r\ntags: [a, b]\r\n---\r\n",
  ],
  ["an alias", "---\nx: &x [a]\ntags: *x|\n---\n", "Convert tags to a list: a", "---\nx: &x [a]\ntags: [a]\n---\n"],
  [
    "a block of text",
    "---\ntags: >\n  a\n\n  b|\n---\n",
    "Convert tags to a list: a, b",
    "---\ntags:\n  - a\n  - b\n---\n",
  ],
  [
    "a key twice",
    "---\ntags: [a]\ntags: [b|]\n---\n",
    'Merge the keys "tags" into one list: a, b',
    "---\ntags: [a, b]\n---\n",
  ],
])("%s in the place of a list becomes one by a quick fix, without a model", async (_, marked, title, after) => {
  const { context, found } = await actions(marked, undefined, {});
  expect(found.map((it) => [it.title, it.kind])).toEqual([[title, CodeActionKind.QuickFix]]);
  const [change] = found[0]!.edit!.documentChanges as [{ textDocument: object; edits: TextEdit[] }];
  expect(change.textDocument).toEqual({ uri: context.document.uri, version: 7 });
  expect(TextDocument.applyEdits(context.document, change.edits)).toBe(after);
  expect((await actions(marked, [CodeActionKind.Source], {})).found).toEqual([]);
  expect((await actions(`${marked}Pro`.replace("|", "").concat("|se"), undefined, {})).found).toEqual([]);
});

test("the picker gets everything that the document lacks", async () => {
  const question = { ...contextOf("---\ntags: [baking]\n---\n", { suggestions }), openText: () => undefined };
  expect(await documentSuggestions({ ...question, uri: question.document.uri })).toMatchObject({
    suggestions: [
      { tag: "sourdough", probability: 0.7 },
      { tag: "bread", probability: 0.3 },
    ],
    existing: ["baking"],
    target: question.document.uri,
    threshold: 0.5,
  });
});

test("a kind of file without a place for tags has them in its sidecar", async () => {
  const context = contextOf("Title\n=====\n", { suggestions, path: "note.rst" });
  const { uri } = context.document;
  const openText = (it: string) => (it === `${uri}.tags.yaml` ? "tags: [baking]\n" : undefined);
  expect(await documentSuggestions({ ...context, uri, openText })).toMatchObject({
    suggestions: [{ tag: "sourdough" }, { tag: "bread" }],
    existing: ["baking"],
    target: `${uri}.tags.yaml`,
  });
});

test("a concept is there when the document names it by its id or by its name", () => {
  const list = [{ id: "urn:1", name: "Sea", margin: 1, probability: 1 }];
  expect(toSuggestedTags(list, ["sea"])).toEqual([]);
  expect(toSuggestedTags(list, ["urn:1"])).toEqual([]);
  expect(toSuggestedTags(list, ["ocean"])).toEqual([{ tag: "Sea", probability: 1 }]);
});
