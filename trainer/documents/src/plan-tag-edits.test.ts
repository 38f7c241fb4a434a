// Every row of "measured behaviours" in the format survey that is about edits, and the choices made where it leaves one.
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { applyEdits } from "./edits.ts";
import { planTagEdits } from "./plan-tag-edits.ts";
import type { TagOptions } from "./tag-location.ts";

interface Row {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  readonly path?: string;
  readonly options?: TagOptions;
}

/** `before` with every tag of `add` added. */
function added({ before, path = "note.md", options }: Omit<Row, "what" | "after">, ...add: string[]): string {
  const plan = planTagEdits({ path, text: before }, { add }, options);
  if (plan.kind === "refused") return `refused: ${plan.reason}`;
  return applyEdits(before, plan.edits);
}

function removed(before: string, ...remove: string[]): string {
  const plan = planTagEdits({ path: "note.md", text: before }, { remove });
  return plan.kind === "refused" ? `refused: ${plan.reason}` : applyEdits(before, plan.edits);
}

const fm = (...lines: string[]) => `---\n${lines.map((it) => `${it}\n`).join("")}---\nBody\n`;

const rows: Row[] = [
  { what: "a flow list", before: fm("tags: [a, b]"), after: fm("tags: [a, b, new]") },
  { what: "a flow list without blanks", before: fm("tags: [a,b]"), after: fm("tags: [a,b,new]") },
  { what: "a flow list with inner blanks", before: fm("tags: [ a, b ]"), after: fm("tags: [ a, b, new ]") },
  { what: "a flow list with a trailing comma", before: fm("tags: [a, b,]"), after: fm("tags: [a, b, new,]") },
  { what: "a flow list in single quotes", before: fm("tags: ['a', 'b']"), after: fm("tags: ['a', 'b', 'new']") },
  { what: "a flow list in double quotes", before: fm('tags: ["a", "b"]'), after: fm('tags: ["a", "b", "new"]') },
  { what: "a flow list with some quotes", before: fm('tags: [a, "x: y"]'), after: fm('tags: [a, "x: y", new]') },
  { what: "a flow list after a tab", before: fm("tags:\t['a']"), after: fm("tags:\t['a', 'new']") },
  { what: "an empty flow list", before: fm("tags: []"), after: fm("tags: [new]") },
  { what: "a flow list before a comment", before: fm("tags: [a] # x"), after: fm("tags: [a, new] # x") },
  {
    what: "a flow list on several lines",
    before: fm("tags: [", "  a,", "  b", "]"),
    after: fm("tags: [", "  a,", "  b,", "  new", "]"),
  },
  {
    what: "a flow list on several lines with a trailing comma and a comment",
    before: fm("tags: [", "    a,", "    b, # keep", "]"),
    after: fm("tags: [", "    a,", "    b, # keep", "    new,", "]"),
  },
  {
    what: "a flow list whose last line has a comment and no comma",
    before: fm("tags: [", "  a, # one", "  b # two", "  ]"),
    after: fm("tags: [", "  a, # one", "  b, # two", "  new", "  ]"),
  },
  {
    what: "a flow list with leading commas",
    before: fm("tags: [ a", "  , b", "  ]"),
    after: fm("tags: [ a", "  , b", "  , new", "  ]"),
  },
  { what: "a block list", before: fm("tags:", "  - a", "  - b"), after: fm("tags:", "  - a", "  - b", "  - new") },
  { what: "a zero-indent list", before: fm("tags:", "- a", "x: 1"), after: fm("tags:", "- a", "- new", "x: 1") },
  {
    what: "a block list with wide dashes",
    before: fm("tags:", "    -   a"),
    after: fm("tags:", "    -   a", "    -   new"),
  },
  {
    what: "a block list with comments before, after and within",
    before: fm("tags: # mine", "  # first", "  - a # one", "  # then", "  - b # two", "", "x: 0x1F"),
    after: fm("tags: # mine", "  # first", "  - a # one", "  # then", "  - b # two", "  - new", "", "x: 0x1F"),
  },
  {
    what: "a block list with an anchored key elsewhere",
    before: fm("a: &x {b: 1e3}", "tags:", "- a", "c: *x"),
    after: fm("a: &x {b: 1e3}", "tags:", "- a", "- new", "c: *x"),
  },
  { what: "a row that is begun", before: fm("tags:", "- a", "- "), after: fm("tags:", "- a", "- new") },
  { what: "a sole empty row", before: fm("tags:", "  -", "x: 1"), after: fm("tags:", "  - new", "x: 1") },
  { what: "an empty key", before: fm("tags:", "x: 1"), after: fm("tags:", "  - new", "x: 1") },
  { what: "an empty key with a comment", before: fm("tags: # none"), after: fm("tags: # none", "  - new") },
  { what: "tags that are a comment", before: fm("tags: #a #b"), after: fm("tags: #a #b", "  - new") },
  {
    what: "an empty key beside zero-indent lists",
    before: fm("tags:", "authors:", "- x"),
    after: fm("tags:", "- new", "authors:", "- x"),
  },
  { what: "a null", before: fm("tags: ~"), after: fm("tags: [new]") },
  { what: "an empty string", before: fm('tags: ""'), after: fm("tags: [new]") },
  { what: "a comma scalar", before: fm("tags: a, b # x"), after: fm("tags: a, b, new # x") },
  { what: "a tight comma scalar", before: fm("tags: a,b"), after: fm("tags: a,b,new") },
  { what: "a quoted comma scalar", before: fm('tags: "a, b"'), after: fm('tags: "a, b, new"') },
  { what: "a blank scalar", before: fm("tags: a b"), after: fm("tags: a b new") },
  { what: "a quoted blank scalar", before: fm("tags: 'a b'"), after: fm("tags: 'a b new'") },
  { what: "a single tag", before: fm("tags: a # x"), after: fm("tags: [a, new] # x") },
  { what: "a single quoted tag", before: fm("tags: 'no'"), after: fm("tags: ['no', 'new']") },
  { what: "a single keyword of two words", before: fm("keywords: a b"), after: fm("keywords: [a b, new]") },
  { what: "a missing key", before: fm("title: x"), after: fm("title: x", "tags:", "  - new") },
  {
    what: "a missing key after a flow list",
    before: fm("title: x", "authors: [me]"),
    after: fm("title: x", "authors: [me]", "tags: [new]"),
  },
  {
    what: "a missing key after a block of text",
    before: fm("x: |+", "  y", ""),
    after: fm("x: |+", "  y", "", "tags:", "  - new"),
  },
  {
    what: "a list beside a quoted text on several lines without indentation",
    before: fm('x: "a:', "it's", '- b" # c', "tags: [a]", "y: 'q", "''r'"),
    after: fm('x: "a:', "it's", '- b" # c', "tags: [a, new]", "y: 'q", "''r'"),
  },
  { what: "empty front matter", before: "---\n---\n", after: "---\ntags:\n  - new\n---\n" },
  { what: "front matter closed by dots", before: "---\na: 1\n...\nx", after: "---\na: 1\ntags:\n  - new\n...\nx" },
  { what: "no front matter", before: "Body\n", after: "---\ntags:\n  - new\n---\n\nBody\n" },
  { what: "an empty file", before: "", after: "---\ntags:\n  - new\n---\n" },
  {
    what: "a thematic break on line 1",
    before: "---\nHello\n---\n",
    after: "---\ntags:\n  - new\n---\n\n---\nHello\n---\n",
  },
  {
    what: "a BOM and CRLF",
    before: "\ufeff---\r\ntags:\r\n- a\r\n---\r\nx",
    after: "\ufeff---\r\ntags:\r\n- a\r\n- new\r\n---\r\nx",
  },
  { what: "a BOM before text", before: "\ufeffx\r\n", after: "\ufeff---\r\ntags:\r\n  - new\r\n---\r\n\r\nx\r\n" },
  {
    what: "Docusaurus objects in a flow list",
    before: fm("tags: [a, {label: B, permalink: /b}]"),
    after: fm("tags: [a, {label: B, permalink: /b}, new]"),
  },
  {
    what: "Docusaurus objects in a block list",
    before: fm("tags:", "  - label: B", "    permalink: /b"),
    after: fm("tags:", "  - label: B", "    permalink: /b", "  - new"),
  },
  { what: "a nested key", before: fm("taxonomies:", "  tags: [a]"), after: fm("taxonomies:", "  tags: [a, new]") },
  {
    what: "a missing nested key",
    before: fm("taxonomies:", "  topics: [a]", "x: 1"),
    after: fm("taxonomies:", "  topics: [a]", "  tags: [new]", "x: 1"),
    options: { keys: ["taxonomies.tags"] },
  },
  {
    what: "a nested key without its parent",
    before: fm("x: 1"),
    after: fm("x: 1", "taxonomies:", "  tags:", "    - new"),
    options: { keys: ["taxonomies.tags"] },
  },
  { what: "a key in another case", before: fm("Tags: [a]"), after: fm("Tags: [a, new]") },
  {
    what: "a configured key",
    before: fm("tags: [a]", "topics: [b]"),
    after: fm("tags: [a]", "topics: [b, new]"),
    options: { keys: ["topics", "tags"] },
  },
  { what: "a flow mapping", before: fm("{title: x}"), after: fm("{title: x, tags: [new]}") },
  {
    what: "a TOML array",
    before: "+++\ntags = [\"a\", 'b'] # x\n+++\n",
    after: "+++\ntags = [\"a\", 'b', 'new'] # x\n+++\n",
  },
  {
    what: "a TOML array on several lines",
    before: '+++\ntags = [\n  "a", # one\n  "b", # two\n]\n+++\n',
    after: '+++\ntags = [\n  "a", # one\n  "b", # two\n  "new",\n]\n+++\n',
  },
  { what: "a TOML string", before: '+++\ntags = "a"\n+++\n', after: '+++\ntags = ["a", "new"]\n+++\n' },
  {
    what: "TOML without tags before a table",
    before: "+++\nd = 2024-01-01\n\n[extra]\nz = 1\n+++\n",
    after: '+++\nd = 2024-01-01\ntags = ["new"]\n\n[extra]\nz = 1\n+++\n',
  },
  { what: "TOML with nothing", before: "+++\n+++\n", after: '+++\ntags = ["new"]\n+++\n' },
  {
    what: "Zola's table",
    before: '+++\n[taxonomies]\ntags = ["a"]\n+++\n',
    after: '+++\n[taxonomies]\ntags = ["a", "new"]\n+++\n',
  },
  {
    what: "Zola's table without tags",
    before: '+++\n[taxonomies]\nx = ["a"]\n\n[extra]\n+++\n',
    after: '+++\n[taxonomies]\nx = ["a"]\ntags = ["new"]\n\n[extra]\n+++\n',
    options: { keys: ["taxonomies.tags"] },
  },
  {
    what: "TOML without Zola's table",
    before: '+++\ntitle = "x"\n+++\n',
    after: '+++\ntitle = "x"\n[taxonomies]\ntags = ["new"]\n+++\n',
    options: { keys: ["taxonomies.tags"] },
  },
  {
    what: "JSON, whose array stays on its line",
    before: '{\n\t"tags": ["a","b"],\n\t"x": {}\n}\n\nBody',
    after: '{\n\t"tags": ["a","b","new"],\n\t"x": {}\n}\n\nBody',
  },
  { what: "JSON without tags", before: '{\n  "x": 1\n}\nBody', after: '{\n  "x": 1,\n  "tags": ["new"]\n}\nBody' },
  { what: "Hexo's JSON", before: '"tags": ["a"]\n;;;\nBody', after: '"tags": ["a", "new"]\n;;;\nBody' },
  { what: "fenced JSON", before: '---json\n{"tags": []}\n---\n', after: '---json\n{"tags": ["new"]}\n---\n' },
  { what: "HTML with front matter", before: fm("tags: [a]"), after: fm("tags: [a, new]"), path: "page.html" },
  { what: "a new sidecar", before: "", after: "tags:\n  - new\n", path: "a.rst.tags.yaml" },
  { what: "a sidecar with an end", before: "a: 1\n...\n", after: "a: 1\ntags:\n  - new\n...\n", path: "x.tags.yaml" },
  {
    what: "a sidecar without a final line break",
    before: "# mine\nby: me",
    after: "# mine\nby: me\ntags:\n  - new\n",
    path: "a.rst.tags.yaml",
  },
];

