import { expect, test } from "vitest";
import { readTags } from "./read-tags.ts";

/** What YAML 1.1 or 1.2 would take for a boolean, a date, a time or a number. */
const spelt = ["no", "yes", "on", "Off", "true", "2024-01-01", "12:30", "0x1F", "0o17", "1e3", "1_000", "1.0"];

test.each([
  ["a flow list", `tags: [${spelt.join(", ")}]`],
  ["a block list", `tags:\n${spelt.map((it) => `  - ${it}`).join("\n")}`],
  ["a scalar with commas", `tags: ${spelt.join(", ")}`],
])("unquoted tags in %s are read as they are spelt", (_, line) => {
  const text = `---\n${line}\n---\nBody\n`;
  const { tags, regions } = readTags({ path: "note.md", text });
  expect(tags).toEqual(spelt);
  expect(regions[0]!.tags.map(({ start, end }) => text.slice(start, end))).toEqual(spelt);
});

test.each(["no", "2024-01-01", "0x1F", "1e3"])("a tag alone, %s, is read as it is spelt", (tag) => {
  expect(readTags({ path: "note.md", text: `---\ntags: ${tag}\n---\n` }).tags).toEqual([tag]);
});

test("what YAML writes for nothing is no tag", () => {
  expect(readTags({ path: "note.md", text: "---\ntags: [a, null, ~]\n---\n" }).tags).toEqual(["a"]);
});
