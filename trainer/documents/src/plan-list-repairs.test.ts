import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { applyEdits } from "./edits.ts";
import { planListRepairs } from "./plan-list-repairs.ts";
import { planTagEdits } from "./plan-tag-edits.ts";
import { normaliseTag, tagIdentity } from "./quoting.ts";
import { readTags } from "./read-tags.ts";

const fm = (...lines: string[]) => `---\n${lines.map((it) => `${it}\n`).join("")}---\nBody\n`;
const repairsOf = (text: string, path = "note.md") => planListRepairs({ path, text });
const repaired = (text: string, path?: string) => {
  const [repair, ...more] = repairsOf(text, path);
  expect(more).toEqual([]);
  return repair === undefined ? undefined : applyEdits(text, repair.edits);
};

test.each([
  ["words in a comment", fm("tags: #a #b/c", "x: 1"), fm("tags: [a, b/c]", "x: 1")],
  ["words in a comment with commas", fm("tags:\t#a, #no"), fm('tags:\t[a, "no"]')],
  [
    "an alias of a list",
    fm("x: &x", "  - a # one", "  - 'b, c'", "tags: *x # y"),
    fm("x: &x", "  - a # one", "  - 'b, c'", 'tags: [a, "b, c"] # y'),
  ],
  ["an alias of a text", fm("x: &x a, b", "tags: *x"), fm("x: &x a, b", "tags: [a, b]")],
  ["an alias in a flow mapping", fm("{x: &x [a], tags: *x}"), fm("{x: &x [a], tags: [a]}")],
  [
    "a literal block",
    fm("tags: |", "  a", "  b, c", "", "# d", "x: 1"),
    fm("tags:", "  - a", "  - b", "  - c", "", "# d", "x: 1"),
  ],
  ["a folded block with a comment", fm("tags: >-  # mine", "    a", "    b"), fm("tags:  # mine", "  - a b")],
  [
    "a nested block, in the indentation of other lists",
    fm("authors:", "- x", "taxonomies:", "  tags: |+", "    a", "    no", ""),
    fm("authors:", "- x", "taxonomies:", "  tags:", "    - a", '    - "no"', ""),
  ],
  [
    "a block of text beside a zero-indent list",
    fm("authors:", "- x", "tags: |", "  a"),
    fm("authors:", "- x", "tags:", "- a"),
  ],
  [
    "a key that is there twice",
    fm("tags: [a] # one", "x: 1 # two", "tags:", "  - b", "  - A", "y: 2"),
    fm("tags: [a, b] # one", "x: 1 # two", "y: 2"),
  ],
  ["a key that is there three times, the first one empty", fm("tags:", "Tags: a", "TAGS: ['c']"), fm("Tags: [a, c]")],
])("%s becomes a list", (_, before, after) => {
  expect(repaired(before)).toBe(after);
  expect(repairsOf(after)).toEqual([]);
  expect(planTagEdits({ path: "note.md", text: after }, { add: ["new"] }).kind).toBe("edits");
});

test("what is repaired says why and with which tags", () => {
  expect(repairsOf(fm("tags: #a #b", "keywords: |", "  c"))).toMatchObject([
    { fault: "comment", key: "tags", tags: ["a", "b"] },
    { fault: "text", key: "keywords", tags: ["c"] },
  ]);
  expect(repairsOf(fm("x: &x [a]", "tags: *x"))).toMatchObject([{ fault: "alias", tags: ["a"] }]);
  expect(repairsOf(fm("tags: [a]", "tags: [b]"))).toMatchObject([{ fault: "duplicate", tags: ["a", "b"] }]);
});

test("an alias is read one step, and only where it stands for tags", () => {
  const read = (text: string) => readTags({ path: "note.md", text }).tags;
  expect(read(fm("x: &x [a, b]", "tags: *x"))).toEqual(["a", "b"]);
  expect(read(fm("x: &x [a, [b]]", "tags: *x"))).toEqual([]);
  expect(read(fm("x: &x [a]", "y: &y [*x]", "tags: *y"))).toEqual([]);
  expect(read(fm("tags: *x"))).toEqual([]);
});

test.each([
  ["a list", fm("tags: [a] #b")],
  ["a comment in prose", fm("tags: # no tags yet")],
  ["a comment that is not only words", fm("tags: #a and more")],
  ["a written null before a comment", fm("tags: ~ #a")],
  ["an alias of a mapping", fm("x: &x {a: 1}", "tags: *x")],
  ["an alias of a list with a list in it", fm("x: &x [a, [b]]", "tags: *x")],
  ["an alias of nothing", fm("tags: *x")],
  ["an anchored block of text", fm("tags: &x |", "  a", "y: *x")],
  ["an empty block of text", fm("tags: |", "x: 1")],
  ["broken YAML", fm("title: a: b", "tags: |", "  a")],
  ["a duplicate with a comment", fm("tags: [a]", "tags:", "  - b # mine")],
  ["a duplicate with a value of another kind", fm("tags: [a]", "tags: {b: 1}")],
  ["a duplicate with an object", fm("tags: [a]", "tags: [{label: b, permalink: /b}]")],
  ["a duplicate that an alias refers to", fm("tags: [a]", "tags: &x [b]", "y: *x")],
  ["a duplicate in a flow mapping", fm("{tags: [a], tags: [b]}")],
  ["a duplicate in another parent", fm("taxonomies:", "  tags: [a]", "taxonomies:", "  tags: [b]")],
  ["a duplicate whose first list cannot hold the words", fm("tags: a b", "tags: [machine learning]")],
  ["duplicates in JSON", '{"tags": ["a"], "tags": ["b"]}\nBody'],
  ["TOML", '+++\ntags = "a"\n+++\n'],
  ["a file without front matter", "#a #b\n"],
])("%s is left alone", (_, text) => {
  expect(repairsOf(text)).toEqual([]);
});

