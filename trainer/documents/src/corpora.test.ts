// Real Markdown with real front matter, where the shared data is at hand: every file survives adding and removing tags byte for byte.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { applyEdits, invertEdits } from "./edits.ts";
import { planTagEdits } from "./plan-tag-edits.ts";
import { readTags } from "./read-tags.ts";

const archiveOf = (corpus: string) =>
  path.resolve(import.meta.dirname, "../../../../shared/data", corpus, "files.tar.gz");

/** The regular files of a tar archive, as UTF-8; long names are cut, which does no harm here. */
function* filesOf(archive: string): Generator<{ path: string; text: string }> {
  const bytes = gunzipSync(readFileSync(archive));
  const field = (at: number, length: number) => bytes.toString("latin1", at, at + length).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= bytes.length; ) {
    const size = Number.parseInt(field(at + 124, 12), 8) || 0;
    const type = field(at + 156, 1);
    if (type === "0" || type === "") {
      const text = bytes.toString("utf8", at + 512, at + 512 + size);
      if (size > 0) yield { path: `${field(at, 100)}.md`, text };
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

for (const [corpus, numFiles] of [
  ["based-cooking", 340],
  ["blog-18f", 500],
] as const) {
  test.skipIf(!existsSync(archiveOf(corpus)))(
    `every file of ${corpus} survives adding and removing tags (skipped without ../shared)`,
    () => {
      const sources = [...filesOf(archiveOf(corpus))];
      expect(sources.length).toBeGreaterThan(numFiles);
      const add = ["tagwright test", "no", "c#: x"];
      let edited = 0;
      for (const source of sources) {
        const options = { inlineTags: false };
        const { regions, tags } = readTags(source, options);
        const content = /^---\r?\n([\s\S]*?)^---/m.exec(source.text)?.[1] ?? "";
        const value: unknown = parseDocument(content, { schema: "failsafe" }).toJS()?.tags;
        expect(tags, source.path).toEqual(Array.isArray(value) ? value : tags);
        const plan = planTagEdits(source, { add }, options);
        if (plan.kind === "refused") {
          expect(plan.reason, source.path).toMatch(/not valid YAML|more than once|line 1/);
          continue;
        }
        edited++;
        const result = applyEdits(source.text, plan.edits);
        expect(readTags({ ...source, text: result }, options).tags, source.path).toEqual([...tags, ...add]);
        expect(applyEdits(result, invertEdits(source.text, plan.edits)), source.path).toBe(source.text);
        const back = planTagEdits({ ...source, text: result }, { remove: add }, options);
        const restored = back.kind === "edits" ? applyEdits(result, back.edits) : back.reason;
        // A list that was not there is left empty, a lone word stays in brackets.
        const isList =
          tags.length > 0 &&
          regions.some((it) => it.tags.length > 0 && /^\[|^\s*\n/.test(source.text.slice(it.start, it.end)));
        if (isList) expect(restored, source.path).toBe(source.text);
      }
      expect(edited / sources.length).toBeGreaterThan(0.99);
    },
  );
}
