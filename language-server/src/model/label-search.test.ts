import fc from "fast-check";
import { expect, test } from "vitest";
import { labelSearch } from "./label-search.ts";

const labels = ["Sea birds", "sea", "Birds of prey", "Seals", "Owl"];

test("whole labels come before labels of which a later word starts so", () => {
  expect(labelSearch(labels).search("bird", 10)).toEqual(["Birds of prey", "Sea birds"]);
  expect(labelSearch(labels).search("SEA", 10)).toEqual(["sea", "Sea birds", "Seals"]);
});

test("the middle of a word finds nothing", () => {
  expect(labelSearch(labels).search("wl", 10)).toEqual([]);
});

test("the answer is what looking at every label gives", () => {
  const words = fc.array(fc.stringMatching(/^[ab]{1,3}( [ab]{1,3})?$/), { maxLength: 30 });
  fc.assert(
    fc.property(words, fc.stringMatching(/^[ab]{1,2}$/), (all, prefix) => {
      const unique = [...new Set(all)];
      const expected = unique.filter((it) =>
        it.split(" ").some((word, at) => (at === 0 ? it : word).startsWith(prefix)),
      );
      expect(labelSearch(unique).search(prefix, 100).sort()).toEqual(expected.sort());
      expect(labelSearch(unique).search(prefix, 2).length).toBe(Math.min(2, expected.length));
    }),
  );
});
