import fc from "fast-check";
import { expect, test } from "vitest";
import { findRows, newRowIndex } from "./row-index.ts";

test("a feature that is in the list is found at its row, any other is left out", () => {
  const lists = fc.uniqueArray(fc.oneof(fc.nat({ max: 200 }), fc.constantFrom(0, 31, 32, 63, 64, 95)));
  fc.assert(
    fc.property(lists, fc.nat({ max: 70 }), (list, further) => {
      const features = Uint32Array.from(list).sort();
      const numFeatures = (features.at(-1) ?? 0) + 1 + further;
      const index = newRowIndex(features, numFeatures);
      const [rows, places] = [new Uint32Array(numFeatures), new Uint32Array(numFeatures)];
      const every = Uint32Array.from({ length: numFeatures }, (_, feature) => feature);
      expect(findRows(index, every, rows, places)).toBe(features.length);
      expect(rows.subarray(0, features.length)).toEqual(Uint32Array.from(features.keys()));
      expect(places.subarray(0, features.length)).toEqual(features);
    }),
  );
});

test("a model may have as many features as a word has bits, or all of them in one chunk", () => {
  const all = Uint32Array.from({ length: 1_000 }, (_, feature) => feature);
  const index = newRowIndex(all, all.length);
  const [rows, places] = [new Uint32Array(all.length), new Uint32Array(all.length)];
  expect(findRows(index, all, rows, places)).toBe(all.length);
  expect(rows).toEqual(all);
  expect(findRows(newRowIndex(Uint32Array.of(31), 32), Uint32Array.of(30, 31), rows, places)).toBe(1);
  expect([rows[0], places[0]]).toEqual([0, 1]);
});
