// Random front matter in every style: the generator knows the bytes around the list and the tags in it, parsers of their own read the result.
import fc from "fast-check";
import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { bodyText } from "./body-text.ts";
import { applyEdits, invertEdits } from "./edits.ts";
import { planListRepairs } from "./plan-list-repairs.ts";
import { planTagEdits } from "./plan-tag-edits.ts";
import { normaliseTag, tagIdentity } from "./quoting.ts";
import { readTags } from "./read-tags.ts";
import { tagSlotAt } from "./slot.ts";

/** A document in three parts: an edit of its tags may change nothing but `region`. */
interface Sample {
  readonly before: string;
  readonly region: string;
  readonly after: string;
  readonly tags: readonly string[];
  readonly splitsOnBlanks: boolean;
  /** The tags in a text of this format, by a parser that is not ours. */
  read(text: string): unknown;
}

const word = fc.constantFrom("cooking", "pasta", "c++", "18F", "naïve", "日本語", "a-b", "x/y", "🍲", "Ünï");
const phrase = fc.constantFrom("machine learning", "it's", "how we work", "C# lang", "v1.2 x");
const awkward = fc.constantFrom(
  "no",
  "2024",
  "a: b",
  "#x",
  "12:30",
  '"q"',
  "[z]",
  "a, b",
  "- d",
  "~",
  "@me",
  "x #y",
  "\\n",
);
const free = fc.string({ unit: "grapheme", maxLength: 8 }).map(normaliseTag);
const distinct = (tag: fc.Arbitrary<string>, maxLength = 5) =>
  fc.uniqueArray(tag, { selector: tagIdentity, maxLength }).map((tags) => tags.filter((it) => it !== ""));

const double = (tag: string) => JSON.stringify(tag);
const single = (tag: string) => `'${tag.replaceAll("'", "''")}'`;
const plain = (tag: string) =>
  /^[\p{L}\p{N}][\p{L}\p{N} +/-]*$/u.test(tag) && !/^(?:no|\d+)$/.test(tag) ? tag : double(tag);
const quoting = fc.constantFrom(double, single, plain);

const flowStyle = fc.record({
  glue: fc.constantFrom(", ", ",", " , "),
  edge: fc.constantFrom("", " "),
  tail: fc.constantFrom("", ",", ", "),
  comment: fc.constantFrom("", " # [x]"),
});
const rowStyle = fc.record({
  indent: fc.constantFrom("", "  ", "    "),
  gap: fc.constantFrom(" ", "   "),
  comment: fc.constantFrom("", " # no: tag"),
});

const flow = fc
  .tuple(distinct(fc.oneof(word, phrase, awkward, free)), quoting, flowStyle)
  .map(([tags, quote, { glue, edge, tail, comment }]) => ({
    tags,
    value: ` [${edge}${tags.map(quote).join(glue)}${tags.length > 0 ? tail : ""}${edge}]`,
    rest: comment,
  }));
const lines = fc
  .tuple(distinct(fc.oneof(word, phrase, awkward, free)), quoting, flowStyle, fc.constantFrom("  ", "    "))
  .map(([tags, quote, { tail, comment }, indent]) => ({
    tags,
    value: ` [\n${tags.map((it, i) => `${indent}${quote(it)}${i < tags.length - 1 || tail !== "" ? "," : ""}${comment}\n`).join("")} ]`,
    rest: "",
  }));
const block = fc
  .tuple(distinct(fc.oneof(word, phrase, awkward, free)), quoting, rowStyle)
  .map(([tags, quote, { indent, gap, comment }]) => ({
    tags,
    value: `${comment}${tags.map((it) => `\n${indent}-${gap}${quote(it)}${comment}`).join("")}`,
    rest: "",
  }));
const commas = fc
  .tuple(
    distinct(fc.oneof(word, fc.constantFrom("how we work", "C# lang")), 4),
    fc.constantFrom("", '"', "'"),
    fc.constantFrom(", ", ","),
  )
  .map(([tags, quote, glue]) => ({
    tags,
    value: tags.length > 1 ? ` ${quote}${tags.join(glue)}${quote}` : ` [${tags.map(plain).join("")}]`,
    rest: " # c",
  }));
const blanks = fc
  .tuple(fc.uniqueArray(word, { minLength: 2, maxLength: 4 }), fc.constantFrom("", '"', "'"))
  .map(([tags, quote]) => ({
    tags,
    value: ` ${quote}${tags.join(" ")}${quote}`,
    rest: "",
    splitsOnBlanks: true,
  }));

const yamlAround = fc.constantFrom(
  "title: x\n",
  "# tags: [no]\n",
  'a: &a {b: "1e3"}\n',
  "t: |\n  tags: [fake]\n  ---\n",
  "d:   2024-01-01 # c\n",
  "l:\n- x\n- y\n",
  "\n",
  "z: 'q''r'\n",
);
const around = fc.array(yamlAround, { maxLength: 3 }).map((parts) => [...new Set(parts)].join(""));

