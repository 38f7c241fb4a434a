import { expect, test } from "vitest";
import { tagSlotAt } from "./slot.ts";

/** The text with `tags` completed at the bar, or undefined where the bar is in no tag list. */
function completed(marked: string, tags: readonly string[], path = "note.md"): string | undefined {
  const offset = marked.indexOf("|");
  const text = marked.slice(0, offset) + marked.slice(offset + 1);
  const slot = tagSlotAt({ path, text }, offset);
  return slot && text.slice(0, slot.replaceStart) + slot.insertText(tags) + text.slice(slot.replaceEnd);
}

const fm = (...lines: string[]) => `---\n${lines.map((it) => `${it}\n`).join("")}---\n`;

test.each([
  ["an empty flow list", fm("tags: [|]"), fm("tags: [x, y z]")],
  ["after a comma and a blank", fm("tags: [a, |]"), fm("tags: [a, x, y z]")],
  ["right after a comma", fm("tags: [a,|]"), fm("tags: [a, x, y z]")],
  ["in a list without blanks", fm("tags: [a,b,|]"), fm("tags: [a,b,x,y z]")],
  ["before a tag", fm("tags: [|a]"), fm("tags: [x, y z, a]")],
  ["between two tags", fm("tags: [a, |, b]"), fm("tags: [a, x, y z, b]")],
  ["on a half-typed tag", fm("tags: [a, mac|]"), fm("tags: [a, x, y z]")],
  ["in quotes", fm("tags: ['a', '|']"), fm("tags: ['a', 'x', 'y z']")],
  ["in an open quote", fm("tags: ['a', 'm|]"), fm("tags: ['a', 'x', 'y z']")],
  ["after a closed quote", fm("tags: ['a'|]"), fm("tags: ['a', 'x', 'y z']")],
  ["in an unclosed list", fm("tags: [a, |", "title: t"), fm("tags: [a, x, y z]", "title: t")],
  ["on a line of its own", fm("tags: [", "  a,", "  |", "]"), fm("tags: [", "  a,", "  x,", "  y z", "]")],
  ["a fresh row", fm("tags:", "  - a", "  - |"), fm("tags:", "  - a", "  - x", "  - y z")],
  ["a row without its blank", fm("tags:", "- a", "-|"), fm("tags:", "- a", "- x", "- y z")],
  ["a half-typed row", fm("tags:", "  - ma|", "x: 1"), fm("tags:", "  - x", "  - y z", "x: 1")],
  ["a row in quotes", fm("tags:", '  - "m|"'), fm("tags:", '  - "x"', '  - "y z"')],
  ["rows with quotes", fm("tags:", "  - 'a'", "  - |"), fm("tags:", "  - 'a'", "  - 'x'", "  - 'y z'")],
  ["no value", fm("tags: |"), fm("tags: [x, y z]")],
  ["no value and no blank", fm("tags:|"), fm("tags: [x, y z]")],
  ["no value, a comment", fm("tags: |# c"), fm("tags: [x, y z] # c")],
  ["no value beside rows", fm("tags:|", "authors:", "- me"), fm("tags:", "- x", "- y z", "authors:", "- me")],
  ["above the rows", fm("tags:|", "    - a"), fm("tags:", "    - x", "    - y z", "    - a")],
  ["a comma scalar", fm("tags: a, |"), fm("tags: a, x, y z")],
  ["a half-typed comma scalar", fm("tags: a, m|"), fm("tags: a, x, y z")],
  ["a quoted comma scalar", fm('tags: "a, |"'), fm('tags: "a, x, y z"')],
  ["a blank scalar", fm("tags: a b |"), fm("tags: a b x y-z")],
  ["a lone word", fm("tags: m|"), fm("tags: [x, y z]")],
  ["a nested key", fm("taxonomies:", "  tags: [|]"), fm("taxonomies:", "  tags: [x, y z]")],
  ["CRLF", "---\r\ntags:\r\n- |\r\n---\r\n", "---\r\ntags:\r\n- x\r\n- y z\r\n---\r\n"],
  ["front matter that is being started", "---\ntags: |", "---\ntags: [x, y z]"],
  ["TOML", '+++\ntags = ["a", |]\n+++\n', '+++\ntags = ["a", "x", "y z"]\n+++\n'],
  ["TOML without a value", "+++\ntags = |\n+++\n", '+++\ntags = ["x", "y z"]\n+++\n'],
  ["TOML in a table", "+++\n[taxonomies]\ntags = ['|']\n+++\n", "+++\n[taxonomies]\ntags = ['x', 'y z']\n+++\n"],
  [
    "TOML in an open quote",
    '+++\ntags = [\n  "a",\n  "b|\n]\n+++\n',
    '+++\ntags = [\n  "a",\n  "x",\n  "y z"\n]\n+++\n',
  ],
  ["JSON", '{\n "tags": ["a", "|"]\n}\n', '{\n "tags": ["a", "x", "y z"]\n}\n'],
  ["JSON without a value", '{\n "tags": |\n}\n', '{\n "tags": ["x", "y z"]\n}\n'],
])("completing %s keeps the style of the list", (_, marked, expected) => {
  expect(completed(marked, ["x", "y z"])).toBe(expected);
});

test("a sidecar has slots too", () => {
  expect(completed("tags:\n  - |", ["x"], "a.rst.tags.yaml")).toBe("tags:\n  - x");
});

test("what YAML would retype is quoted", () => {
  expect(completed(fm("tags: [a, |]"), ["no", "c: d"])).toBe(fm('tags: [a, "no", "c: d"]'));
});

test("the prefix is what is typed, without its quote", () => {
  const prefixAt = (marked: string) => {
    const offset = marked.indexOf("|");
    return tagSlotAt({ path: "a.md", text: marked.replace("|", "") }, offset)?.prefix;
  };
  expect(prefixAt(fm("tags: [a, machine le|]"))).toBe("machine le");
  expect(prefixAt(fm('tags: ["a", "mach|"]'))).toBe("mach");
  expect(prefixAt(fm("tags:", "  - mach|"))).toBe("mach");
  expect(prefixAt(fm("keywords: a, mach|"))).toBe("mach");
  expect(prefixAt(fm("tags: [a, |]"))).toBe("");
});

test("the region holds the tags that are there, also while the list is not valid", () => {
  const text = fm("tags: ['a', 'b', 'c");
  const slot = tagSlotAt({ path: "a.md", text }, text.indexOf("c") + 1);
  expect(slot?.region).toMatchObject({ format: "yaml", key: "tags" });
  expect(slot?.region.tags.map((it) => it.text)).toEqual(["a", "b", "c"]);
});

test.each([
  ["another key", fm("title: a|")],
  ["a key", fm("ta|gs: [a]")],
  ["after the list", fm("tags: [a]|")],
  ["a comment", fm("tags: [a] # b|")],
  ["a comment of a row", fm("tags:", "  - a # b|")],
  ["an object", fm("tags:", "  - label: B|")],
  ["an anchored list", fm("tags: &x [|]")],
  ["a mapping", fm("tags: {a: |}")],
  ["a key of that name elsewhere", fm("x:", "  tags: [|]")],
  ["the body", `${fm("tags: [a]")}tags: [|]`],
  ["no front matter", "tags: [|]"],
])("there is no slot in %s", (_, marked) => {
  expect(completed(marked, ["x"])).toBeUndefined();
});