test.each(rows)("adding a tag to $what changes nothing else", ({ after, ...row }) => {
  expect(added(row, "new")).toBe(after);
  expect(added({ ...row, before: after }, "NEW"), "a second time").toBe(after);
});

test.each([
  ["an alias", fm("x: &x [a]", "tags: *x"), /alias \*x/],
  ["an anchored list", fm("tags: &x [a]", "y: *x"), /&x/],
  ["an anchored empty value", fm("tags: &x", "y: *x"), /&x/],
  ["a typed list", fm("tags: !mine [a]"), /!mine/],
  ["a duplicate key", fm("tags: [a]", "tags: [b]"), /more than once/],
  ["a duplicate key in another case", fm("tags: [a]", "Tags: [b]"), /more than once/],
  ["a literal block", fm("tags: |", "  a", "  b"), /block of text/],
  ["a folded block", fm("tags: >-", "  a", "  b"), /block of text/],
  ["a mapping", fm("tags:", "  a: 1"), /mapping/],
  ["a merged mapping", fm("x: &x {tags: [a]}", "<<: *x"), /merges/],
  ["YAML with an error", fm("title: a: b", "tags: [a]"), /not valid YAML.*line 1/],
  ["an unclosed list", fm("tags: [a", "x: 1"), /not valid YAML|closing bracket/],
  ["escapes between separators", fm('tags: "a, \\u0062"'), /escapes/],
  ["front matter without an end", "---\ntitle: x\n\nBody", /no closing line/],
  ["front matter that is not on line 1", "\n---\ntitle: x\n---\n", /line 1/],
  ["TOML with an error", "+++\ntags = [a]\n+++\n", /not valid TOML.*line 1/],
  ["TOML text of several lines", '+++\ntags = """a\nb"""\n+++\n', /several lines/],
  ["JSON with an error", '{"tags": ["a" "b"]}\nx', /not valid JSON/],
])("%s is refused with a reason", (_, before, reason) => {
  expect(added({ before }, "new")).toMatch(reason);
});