const yaml: fc.Arbitrary<Sample> = fc
  .tuple(
    around,
    fc.oneof(flow, lines, block, commas, blanks),
    fc.constantFrom("", "x: 0x1F\n"),
    fc.constantFrom("---", "..."),
  )
  .map(([head, list, tail, closer]) => ({
    before: `---\n${head}tags:`,
    region: list.value,
    after: `${list.rest}\n${tail}${closer}\n\n# Body\n---\ntags: [other]\n`,
    tags: list.tags,
    splitsOnBlanks: "splitsOnBlanks" in list,
    read: (text) => {
      const content = /^---\n([\s\S]*?)^(?:---|\.\.\.)\n/m.exec(text)![1]!;
      const document = parseDocument(content, { version: "1.1" });
      expect(document.errors).toEqual([]);
      const value: unknown = document.toJS().tags;
      return typeof value === "string" ? value.trim().split(value.includes(",") ? /\s*,\s*/ : /\s+/) : (value ?? []);
    },
  }));

const toml: fc.Arbitrary<Sample> = fc
  .tuple(
    distinct(fc.oneof(word, phrase, awkward, free)),
    fc.constantFrom("\n  ", " ", ""),
    fc.constantFrom("", ","),
    fc.boolean(),
  )
  .map(([tags, space, tail, nested]) => ({
    before: `+++\ntitle = "x" # [t]\n${nested ? "[taxonomies]\n" : ""}tags = `,
    region: `[${tags.map((it) => space + double(it)).join(",")}${tags.length > 0 ? tail : ""}${space.trimEnd()}]`,
    after: " # c\n\n[extra]\ntags = [1]\n+++\nBody\n",
    tags,
    splitsOnBlanks: false,
    read: (text) => {
      const value = getStaticTOMLValue(parseTOML(/^\+\+\+\n([\s\S]*?)^\+\+\+\n/m.exec(text)![1]!)) as Record<
        string,
        Record<string, unknown>
      >;
      return nested ? value["taxonomies"]!["tags"] : value["tags"];
    },
  }));

const json: fc.Arbitrary<Sample> = fc
  .tuple(distinct(fc.oneof(word, phrase, awkward, free)), fc.constantFrom("\n\t\t", " ", ""))
  .map(([tags, space]) => ({
    before: '{\n\t"title": "{x",\n\t"tags": ',
    region: `[${tags.map((it) => space + double(it)).join(",")}${space}]`,
    after: ',\n\t"z": [1]\n}\n\nBody }\n',
    tags,
    splitsOnBlanks: false,
    read: (text) => (JSON.parse(text.slice(0, text.indexOf("\n}\n") + 2)) as { tags: unknown }).tags,
  }));

