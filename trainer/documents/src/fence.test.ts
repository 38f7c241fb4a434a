// The scanner rules of the format survey, row by row.
import { expect, test } from "vitest";
import { scanFrontMatter } from "./fence.ts";

const contentOf = (text: string) => {
  const found = scanFrontMatter(text);
  return found?.closed
    ? [found.format, text.slice(found.contentStart, found.contentEnd), text.slice(found.end)]
    : found;
};

test.each([
  ["three dashes", "---\na: 1\n---\nx", ["yaml", "a: 1\n", "x"]],
  ["a closer of dots", "---\na: 1\n...\nx", ["yaml", "a: 1\n", "x"]],
  ["CRLF", "---\r\na: 1\r\n---\r\nx", ["yaml", "a: 1\r\n", "x"]],
  ["a BOM, which counts as a position", "\ufeff---\na: 1\n---\nx", ["yaml", "a: 1\n", "x"]],
  ["blanks after the fences", "--- \t\na: 1\n---  \nx", ["yaml", "a: 1\n", "x"]],
  ["a blank first line", "---\n\na: 1\n---\n", ["yaml", "\na: 1\n", ""]],
  ["no line break after the closer", "---\na: 1\n---", ["yaml", "a: 1\n", ""]],
  ["nothing inside", "---\n---\nx", ["yaml", "", "x"]],
  ["only a comment inside", "---\n# c\n---\nx", ["yaml", "# c\n", "x"]],
  ["a language", "---toml\na = 1\n---\nx", ["toml", "a = 1\n", "x"]],
  ["plus signs", "+++\na = 1\n+++\nx", ["toml", "a = 1\n", "x"]],
  ["dots within TOML", '+++\na = """\n...\n"""\n+++\nx', ["toml", 'a = """\n...\n"""\n', "x"]],
  ["an indented fence in a block scalar", "---\na: |\n  ---\nb: 2\n---\nx", ["yaml", "a: |\n  ---\nb: 2\n", "x"]],
  ["braces", '{"a": "}{", "b": [{}]}\nx', ["json", '{"a": "}{", "b": [{}]}', "x"]],
  ["words after dashes inside", "---\na: 1\n--- x\nb: 2\n---\ny", ["yaml", "a: 1\n--- x\nb: 2\n", "y"]],
  ["four dashes inside", "---\na: 1\n----\nb: 2\n---\ny", ["yaml", "a: 1\n----\nb: 2\n", "y"]],
  ["words after dots inside", "---\na: 1\n... x\nb: 2\n---\ny", ["yaml", "a: 1\n... x\nb: 2\n", "y"]],
  ["words after plus signs inside", "+++\na = 1\n+++ x\n+++\ny", ["toml", "a = 1\n+++ x\n", "y"]],
  ["four plus signs inside", "+++\na = 1\n++++\n+++\ny", ["toml", "a = 1\n++++\n", "y"]],
  ["blanks after plus signs", "+++ \na = 1\n+++\t \nx", ["toml", "a = 1\n", "x"]],
  ["blanks after semicolons", ';;;\t\n"a": 1\n;;; \nx', ["json", '"a": 1\n', "x"]],
  ["blanks after a closing fence only", '"a": 1\n;;; \t\nx', ["json", '"a": 1\n', "x"]],
  ["words after semicolons inside", '"a": 1,\n;;; x\n"b": 2\n;;;\ny', ["json", '"a": 1,\n;;; x\n"b": 2\n', "y"]],
  ["CRLF after semicolons and blanks", '"a": 1\r\n;;; \r\nx', ["json", '"a": 1\r\n', "x"]],
  ["semicolons", ';;;\n"a": 1\n;;;\nx', ["json", '"a": 1\n', "x"]],
  ["a closing fence only, as Hexo's JSON has it", '"a": 1\n;;;\nx', ["json", '"a": 1\n', "x"]],
])("front matter with %s is found", (_, text, expected) => {
  expect(contentOf(text)).toEqual(expected);
});

test.each([
  ["a thematic break", "---\n\nSome text\n"],
  ["fences around prose", "---\nHello\n---\n"],
  ["fences around a list", "---\n- a\n- b\n---\n"],
  ["four dashes", "----\na: 1\n----\n"],
  ["a fence on line 2", "\n---\na: 1\n---\n"],
  ["an indented fence", " ---\na: 1\n---\n"],
  ["an unknown language", "---lua\na: 1\n---\n"],
  ["words after the fence", "--- a: 1\n---\n"],
  ["a Liquid tag", "{% include x %}\n"],
  ["a shortcode", '{{< figure src="x" >}}\n'],
  ["text after the braces", '{"a": 1} is JSON\n'],
  ["an empty text", ""],
  ["plain text", "Hello\n"],
])("%s is no front matter", (_, text) => {
  expect(scanFrontMatter(text)).toBeUndefined();
});

test("front matter without its closer reaches to the first blank line", () => {
  const text = "---\ntitle: x\ntags: [\n\nBody: here\n";
  expect(scanFrontMatter(text)).toMatchObject({ closed: false, contentEnd: text.indexOf("\nBody") });
});

test("a closer after 1000 lines or 64 KB is not looked for", () => {
  expect(scanFrontMatter(`---\n${"a: 1\n".repeat(999)}---\n`)).toMatchObject({ closed: true });
  expect(scanFrontMatter(`---\n${"a: 1\n".repeat(1001)}---\n`)).toMatchObject({ closed: false });
  expect(scanFrontMatter(`---\na: ${"x".repeat(70_000)}\n---\n`)).toMatchObject({ closed: false });
});
