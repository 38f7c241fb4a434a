import fc from "fast-check";
import { expect, test } from "vitest";
import { ModelFolderError } from "../errors.ts";
import { fromFloat16 } from "../sparse/float16.ts";
import type { Chunk } from "./chunk.ts";
import { decodeChunk, encodeChunk, maxChildren } from "./chunk-codec.ts";

const anything = { numChildren: 0x8000, numFeatures: 2 ** 32, place: "test" };

/** A finite float16 number that is not zero. */
const weight = fc.integer({ min: 1, max: 0x7bff }).chain((it) => fc.constantFrom(fromFloat16(it), -fromFloat16(it)));
const feature = fc.oneof(
  fc.nat({ max: 300 }),
  fc.nat({ max: 2_000_000 }),
  fc.constantFrom(0, 65535, 65536, 131070, 131071, 4_000_000),
);

function chunks(numChildren: number): fc.Arbitrary<Chunk> {
  const child = fc.oneof(fc.nat({ max: numChildren - 1 }), fc.constantFrom(0, numChildren - 1));
  const entry = fc.tuple(child, weight);
  const row = fc.uniqueArray(entry, { minLength: 1, maxLength: 6, selector: ([child]) => child });
  return fc.uniqueArray(fc.tuple(feature, row), { maxLength: 12, selector: ([feature]) => feature }).map(fromRows);
}

function fromRows(rows: [feature: number, entries: [child: number, weight: number][]][]): Chunk {
  const sorted = [...rows].sort(([a], [b]) => a - b).map(([, entries]) => [...entries].sort(([a], [b]) => a - b));
  const rowStart = [0];
  for (const entries of sorted) rowStart.push(rowStart.at(-1)! + entries.length);
  return {
    features: Uint32Array.from(rows.map(([feature]) => feature).sort((a, b) => a - b)),
    rowStart: Uint32Array.from(rowStart),
    children: Uint16Array.from(sorted.flat().map(([child]) => child)),
    weights: Float32Array.from(sorted.flat().map(([, weight]) => weight)),
  };
}

test.each([false, true])("a chunk survives encoding, features far apart included (wide: %s)", (wide) => {
  fc.assert(
    fc.property(chunks(maxChildren(wide)), (chunk) => {
      expect(decodeChunk(encodeChunk(chunk, wide), anything)).toEqual(chunk);
    }),
    { numRuns: 300 },
  );
});

test("a chunk of many of the model's features says where the entries of each begin", () => {
  fc.assert(
    fc.property(chunks(200), fc.integer({ min: 1, max: 4 }), (chunk, factor) => {
      // Features close together, of a model that has `factor` times as many.
      const features = chunk.features.map((_, row) => 2 * row + (row % 2));
      const numFeatures = Math.max(factor * features.length, (features.at(-1) ?? 0) + 1);
      const { startOf } = decodeChunk(encodeChunk({ ...chunk, features }, true), { ...anything, numFeatures });
      expect(startOf !== undefined).toBe(4 * features.length >= numFeatures);
      const entriesBefore = (feature: number) =>
        [...features].reduce(
          (sum, it, row) => sum + (it < feature ? chunk.rowStart[row + 1]! - chunk.rowStart[row]! : 0),
          0,
        );
      for (const [f, start] of startOf?.entries() ?? []) expect(start).toBe(entriesBefore(f));
      if (startOf !== undefined) expect(startOf.length).toBe(numFeatures + 1);
    }),
  );
});

test("a narrower chunk has an index of its rows, until it is too narrow to be worth one", () => {
  const rows = 100;
  const chunk = {
    features: Uint32Array.from({ length: rows }, (_, row) => row),
    rowStart: Uint32Array.from({ length: rows + 1 }, (_, row) => row),
    children: new Uint16Array(rows),
    weights: new Float32Array(rows).fill(1),
  };
  const lookUpOf = (numFeatures: number) => {
    const { startOf, rowIndex } = decodeChunk(encodeChunk(chunk, true), { ...anything, numFeatures });
    return { startOf: startOf !== undefined, rowIndex: rowIndex !== undefined };
  };
  expect(lookUpOf(4 * rows)).toEqual({ startOf: true, rowIndex: false });
  expect(lookUpOf(4 * rows + 1)).toEqual({ startOf: false, rowIndex: true });
  expect(lookUpOf(64 * rows)).toEqual({ startOf: false, rowIndex: true });
  expect(lookUpOf(64 * rows + 1)).toEqual({ startOf: false, rowIndex: false });
});