/** The same document with the line breaks and the BOM of another editor. */
const sample: fc.Arbitrary<Sample> = fc
  .tuple(fc.oneof(yaml, yaml, toml, json), fc.boolean(), fc.boolean())
  .map(([it, crlf, bom]) => {
    const lf = (text: string) => (crlf ? text.replaceAll("\n", "\r\n") : text);
    return {
      ...it,
      before: (bom ? "\ufeff" : "") + lf(it.before),
      region: lf(it.region),
      after: lf(it.after),
      read: (text) => it.read(text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n")),
    };
  });

const textOf = (it: Sample) => it.before + it.region + it.after;
const path = "note.md";
const options = { inlineTags: false };
const newTags = distinct(fc.oneof(word, phrase, awkward, free), 3);

test("what is read is what was written", () => {
  fc.assert(
    fc.property(sample, (it) => {
      expect(readTags({ path, text: textOf(it) }, options).tags).toEqual(it.tags);
      for (const { start, end, text } of readTags({ path, text: textOf(it) }, options).regions.flatMap(
        (region) => region.tags,
      )) {
        const token = textOf(it).slice(start, end);
        expect([text, double(text), single(text)]).toContain(token);
      }
    }),
    { numRuns: 200 },
  );
});

test("only bytes of the tag list change, other parsers read the asked tags, and a second plan and the inverse are exact", () => {
  fc.assert(
    fc.property(sample, newTags, fc.array(fc.nat(4), { maxLength: 2 }), (it, add, drop) => {
      const text = textOf(it);
      const remove = [...new Set(drop.flatMap((index) => it.tags[index] ?? []))].filter((tag) => !add.includes(tag));
      const plan = planTagEdits({ path, text }, { add, remove }, options);
      if (plan.kind === "refused") return expect(it.region, plan.reason).toMatch(/["'].*['\\"].*["']/);
      const result = applyEdits(text, plan.edits);
      expect(result.startsWith(it.before)).toBe(true);
      expect(result.endsWith(it.after)).toBe(true);
      expect(result.length).toBeGreaterThanOrEqual(it.before.length + it.after.length);
      const kept = it.tags.filter((tag) => !remove.map(tagIdentity).includes(tagIdentity(tag)));
      const fit = (tag: string) => (plan.added.includes(tag) ? tag : tag.replaceAll(" ", "-"));
      const wanted = it.splitsOnBlanks ? add.map(fit) : add;
      const expected = [...new Map([...kept, ...wanted].toReversed().map((tag) => [tagIdentity(tag), tag]))].length;
      const read = it.read(result) as string[];
      expect(new Set(read.map(tagIdentity))).toEqual(new Set([...kept, ...wanted].map(tagIdentity)));
      expect(read.length).toBe(expected);
      expect(read.slice(0, kept.length)).toEqual(kept);
      expect(new Set(readTags({ path, text: result }, options).tags)).toEqual(new Set(read));
      const again = planTagEdits({ path, text: result }, { add: wanted, remove }, options);
      expect(again).toMatchObject({ kind: "edits", edits: [] });
      expect(applyEdits(result, invertEdits(text, plan.edits))).toBe(text);
      expect(/(?<!\r)\n/.test(result)).toBe(/(?<!\r)\n/.test(text));
    }),
    { numRuns: 400 },
  );
});

test("adding tags to a list and removing them again restores every byte", () => {
  fc.assert(
    fc.property(sample, newTags, (it, add) => {
      const text = textOf(it);
      // An emptied list is written [], and a lone `a` became a list.
      fc.pre(it.tags.length > 1 || (it.tags.length === 1 && it.region.includes("[")));
      fc.pre(!/,\s*(?:# .*)?\s*\]$/.test(it.region) || !it.region.includes("#"));
      const plan = planTagEdits({ path, text }, { add }, options);
      if (plan.kind === "refused") return;
      const result = applyEdits(text, plan.edits);
      const back = planTagEdits({ path, text: result }, { remove: plan.added }, options);
      if (back.kind === "refused") return expect.fail(back.reason);
      const isRewritten =
        !result.startsWith(text.slice(0, it.before.length + 2)) || (result.includes("[") && !it.region.includes("["));
      if (!isRewritten && !/\n.*# /.test(it.region)) expect(applyEdits(result, back.edits)).toBe(text);
      expect(it.read(applyEdits(result, back.edits))).toEqual(it.tags);
    }),
    { numRuns: 300 },
  );
});

test("a completion at any caret in a list keeps the list valid and adds the tag", () => {
  fc.assert(
    fc.property(sample, fc.nat(), newTags, (it, seed, add) => {
      const text = textOf(it);
      const offset = it.before.length + (seed % (it.region.length + 1));
      const slot = tagSlotAt({ path, text }, offset);
      if (slot === undefined || add.length === 0) return;
      const result = text.slice(0, slot.replaceStart) + slot.insertText(add) + text.slice(slot.replaceEnd);
      expect(slot.replaceStart).toBeLessThanOrEqual(offset);
      expect(slot.replaceEnd).toBeGreaterThanOrEqual(offset);
      expect(result.startsWith(it.before)).toBe(true);
      expect(result.endsWith(it.after)).toBe(true);
      const read = it.read(result) as string[];
      const isScalar = !it.region.includes("[") && !it.region.includes("- ") && it.tags.length > 1;
      if (!isScalar) expect(read).toEqual(expect.arrayContaining([...add]));
    }),
    { numRuns: 400 },
  );
});

test("no text, offset or change makes anything throw", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "---\n",
      "+++\n",
      ";;;\n",
      "...\n",
      "{",
      "}",
      "[",
      "]",
      "tags:",
      "tags = ",
      '"tags": ',
      "- ",
      "\n  ",
      "\r\n",
      ",",
      "#",
      "'",
      '"',
      "&a ",
      "*a",
      "!t ",
      "|\n",
      "#w ",
      "\ufeff",
      "\0",
      "\ud800",
      "? ",
      ": ",
      "<<: ",
      "\t",
      "%YAML 1.1\n",
    ),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
  const names = fc.constantFrom("a.md", "a.txt", "a.rst", "a.rst.tags.yaml", "a.html", "");
  fc.assert(
    fc.property(
      names,
      fc.constantFrom("", "---\n", "+++\n", "{", "---\ntags:"),
      fc.array(piece, { maxLength: 30 }),
      fc.nat(),
      (path, head, parts, seed) => {
        const text = head + parts.join("");
        const found = readTags({ path, text });
        const plan = planTagEdits({ path, text }, { add: ["x"], remove: found.tags.slice(0, 1) });
        if (plan.kind === "edits") {
          const result = applyEdits(text, plan.edits);
          expect(applyEdits(result, invertEdits(text, plan.edits))).toBe(text);
          expect(readTags({ path, text: result }).tags.map(tagIdentity)).toContain("x");
        }
        for (const repair of planListRepairs({ path, text })) {
          const after = readTags({ path, text: applyEdits(text, repair.edits) }).tags.map(tagIdentity);
          const words = repair.fault === "comment" ? repair.tags : [];
          expect(new Set(after)).toEqual(new Set([...found.tags, ...words].map(tagIdentity)));
        }
        tagSlotAt({ path, text }, seed % (text.length + 1))?.insertText(["x"]);
        bodyText({ path, text }, found);
      },
    ),
    { numRuns: 600 },
  );
});