test("a sidecar without a final line break is repaired", () => {
  expect(repaired("tags: |\n  a\n  b", "a.rst.tags.yaml")).toBe("tags:\n  - a\n  - b");
  expect(repaired("tags: [a]\ntags: [b]", "a.rst.tags.yaml")).toBe("tags: [a, b]\n");
});

const word = fc.constantFrom("cooking", "c++", "18F", "日本語", "x/y", "no", "2024", "12:30", "it's", "[z]", "a:", "~");
const phrase = fc.constantFrom("machine learning", "a: b", '"q"', "x #y", "- d", "\\n", "@me");
const some = (tag: fc.Arbitrary<string>) => fc.uniqueArray(tag, { selector: tagIdentity, minLength: 1, maxLength: 4 });
const quoted = (tag: string) => `'${tag.replaceAll("'", "''")}'`;
const flow = (tags: readonly string[]) => `[${tags.map(quoted).join(", ")}]`;

/** Front matter around one faulty value; `kept` are the stretches that a repair may not touch. */
const faulty = fc.oneof(
  some(word).map((tags) => ({
    tags,
    kept: ["tags:  ", "\n"],
    text: `tags:  ${tags.map((it) => `#${it}`).join(" ")}\n`,
    isRead: false,
  })),
  some(fc.oneof(word, phrase)).map((tags) => ({
    tags,
    kept: [`x: &x ${flow(tags)} # c\ntags: `, " # [d]\n"],
    text: `x: &x ${flow(tags)} # c\ntags: *x # [d]\n`,
    isRead: true,
  })),
  fc
    .tuple(some(fc.oneof(word, phrase)), fc.constantFrom("|", ">", "|-", "|+", "|2-"), fc.constantFrom("", " # [d]"))
    .map(([tags, mark, comment]) => {
      const rows = tags.map((it) => `  ${it}\n${mark === ">" ? "\n" : ""}`).join("");
      return { tags, kept: ["tags:", `${comment}\n`, "\n"], text: `tags: ${mark}${comment}\n${rows}`, isRead: true };
    }),
  fc.tuple(some(fc.oneof(word, phrase)), some(fc.oneof(word, phrase))).map(([one, two]) => ({
    tags: [...new Map([...one, ...two].map((it) => [tagIdentity(it), it])).values()],
    kept: ["tags: [", "] # c\ny: 1 # [d]\nz: 2\n"],
    text: `tags: ${flow(one)} # c\ny: 1 # [d]\ntags:\n${two.map((it) => `  - ${quoted(it)}\n`).join("")}z: 2\n`,
    isRead: true,
  })),
);

test("a repair keeps the tags, the comments, the line breaks and everything around, and another parser reads a list", () => {
  fc.assert(
    fc.property(faulty, fc.boolean(), fc.boolean(), (it, crlf, bom) => {
      const written = (part: string) => (crlf ? part.replaceAll("\n", "\r\n") : part);
      const head = `${bom ? "\ufeff" : ""}${written('---\ntitle: "x" # t\n')}`;
      const tail = written("last: 0x1F\n---\n\nBody\ntags: [other]\n");
      const text = head + written(it.text) + tail;
      const source = { path: "note.md", text };
      const options = { inlineTags: false };
      if (it.isRead) expect(readTags(source, options).tags).toEqual(it.tags);
      const [repair] = planListRepairs(source, options);
      expect(repair?.tags).toEqual(it.tags);
      const result = applyEdits(text, repair!.edits);
      expect(result.startsWith(head) && result.endsWith(tail)).toBe(true);
      let at = head.length;
      for (const part of it.kept.map(written)) {
        expect(result.indexOf(part, at), JSON.stringify([result, part])).toBeGreaterThanOrEqual(0);
        at = result.indexOf(part, at) + part.length;
      }
      expect(/(?<!\r)\n/.test(result)).toBe(!crlf);
      expect(readTags({ path: "note.md", text: result }, options).tags).toEqual(it.tags);
      const content = result.slice(head.length, -tail.length).replaceAll("\r\n", "\n");
      const document = parseDocument(content, { version: "1.1" });
      expect(document.errors).toEqual([]);
      expect(document.toJS().tags).toEqual(it.tags.map(normaliseTag));
      expect(planListRepairs({ path: "note.md", text: result }, options)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
