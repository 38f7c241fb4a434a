import { expect, test } from "vitest";
import { readTags } from "./read-tags.ts";

const tagsIn = (text: string, path = "note.md") => readTags({ path, text }).tags;

test.each([
  ["a word", "Some #cooking here", ["cooking"]],
  ["the start of a line", "#cooking", ["cooking"]],
  ["a nested tag", "#a/b-c_d.", ["a/b-c_d"]],
  ["letters of any script and emoji", "#naïve #日本 #🍲", ["naïve", "日本", "🍲"]],
  ["a letter after digits", "#1984 #y1984 #2024-goals", ["y1984", "2024-goals"]],
  ["an escaped sign, a URL and a link target", "\\#a http://x.y/#b [c](#c) (#d) x#e", []],
  ["a link definition", "[x]: #anchor", []],
  ["headings", "# Title\n## Sub #a\n> # Quoted #b\n#nospace", ["nospace"]],
  ["colours", "#fff #FFFFFF #a1b2c3 #abc color: #facade #feed", ["feed"]],
  ["code spans", "`#a` #b ``x ` #c`` #d", ["b", "d"]],
  ["code fences", "```sh\n#a\n```\n#b\n~~~\n#c\n```\n#d\n~~~\n#e", ["b", "e"]],
  ["a fence in a quote", "> ```\n> #a\n> ```\n#b", ["b"]],
  ["an unclosed fence", "#a\n```\n#b", ["a"]],
  ["indented code", "    #a\n\t#b\n  #c", ["c"]],
  ["HTML comments", "<!-- #a --> #b <!--\n#c\n--> #d", ["b", "d"]],
  ["C# and sharps", "C# and F #", []],
  ["the same tag twice", "#Cooking #cooking", ["Cooking"]],
])("in running text: %s", (_, text, expected) => {
  expect(tagsIn(text)).toEqual(expected);
});

test("inline tags stand at their place, after front matter, and are read only", () => {
  const text = "---\ntags: [a]\n---\nx #b";
  const { regions, tags } = readTags({ path: "a.md", text });
  expect(tags).toEqual(["a", "b"]);
  expect(regions[1]).toMatchObject({
    format: "inline-hash",
    tags: [{ text: "b", start: text.length - 2, end: text.length }],
  });
  expect(regions[1]!.refusal).toMatch(/read only/);
});

test("inline tags count only where asked for, and in text that can have them", () => {
  expect(readTags({ path: "a.md", text: "#a" }, { inlineTags: false }).tags).toEqual([]);
  expect(tagsIn("#a", "a.txt")).toEqual(["a"]);
  expect(tagsIn("#a", "a.rst")).toEqual([]);
});