test("a weight takes three bytes and a row two more", () => {
  const chunk = fromRows([
    [
      3,
      [
        [0, 1],
        [5, 2],
        [127, -1],
      ],
    ],
    [70, [[1, 0.5]]],
  ]);
  const { features, children, weights } = encodeChunk(chunk, false);
  expect([...features]).toEqual([3, 67]);
  expect([...children]).toEqual([0, 5, 0x80 | 127, 0x80 | 1]);
  expect([...weights]).toEqual([0x3c00, 0x4000, 0xbc00, 0x3800]);
  expect(features.byteLength + children.byteLength + weights.byteLength).toBe(2 * 2 + 4 * 3);
});

test("a step over 65535 is bridged by rows of one zero weight", () => {
  const { features, children, weights } = encodeChunk(fromRows([[65535 * 2 + 7, [[2, 1]]]]), true);
  expect([...features]).toEqual([65535, 65535, 7]);
  expect([...children]).toEqual([0x8000, 0x8000, 0x8002]);
  expect([...weights]).toEqual([0, 0, 0x3c00]);
});

test("weights that float16 cannot hold are rounded, and refused past its range", () => {
  const rounded = decodeChunk(encodeChunk(fromRows([[0, [[0, 0.1]]]]), false), anything);
  expect(rounded.weights[0]).toBe(0.0999755859375);
  for (const weight of [70000, Number.NaN]) {
    expect(() => encodeChunk(fromRows([[0, [[0, weight]]]]), false)).toThrow(RangeError);
  }
});

test("what is no chunk cannot be encoded", () => {
  const good = fromRows([
    [
      1,
      [
        [0, 1],
        [1, 1],
      ],
    ],
    [2, [[0, 1]]],
  ]);
  const bad: Chunk[] = [
    { ...good, features: Uint32Array.of(2, 2) },
    { ...good, features: Uint32Array.of(2, 1) },
    { ...good, rowStart: Uint32Array.of(0, 3, 3) },
    { ...good, children: Uint16Array.of(1, 1, 0) },
    { ...good, children: Uint16Array.of(0, 128, 0) },
  ];
  for (const chunk of bad) expect(() => encodeChunk(chunk, false)).toThrow(RangeError);
});

test("bytes that are no chunk are refused with the place and the reason", () => {
  const encoded = encodeChunk(
    fromRows([
      [
        1,
        [
          [0, 1],
          [1, 1],
        ],
      ],
      [2, [[0, 1]]],
    ]),
    false,
  );
  const { features, children, weights } = encoded;
  const bad = [
    { ...encoded, features: Uint16Array.of(1, 0) },
    { ...encoded, features: Uint16Array.of(1, 1, 1) },
    { ...encoded, features: Uint16Array.of(1) },
    { ...encoded, children: Uint8Array.of(1, 0x81, 0x80) },
    { ...encoded, children: Uint8Array.of(0, 1, 0) },
    { ...encoded, weights: Uint16Array.of(0x3c00, 0x7c00, 0x3c00) },
    { features, children: children.subarray(0, 2), weights },
  ];
  for (const it of bad) expect(() => decodeChunk(it, anything)).toThrow(ModelFolderError);
  expect(() => decodeChunk(encoded, { ...anything, numChildren: 1 })).toThrow(
    "test: expected children below 1, found 1",
  );
  expect(() => decodeChunk(encoded, { ...anything, numFeatures: 2 })).toThrow(
    "test: expected features below 2, found 2",
  );
});
