import { expect, test } from "vitest";
import type { TuningLevel } from "./levels.ts";
import { newPieceCollector } from "./pieces.ts";
import { floats, newFeeder, takeRows } from "./step-feeds.ts";
import { newTable } from "./table.ts";

const rates = { rate: 1, headRate: 1, secondScale: 1, decay: 0 };
const hidden = 2;

function problem(dropout = 0, wordDropout = 0, candidates = [Uint32Array.of(0, 3), Uint32Array.of(0, 1, 3)]) {
  const collector = newPieceCollector();
  collector.add([Int32Array.of(1, 5, 3, 2)]);
  collector.add([Int32Array.of(1, 3, 2), Int32Array.of(1, 4, 2)]);
  const level: TuningLevel = {
    level: 0,
    numNodes: 4,
    childStart: Uint32Array.of(0, 4),
    own: { indptr: Uint32Array.of(0, 2, 3), nodes: Uint32Array.of(0, 3, 1), counts: Float32Array.of(2, 1, 1) },
  };
  const shortlist = { candidatesOf: (document: number) => candidates[document]! };
  const numbers = (rows: number, width: number) => Float32Array.from({ length: rows * width }, (_, i) => i);
  const tables = {
    words: newTable(numbers(6, hidden), hidden),
    positions: newTable(numbers(8, hidden), hidden),
    head: newTable(numbers(4, hidden), hidden),
    bias: newTable(numbers(4, 1), 1),
  };
  const options = { maxPieces: 8, firstPosition: 2, hidden, dropout, wordDropout };
  return { feeder: newFeeder(collector.finish(), level, shortlist, tables, options), tables };
}

/** The first passages of these documents. */
function read(...documents: number[]) {
  return { documents: Uint32Array.from(documents), passages: Uint32Array.from(documents) };
}

test("texts are padded to the longest, and each word's row is fed once", () => {
  const { feeds, used } = problem().feeder.feed(read(1, 0), rates, () => 0.5);
  expect([...used.words]).toEqual([1, 3, 2, 5]);
  expect(feeds.get("ids")).toEqual({ type: "int32", shape: [2, 4], data: Int32Array.of(0, 1, 2, 0, 0, 3, 1, 2) });
  expect([...floats(feeds, "mask")]).toEqual([1, 1, 1, 0, 1, 1, 1, 1]);
  expect([...floats(feeds, "words.rows")]).toEqual([2, 3, 6, 7, 4, 5, 10, 11]);
  expect([...floats(feeds, "positions.rows")]).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
});

test("of a document the passage is read that the batch names, and it is told apart from the document's own candidates", () => {
  const batch = { documents: Uint32Array.of(1), passages: Uint32Array.of(2) };
  const { feeds, used } = problem().feeder.feed(batch, rates, () => 0.5);
  expect([...used.words]).toEqual([1, 4, 2]);
  expect([...used.slots]).toEqual([0, 1, 3]);
  expect([...floats(feeds, "sign")]).toEqual([-1, 1, -1]);
});

test("a row's costs are its own candidates' alone, scaled by their number, and positives weigh what is below them", () => {
  const { feeds, used } = problem().feeder.feed(read(0, 1), rates, () => 0.5);
  expect([...used.slots]).toEqual([0, 3, 1]);
  expect([...floats(feeds, "sign")]).toEqual([1, 1, -1, -1, -1, 1]);
  const [two, three] = [1 / (2 * 2), 1 / (3 * 2)].map(Math.fround) as [number, number];
  expect([...floats(feeds, "cost")]).toEqual([2 * two, two, 0, three, three, three]);
});

test("a document whose own node is no candidate of its batch is refused, and marks nothing in another's row", () => {
  const { feeder } = problem(0, 0, [Uint32Array.of(0, 3), Uint32Array.of(0, 3)]);
  expect(() => feeder.feed(read(0, 1), rates, () => 0.5)).toThrow("internal: node 1 of document 1 is no candidate");
});

test("dropping words never drops the special pieces, and dropout keeps the mean", () => {
  const { feeds } = problem(0.5, 0.5).feeder.feed(read(0), rates, () => 0.1);
  expect([...floats(feeds, "mask")]).toEqual([1, 1, 0, 0]);
  expect([...floats(feeds, "dropout")]).toEqual([0, 0]);
  const kept = problem(0.5, 0.5).feeder.feed(read(0), rates, () => 0.9);
  expect([...floats(kept.feeds, "dropout")]).toEqual([2, 2]);
});

test("updated rows go back to where they came from, and nothing else moves", () => {
  const { feeder, tables } = problem();
  const { feeds, used } = feeder.feed(read(1), rates, () => 0.5);
  const results = new Map(
    [...feeds].map(([name, it]) => [`${name}.next`, { ...it, data: (it.data as Float32Array).map(() => -1) }]),
  );
  takeRows(tables, used, results);
  expect([...tables.words.rows]).toEqual([0, 1, -1, -1, -1, -1, -1, -1, 8, 9, 10, 11]);
  expect([...tables.bias.second]).toEqual([-1, -1, 0, -1]);
  expect([...tables.head.rows.subarray(4, 6)]).toEqual([4, 5]);
});
