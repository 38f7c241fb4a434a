import fc from "fast-check";
import { expect, test } from "vitest";
import { applyEdits, invertEdits, mergeEdits } from "./edits.ts";
import type { TextEdit } from "./tag-location.ts";

/** A text with edits that do not overlap, in any order. */
const edited = fc
  .tuple(fc.string({ unit: "binary" }), fc.array(fc.tuple(fc.nat(), fc.string()), { maxLength: 8 }))
  .chain(([text, cuts]) => {
    const offsets = cuts.map(([at]) => at % (text.length + 1)).sort((a, b) => a - b);
    const edits: TextEdit[] = [];
    for (let i = 0; i + 1 < offsets.length; i += 2)
      edits.push({ start: offsets[i]!, end: offsets[i + 1]!, newText: cuts[i]![1] });
    return fc.tuple(fc.constant(text), fc.shuffledSubarray(edits));
  });

test("the inverse of edits restores the text exactly", () => {
  fc.assert(
    fc.property(edited, ([text, edits]) => {
      expect(applyEdits(applyEdits(text, edits), invertEdits(text, edits))).toBe(text);
    }),
  );
});

test("merging edits that touch changes nothing but their number", () => {
  fc.assert(
    fc.property(edited, ([text, edits]) => {
      const merged = mergeEdits(edits);
      expect(applyEdits(text, merged)).toBe(applyEdits(text, edits));
      for (let i = 1; i < merged.length; i++) expect(merged[i]!.start).toBeGreaterThan(merged[i - 1]!.end);
    }),
  );
});

test("edits that overlap or leave the text are refused", () => {
  const edit = (start: number, end: number) => ({ start, end, newText: "" });
  expect(() => applyEdits("abc", [edit(0, 2), edit(1, 3)])).toThrow(RangeError);
  expect(() => applyEdits("abc", [edit(2, 4)])).toThrow(RangeError);
  expect(() => invertEdits("abc", [edit(2, 1)])).toThrow(RangeError);
  expect(() => applyEdits("abc", [edit(Number.NaN, 1)])).toThrow(RangeError);
});
