import { expect, test } from "vitest";
import { copyPassage, newPieceCollector, passageLength, selectPieces } from "./pieces.ts";

function rows() {
  const collector = newPieceCollector();
  collector.add([Int32Array.of(101, 5, 6, 7, 102)]);
  collector.add([]);
  collector.add([Int32Array.of(101, 8, 102), Int32Array.of(101, 9, 9, 102)]);
  return collector.finish();
}

test("a passage that is cut keeps its first pieces and its closing one", () => {
  const out = new Int32Array(6);
  expect(copyPassage(rows(), 0, 3, out, 2)).toBe(3);
  expect([...out]).toEqual([0, 0, 101, 5, 102, 0]);
  expect(copyPassage(rows(), 0, 9, out, 0)).toBe(5);
  expect([...out]).toEqual([101, 5, 6, 7, 102, 0]);
});

test("documents keep their passages, none among them, when some are selected", () => {
  const { numDocuments, passageStart, start, ids } = selectPieces(rows(), Uint32Array.of(1, 2));
  expect(numDocuments).toBe(2);
  expect([...passageStart]).toEqual([0, 0, 2]);
  expect([...start]).toEqual([0, 3, 7]);
  expect([...ids]).toEqual([101, 8, 102, 101, 9, 9, 102]);
  expect(passageLength(rows(), 2, 3)).toBe(3);
});