test("a file without a place for tags is refused and pointed to its sidecar", () => {
  expect(added({ before: "Title\n=====\n", path: "docs/a.rst" }, "new")).toContain("docs/a.rst.tags.yaml");
});

test("tags that are there already in another case or Unicode form are not added again", () => {
  const before = fm("tags: [Caf\u00e9]");
  expect(planTagEdits({ path: "a.md", text: before }, { add: ["cafe\u0301", " CAFÉ "] })).toEqual({
    kind: "edits",
    edits: [],
    added: [],
    removed: [],
  });
});

test("an inline tag of the body counts as there", () => {
  expect(added({ before: "Some #cooking here\n" }, "Cooking")).toBe("Some #cooking here\n");
});

test("blanks in a tag become hyphens where blanks separate", () => {
  expect(added({ before: fm("tags: a b") }, "machine learning")).toBe(fm("tags: a b machine-learning"));
});

test("a scalar becomes a list where it cannot hold the tag", () => {
  expect(added({ before: fm("tags: a, b") }, "c, d")).toBe(fm('tags: [a, b, "c, d"]'));
  expect(added({ before: fm("tags: a, b") }, "c: d")).toBe(fm('tags: [a, b, "c: d"]'));
  expect(added({ before: fm('tags: "a, b"') }, 'say "x"')).toBe(fm('tags: ["a", "b", "say \\"x\\""]'));
});

