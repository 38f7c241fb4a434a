import { expect, test } from "vitest";
import { bodyText } from "./body-text.ts";
import { readTags } from "./read-tags.ts";

const body = (text: string, path = "note.md") => bodyText({ path, text }, readTags({ path, text }));

test.each([
  ["YAML", '---\ntitle: "A, b: c" # x\ntags: [no]\n---\n\nBody\n', "A, b: c\n\nBody\n"],
  ["a folded title", "---\ntitle: >-\n  long\n  title\nx: 1\n---\nBody", "long title\n\nBody"],
  ["a title that is no YAML", "---\ntitle: Rust: a tour\n---\nBody", "Rust: a tour\n\nBody"],
  ["an error elsewhere", "---\nx: a: b\ntitle: T\n---\nBody", "T\n\nBody"],
  ["TOML", '+++\ntitle = "x \\"y\\""\n[z]\ntitle = "no"\n+++\nBody', 'x "y"\n\nBody'],
  ["JSON", '{"tags": [], "title": "T"}\nBody', "T\n\nBody"],
  ["no title", "---\nsubtitle: x\n---\nBody", "Body"],
  ["no front matter", "# Body\n", "# Body\n"],
  ["a thematic break", "---\nHello\n---\n", "---\nHello\n---\n"],
  ["a BOM and CRLF", "\ufeff---\r\ntitle: x\r\n---\r\na\r\nb\rc", "x\n\na\nb\nc"],
  ["front matter without an end", "---\ntitle: x\n\nBody", "---\ntitle: x\n\nBody"],
])("a model reads title and body: %s", (_, text, expected) => {
  expect(body(text)).toBe(expected);
});

test("inline tags are cut out, wherever they stand, unless they count as words", () => {
  expect(body("---\ntitle: A walk\n---\nOn the #travel road, #nature/alps.\n#end")).toBe("A walk\n\nOn the  road, .\n");
  const source = { path: "note.md", text: "On the #travel road" };
  expect(bodyText(source, readTags(source, { inlineTags: false }))).toBe(source.text);
});

test("a sidecar has no text of its own", () => {
  expect(body("tags: [a]\n", "a.rst.tags.yaml")).toBe("");
});

test("a text of 10 MB is read in time that grows with its length", () => {
  const text = `---\ntitle: x\n---\n${"Some words here\r\n".repeat(600_000)}`;
  const start = performance.now();
  expect(body(text).length).toBe(3 + 600_000 * 16);
  expect(performance.now() - start).toBeLessThan(10_000);
});
