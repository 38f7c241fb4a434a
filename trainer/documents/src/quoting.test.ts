import fc from "fast-check";
import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { isPlainSafe, normaliseTag, type Quote, tagIdentity, writeTag } from "./quoting.ts";

const awkward = [
  ..."y n Y N yes no on off True FALSE null ~ = << - ? : # @ & * ! | > % { [ , ' \" `".split(" "),
  ..."1 . +. -1 +1 1.5 .5 1e3 1_000 0x1F 0b1 0o17 017 1:30 12:30:45 2024-01-01 2024-1-1T10:00:00Z .inf -.INF .nan 1,2".split(
    " ",
  ),
  ..."a: a:b a#b #a --- ... -a ?a c++ c# 18F 3d it's x[0] {x} a,b @me 日本語 naïve 🍲 ---x !!str &x *x".split(" "),
  ...[
    "a: b",
    "a #b",
    "- a",
    "? a",
    "a\\b",
    'say "hi"',
    "\u0085",
    "a\u2028b",
    "\ufeffa",
    "\u0007",
    "a\u007fb",
    "<<",
    "a - b",
  ],
];
const tag = fc
  .oneof(fc.constantFrom(...awkward), fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }))
  .map(normaliseTag);
const written = tag.filter((it) => it !== "");
const quote = fc.constantFrom<Quote>("", "'", '"');

test.each(["1.1", "1.2"] as const)("a tag written in YAML is that very string to readers of YAML %s", (version) => {
  const read = (source: string) => {
    const document = parseDocument(source, { version });
    expect(document.errors).toEqual([]);
    return document.toJS().tags;
  };
  fc.assert(
    fc.property(written, quote, (it, style) => {
      expect(read(`tags: [${writeTag(it, "yaml-flow", style)}, x]\n`)).toEqual([it, "x"]);
      expect(read(`tags:\n  - ${writeTag(it, "yaml-block", style)}\n  - x\n`)).toEqual([it, "x"]);
    }),
    { numRuns: 500 },
  );
});

test("a tag written in TOML and JSON is that very string", () => {
  fc.assert(
    fc.property(written, quote, (it, style) => {
      expect(getStaticTOMLValue(parseTOML(`tags = [${writeTag(it, "toml", style)}]`))).toEqual({ tags: [it] });
      expect(JSON.parse(writeTag(it, "json", style))).toBe(it);
    }),
    { numRuns: 300 },
  );
});

test("ordinary words stay without quotes", () => {
  for (const it of [
    "cooking",
    "machine learning",
    "c++",
    "c#",
    "18F",
    "naïve",
    "日本語",
    "a/b",
    "a-b",
    "it's",
    "v1.2.3",
    "3d",
  ]) {
    expect(writeTag(it, "yaml-flow", ""), it).toBe(it);
  }
  expect(isPlainSafe("x[0]", false)).toBe(true);
  expect(isPlainSafe("x[0]", true)).toBe(false);
});

test("case, Unicode form and blanks do not make another tag", () => {
  expect(tagIdentity(" Caf\u00e9  Noir\n")).toBe(tagIdentity("cafe\u0301 noir"));
  expect(tagIdentity("a-b")).not.toBe(tagIdentity("a b"));
});
