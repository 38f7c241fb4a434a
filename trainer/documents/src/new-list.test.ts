// Documents without a list of tags get one: nothing that is there may go or change, whatever it is.
import fc from "fast-check";
import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { applyEdits, invertEdits } from "./edits.ts";
import { planTagEdits } from "./plan-tag-edits.ts";
import { normaliseTag, tagIdentity } from "./quoting.ts";
import { readTags } from "./read-tags.ts";

interface Sample {
  readonly path: string;
  readonly text: string;
  /** The tags in a text of this format, by a parser that is not ours. */
  read(text: string): unknown;
}

const yamlTags = (content: string) => {
  const document = parseDocument(content, { version: "1.1" });
  expect(document.errors).toEqual([]);
  return document.toJS()?.tags;
};
const frontMatter = (text: string) => /^\ufeff?---\r?\n([\s\S]*?)^(?:---|\.\.\.)\r?$/m.exec(text)![1]!;

const body = fc.array(
  fc.oneof(
    fc.constantFrom("# Heading", "tags: [no]", "", "```yaml", "---", "+++", "- a", "{", "Text with #word in it."),
    fc.string({ unit: "grapheme", maxLength: 12 }).filter((it) => !/[\0\r\n]/.test(it)),
  ),
  { maxLength: 8 },
);
const lineEnd = fc.constantFrom("\n", "\r\n");
const mark = fc.constantFrom("", "\ufeff");

/** A first line that starts nothing, then any. */
const bare: fc.Arbitrary<Sample> = fc.tuple(mark, body, lineEnd, fc.boolean()).map(([bom, lines, eol, ends]) => ({
  path: "note.md",
  text: bom + ["Title", ...lines].join(eol) + (ends ? eol : ""),
  read: (text) => yamlTags(frontMatter(text)),
}));
const yaml: fc.Arbitrary<Sample> = fc
  .tuple(
    mark,
    fc.array(
      fc.constantFrom("title: x", "# note", "date: 2024-01-01 # c", "list:", "- y", "t: |", "  tags: [no]", ""),
      {
        maxLength: 5,
      },
    ),
    body,
    lineEnd,
  )
  .map(([bom, head, lines, eol]) => ({
    path: "note.md",
    text: `${bom}${["---", ...head, "---", ...lines, "end"].join(eol)}${eol}`,
    read: (text: string) => yamlTags(frontMatter(text)),
  }))
  .filter(({ text }) => {
    const content = parseDocument(frontMatter(text), { version: "1.1" });
    const value: unknown = content.errors.length === 0 ? content.toJS() : "broken";
    return value === null || (typeof value === "object" && !Array.isArray(value) && !("tags" in value));
  });
const toml: fc.Arbitrary<Sample> = fc
  .tuple(fc.array(fc.constantFrom("# note", "", "[extra]", "[params.a]"), { maxLength: 3 }), body, lineEnd)
  .map(([tables, lines, eol]) => ({
    path: "note.md",
    text: ["+++", 'title = "x" # c', ...new Set(tables), "+++", ...lines, ""].join(eol),
    read: (text) => {
      const content = /^\+\+\+\r?\n([\s\S]*?)^\+\+\+\r?$/m.exec(text)![1]!;
      return (getStaticTOMLValue(parseTOML(content)) as { tags?: unknown }).tags;
    },
  }));
const sidecar: fc.Arbitrary<Sample> = fc.constantFrom("", "# by hand\n", "note: x\n", "---\nnote: x\n").map((text) => ({
  path: "table.rst.tags.yaml",
  text,
  read: yamlTags,
}));

const tag = fc.oneof(
  fc.constantFrom(
    "cooking",
    "machine learning",
    "c++",
    "no",
    "2024",
    "a: b",
    "#x",
    '"q"',
    "[z]",
    "a, b",
    "日本語",
    "\\n",
  ),
  fc.string({ unit: "grapheme", maxLength: 8 }).map(normaliseTag),
);
const tags = fc
  .uniqueArray(tag, { selector: tagIdentity, minLength: 1, maxLength: 4 })
  .map((found) => found.filter((it) => it !== ""));

test("a list that is started takes nothing away, is read by other parsers, and is undone exactly", () => {
  fc.assert(
    fc.property(fc.oneof(bare, yaml, toml, sidecar), tags, ({ path, text, read }, add) => {
      fc.pre(add.length > 0);
      const options = { inlineTags: false };
      const plan = planTagEdits({ path, text }, { add }, options);
      if (plan.kind === "refused") return expect.fail(plan.reason);
      for (const { start, end } of plan.edits) expect(text.slice(start, end)).toBe("");
      const result = applyEdits(text, plan.edits);
      expect(read(result)).toEqual(add);
      expect(readTags({ path, text: result }, options).tags).toEqual(add);
      expect(planTagEdits({ path, text: result }, { add }, options)).toMatchObject({ kind: "edits", edits: [] });
      expect(applyEdits(result, invertEdits(text, plan.edits))).toBe(text);
      // Line ends as they are where the text has any.
      if (text.includes("\r\n")) expect(result.replaceAll("\r\n", "")).not.toContain("\n");
    }),
    { numRuns: 600 },
  );
});
