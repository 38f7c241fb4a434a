// Input made to hurt: everything is answered, soon, and what is not understood is not edited.
import { expect, test } from "vitest";
import { applyEdits } from "./edits.ts";
import { planListRepairs } from "./plan-list-repairs.ts";
import { planTagEdits } from "./plan-tag-edits.ts";
import { readTags } from "./read-tags.ts";
import { tagSlotAt } from "./slot.ts";

/** What is quadratic takes minutes; what is linear takes two seconds at most, and more on a busy machine. */
const SOON_MS = 60_000;

const bomb = [..."abcdefghi"]
  .map((it, i) => `${it}: &${it} [${i === 0 ? "x" : `*${"abcdefghi"[i - 1]}, `.repeat(9)}]\n`)
  .join("");

test.each([
  ["nested brackets", `---\ntags: ${"[".repeat(60_000)}\n---\n`],
  ["closed nested brackets", `---\ntags: ${"[".repeat(30_000)}${"]".repeat(30_000)}\n---\n`],
  ["nested dashes", `---\ntags:\n${"- ".repeat(30_000)}\n---\n`],
  ["nested keys", `---\n${Array.from({ length: 300 }, (_, i) => `${" ".repeat(i)}a:\n`).join("")}---\n`],
  ["an alias bomb", `---\n${bomb}tags: *i\n---\n`],
  ["an alias of itself", "---\ntags: &a [*a]\n---\n"],
  ["a long line", `---\ntags: ${"a, ".repeat(20_000)}\n---\n`],
  ["many quotes", `---\ntags: ${"'".repeat(60_001)}\n---\n`],
  ["many colons", `---\n${"a: ".repeat(20_000)}\n---\n`],
  ["many question marks", `---\n${"? ".repeat(30_000)}\n---\n`],
  ["nested TOML", `+++\ntags = ${"[".repeat(60_000)}\n+++\n`],
  ["nested TOML tables", `+++\na = ${"{a=".repeat(20_000)}\n+++\n`],
  ["nested JSON", `{"tags": ${"[".repeat(30_000)}${"]".repeat(30_000)}}\n`],
  ["a prototype", '{"__proto__": {"tags": ["x"]}}\n'],
  ["NUL bytes", "---\ntags: [a\0b]\n---\n\0"],
  ["lone surrogates", "---\ntags: [\ud800]\n---\n"],
  ["a huge body of hashes", `---\ntitle: x\n---\n${"#".repeat(1_000_000)}`],
  ["a huge body of backticks", "`".repeat(1_000_000)],
  ["a line of many code spans", `#a ${"`x ".repeat(50_000)}`],
  ["a line of many comments", `#a ${"<!-- ".repeat(50_000)}`],
])(
  "%s: no error, no hang",
  (_, text) => {
    const start = performance.now();
    const source = { path: "a.md", text };
    readTags(source);
    const plan = planTagEdits(source, { add: ["new"] });
    if (plan.kind === "edits")
      expect(readTags({ path: "a.md", text: applyEdits(text, plan.edits) }).tags).toContain("new");
    for (const offset of [0, 4, 12, 100, text.length >> 1, text.length]) tagSlotAt(source, offset);
    expect(performance.now() - start).toBeLessThan(SOON_MS);
  },
  120_000,
);

test.each([
  ["many aliases", `a: &x [b]\n${"tags: *x\n".repeat(6_000)}`, undefined],
  ["many equal keys", Array.from({ length: 5_000 }, (_, i) => `tags: a${i}\n`).join(""), 5_000],
  ["a wide head of a block of text", `tags: |${" ".repeat(50_000)}\n  a\n`, 1],
  ["a wide comment of words", `tags: ${"#a ".repeat(15_000)}#\n`, undefined],
])(
  "%s: a repair is planned soon, or none",
  (_, text, numTags) => {
    const start = performance.now();
    expect(planListRepairs({ path: "a.rst.tags.yaml", text })[0]?.tags.length).toBe(numTags);
    expect(performance.now() - start).toBeLessThan(SOON_MS);
  },
  120_000,
);

test("a path that is no path is no error", () => {
  expect(planTagEdits({ path: "", text: "x" }, { add: ["a"] }).kind).toBe("refused");
});

test("nothing to do is no refusal", () => {
  for (const change of [{}, { add: [] }, { add: ["", "  "] }, { remove: ["x"] }]) {
    expect(planTagEdits({ path: "a.rst", text: "x" }, change)).toMatchObject({ kind: "edits", edits: [] });
  }
});
