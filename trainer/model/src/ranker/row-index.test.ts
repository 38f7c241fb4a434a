import fc from "fast-check";
import { expect, test } from "vitest";
import { newRowIndex, rowOfFeature } from "./row-index.ts";

test("the row of any feature is its place in the list, and -1 where it is not in it", () => {
  const lists = fc.uniqueArray(fc.oneof(fc.nat({ max: 200 }), fc.constantFrom(0, 31, 32, 63, 64, 95)));
  fc.assert(
    fc.property(lists, fc.nat({ max: 70 }), (list, further) => {
      const features = Uint32Array.from(list).sort();
      const numFeatures = (features.at(-1) ?? 0) + 1 + further;
      const index = newRowIndex(features, numFeatures);
      for (let feature = 0; feature < numFeatures; feature++)
        expect(rowOfFeature(index, feature)).toBe(features.indexOf(feature));
    }),
  );
});

test("a model may have as many features as a word has bits, or all of them in one chunk", () => {
  const all = Uint32Array.from({ length: 1_000 }, (_, feature) => feature);
  const index = newRowIndex(all, all.length);
  expect(Array.from(all, (feature) => rowOfFeature(index, feature))).toEqual([...all]);
  expect(rowOfFeature(newRowIndex(Uint32Array.of(31), 32), 31)).toBe(0);
});
