import fc from "fast-check";
import { expect, test } from "vitest";
import type { Concept } from "./concept.ts";
import { labelIndex } from "./search.ts";

const label = fc
  .array(fc.constantFrom("a", "b", "B", "é", "e\u0301", " ", "-"), { minLength: 1, maxLength: 7 })
  .map((it) => `${it.join("")}x`);
const concepts = fc
  .array(fc.record({ prefLabel: label, altLabels: fc.array(label, { maxLength: 2 }), deprecated: fc.boolean() }), {
    maxLength: 12,
  })
  .map((list) =>
    list.map(
      (it, index): Concept => ({
        ...it,
        id: String(index),
        hiddenLabels: [],
        definition: undefined,
        broader: [],
        narrower: [],
        notation: undefined,
      }),
    ),
  );

const same = (text: string) => text.normalize("NFC").toLowerCase().replace(/\s+/gu, " ").trim();
const namesOf = (it: Concept) => [it.prefLabel, ...it.altLabels].map(same);

test("search finds exactly the concepts that a look at every word of every name finds", () => {
  fc.assert(
    fc.property(concepts, label, fc.nat(3), (list, text, length) => {
      const prefix = same(text.slice(0, length));
      const starts = (name: string) => [
        name,
        ...[...name].map((_, i) => name.slice(i)).filter((_, i) => / |-/u.test(name[i - 1] ?? "")),
      ];
      const expected = list.filter(
        (it) => prefix !== "" && namesOf(it).some((name) => starts(name).some((from) => from.startsWith(prefix))),
      );
      const found = labelIndex(list).search(text.slice(0, length), 100);
      expect(new Set(found.map((it) => it.id))).toEqual(
        new Set(expected.filter((it) => !onlyPunctuation(it, prefix)).map((it) => it.id)),
      );
      expect(found.length).toBe(new Set(found).size);
    }),
  );
});

/** A later word starts with a letter: a prefix such as "-" is found at the start of a name only. */
function onlyPunctuation(it: Concept, prefix: string): boolean {
  return /^[ -]/u.test(prefix) && !namesOf(it).some((name) => name.startsWith(prefix));
}

test("findByLabel finds exactly the concepts that have the name", () => {
  fc.assert(
    fc.property(concepts, label, (list, text) => {
      const expected = list.filter((it) => namesOf(it).includes(same(text)));
      expect(new Set(labelIndex(list).findByLabel(text))).toEqual(new Set(expected));
    }),
  );
});