test("what a YAML 1.1 reader would retype is quoted", () => {
  const tags = [
    "no",
    "2024-01-01",
    "12:30",
    "1e3",
    "~",
    "#x",
    "a: b",
    "- c",
    "@d",
    "0x1F",
    "key:",
    "*e",
    "=",
    "y",
    "1_000",
  ];
  for (const before of [fm("tags: [a]"), fm("tags:", "  - a"), fm("tags:")]) {
    const text = added({ before }, ...tags);
    const content = text.slice(4, text.indexOf("---", 4));
    const value: unknown = parseDocument(content, { version: "1.1" }).toJS().tags;
    expect(value).toEqual([...(before.includes("a") && before !== fm("tags:") ? ["a"] : []), ...tags]);
  }
});

test.each([
  ["the first of a flow list", fm("tags: [a, b]"), fm("tags: [b]"), "a"],
  ["the middle of a flow list", fm("tags: ['x', a, b]"), fm("tags: ['x', b]"), "a"],
  ["the last of a flow list", fm("tags: [b, a]"), fm("tags: [b]"), "a"],
  ["the last before a trailing comma", fm("tags: [b, a,]"), fm("tags: [b,]"), "a"],
  ["all of a flow list", fm("tags: [a]"), fm("tags: []"), "a"],
  ["a row", fm("tags:", "  - a # x", "  - b"), fm("tags:", "  - b"), "a"],
  ["the last row", fm("tags: # c", "- b", "", "- a", "x: 1"), fm("tags: # c", "- b", "", "x: 1"), "a"],
  ["all rows", fm("tags: # c", "  - a", "x: 1"), fm("tags: [] # c", "x: 1"), "a"],
  [
    "a line with its comment",
    fm("tags: [", "  b, # b", "  a, # a", "  c", "]"),
    fm("tags: [", "  b, # b", "  c", "]"),
    "a",
  ],
  ["the last line with its comment", fm("tags: [", "  b, # b", "  a # a", "]"), fm("tags: [", "  b, # b", "]"), "a"],
  ["one of a comma scalar", fm("tags: b, a"), fm("tags: b"), "a"],
  ["one that leaves a word to quote", fm("tags: a, no"), fm('tags: ["no"]'), "a"],
  ["a single tag", fm("tags: a # x"), fm("tags: [] # x"), "a"],
  ["one of two keys", fm("tags: [b]", "keywords: [a, c]"), fm("tags: [b]", "keywords: [c]"), "A"],
  ["one that is not there", fm("tags: [b]"), fm("tags: [b]"), "a"],
])("removing %s leaves the rest as it was", (_, before, after, tag) => {
  expect(removed(before, tag)).toBe(after);
});

test.each([
  ["an object", fm("tags: [{label: a, permalink: /a}]"), /cannot be removed.*object/],
  ["an anchored item", fm("tags: [&x a]", "y: *x"), /cannot be removed.*anchor/],
  ["an inline tag", "Some #a here", /read only/],
])("%s is not removed", (_, before, reason) => {
  expect(removed(before, "a")).toMatch(reason);
});

test("removing and adding in one plan respells a tag in place", () => {
  const plan = planTagEdits(
    { path: "a.md", text: fm("tags: [x, java script] # c") },
    { add: ["JavaScript"], remove: ["java script"] },
  );
  expect(plan).toMatchObject({ kind: "edits", added: ["JavaScript"], removed: ["java script"] });
  expect(plan.kind === "edits" && applyEdits(fm("tags: [x, java script] # c"), plan.edits)).toBe(
    fm("tags: [x, JavaScript] # c"),
  );
});
