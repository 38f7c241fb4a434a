import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ModelFolderError } from "../errors.ts";
import type { Chunk } from "./chunk.ts";
import { decodeChunk, type EncodedChunk, encodeChunk, MOST_CHILDREN } from "./chunk-codec.ts";

const NARROW = 128;
const limitsOf = (numChildren: number) => ({ numChildren, numFeatures: 2 ** 32, place: "test" });

/** A number of two bits of mantissa; any two of them fit one scale. */
const weight = fc
  .tuple(fc.integer({ min: 4, max: 7 }), fc.integer({ min: -7, max: 7 }), fc.constantFrom(-1, 1))
  .map(([mantissa, exponent, sign]) => sign * mantissa * 2 ** exponent);
const feature = fc.oneof(
  fc.nat({ max: 300 }),
  fc.nat({ max: 2_000_000 }),
  fc.constantFrom(0, 255, 256, 65536, 2 ** 24, 2 ** 32 - 1),
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

test.each([1, NARROW, NARROW + 1, MOST_CHILDREN])("a chunk of %i children survives encoding", (numChildren) => {
  fc.assert(
    fc.property(chunks(numChildren), (chunk) => {
      expect(decodeChunk(encodeChunk(chunk, numChildren), limitsOf(numChildren))).toEqual(chunk);
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
      const { startOf } = decodeChunk(encodeChunk({ ...chunk, features }, 200), { ...limitsOf(200), numFeatures });
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
    const { startOf, rowIndex } = decodeChunk(encodeChunk(chunk, 1), { ...limitsOf(1), numFeatures });
    return { startOf: startOf !== undefined, rowIndex: rowIndex !== undefined };
  };
  expect(lookUpOf(4 * rows)).toEqual({ startOf: true, rowIndex: false });
  expect(lookUpOf(4 * rows + 1)).toEqual({ startOf: false, rowIndex: true });
  expect(lookUpOf(64 * rows)).toEqual({ startOf: false, rowIndex: true });
  expect(lookUpOf(64 * rows + 1)).toEqual({ startOf: false, rowIndex: false });
});

const small = fromRows([
  [
    3,
    [
      [0, 1],
      [5, 2],
      [127, -1],
    ],
  ],
  [70_003, [[1, 0.5]]],
]);

test("unpacked, a weight takes two bytes and a row four more, lowest bytes of all steps first", () => {
  const { packed, numRows, numEntries } = encodeChunk(small, NARROW);
  expect([numRows, numEntries]).toEqual([2, 4]);
  expect([...inflateRawSync(packed)]).toEqual([
    ...[(1 - 17) & 0xff],
    // 70,000 is 0x11170.
    ...[3, 0x70, 0, 0x11, 0, 1, 0, 0],
    ...[0x70, 0x78, 0xf0, 0x68],
    // Cells 0, 5 and 127 of the first row and 1 of the second.
    ...[0, 4, 121, 1],
  ]);
  const wide = inflateRawSync(encodeChunk(small, 1_000).packed);
  // 127 is followed by 872 cells of its row and one of the next: 0x369.
  expect([...wide.subarray(-8)]).toEqual([0, 4, 121, 0x69, 0, 0, 0, 3]);
});

test("weights and children that repeat take less than a byte each", () => {
  const rows = Array.from({ length: 1000 }, (_, feature): Parameters<typeof fromRows>[0][number] => [
    feature,
    [
      [0, 0.5],
      [1, -0.5],
    ],
  ]);
  expect(encodeChunk(fromRows(rows), 2).packed.length).toBeLessThan(2000);
});

test("weights are rounded to two bits of mantissa beside the largest, and refused where they are no number", () => {
  const chunk = fromRows([
    [
      0,
      [
        [0, 0.1],
        [1, -9e5],
        [2, 1e-9],
      ],
    ],
  ]);
  expect([...decodeChunk(encodeChunk(chunk, 3), limitsOf(3)).weights]).toEqual([0, -917_504, 0]);
  expect([...decodeChunk(encodeChunk(fromRows([[0, [[0, 0.1]]]]), 1), limitsOf(1)).weights]).toEqual([0.09375]);
  for (const weight of [Number.POSITIVE_INFINITY, Number.NaN]) {
    expect(() => encodeChunk(fromRows([[0, [[0, weight]]]]), 1)).toThrow(RangeError);
  }
});

test("a row of one weight at child 0 that is rounded to zero is left out", () => {
  const chunk = fromRows([
    [1, [[0, 1e-9]]],
    [2, [[0, 1]]],
  ]);
  expect(decodeChunk(encodeChunk(chunk, 1), limitsOf(1))).toEqual(fromRows([[2, [[0, 1]]]]));
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
  for (const chunk of bad) expect(() => encodeChunk(chunk, NARROW)).toThrow(RangeError);
  expect(() => encodeChunk(good, MOST_CHILDREN + 1)).toThrow(RangeError);
});

function poke(encoded: EncodedChunk, at: number, value: number): EncodedChunk {
  const bytes = inflateRawSync(encoded.packed);
  bytes[at] = value;
  return { ...encoded, packed: new Uint8Array(deflateRawSync(bytes)) };
}

test("bytes that are no chunk are refused with the place and the reason", () => {
  const good = encodeChunk(small, NARROW);
  const poked = (at: number, value: number) => poke(good, at, value);
  const [secondStep, firstChild] = [2, 13];
  const limits = limitsOf(NARROW);
  const refused: [EncodedChunk, typeof limits, string][] = [
    [poked(0, 111), limits, "a scale from -126 to 110, found 111"],
    [{ ...poked(secondStep, 0), numRows: 2 }, { ...limits, numFeatures: 60_000 }, "features below 60000, found 69891"],
    [poked(firstChild, 128), limits, "an entry in each row, found none before entry 0"],
    [poked(firstChild + 1, 255), limits, "an entry in each row, found none before entry 1"],
    [poked(firstChild + 1, 200), limits, "2 entries in 2 rows, found 4"],
    [poked(firstChild + 2, 0), limits, "2 rows, found 1 that end"],
    [good, { ...limits, numFeatures: 70_003 }, "features below 70003, found 70003"],
    [good, { ...limits, numFeatures: 1 }, "at most 1 rows, found 2"],
    [{ ...good, numEntries: 300 }, limits, "at most 256 entries, found 300"],
    [{ ...good, numEntries: 5 }, limits, "a stream of 19 bytes, found 17"],
    [{ ...good, numEntries: 3 }, limits, "a stream of 15 bytes"],
    [{ ...good, packed: good.packed.subarray(0, -1) }, limits, "a stream of 17 bytes, found unexpected end"],
    [{ ...good, packed: Uint8Array.of(7) }, limits, "a stream of 17 bytes, found"],
  ];
  for (const [encoded, limits, message] of refused) {
    expect(() => decodeChunk(encoded, limits)).toThrow(ModelFolderError);
    expect(() => decodeChunk(encoded, limits)).toThrow(`test: expected ${message}`);
  }
});

test("children of version 4 are positions, marked at the end of a row", () => {
  const marked = [0, 5, 0x80 | 127, 0x80 | 1];
  const steps = encodeChunk(small, NARROW);
  const bytes = inflateRawSync(steps.packed);
  bytes.set(marked, bytes.length - marked.length);
  const good = { ...steps, packed: new Uint8Array(deflateRawSync(bytes)) };
  const limits = limitsOf(NARROW);
  expect(decodeChunk(good, limits, "marked")).toEqual(small);
  const firstChild = bytes.length - marked.length;
  const refused: [EncodedChunk, typeof limits, string][] = [
    [poke(good, firstChild, 5), limits, "ascending children in a row, found 5 after 5"],
    [poke(good, firstChild, 0x80), limits, "3 entries in 2 rows, found 4"],
    [poke(good, firstChild + 3, 1), limits, "2 rows, found 1 that end"],
    [good, { ...limits, numChildren: 100 }, "children below 100, found 127"],
  ];
  for (const [encoded, limits, message] of refused) {
    expect(() => decodeChunk(encoded, limits, "marked")).toThrow(`test: expected ${message}`);
  }
});

test("any bytes of the right length are refused or are rows of ascending features and children", () => {
  const numbers = fc.record({
    numChildren: fc.constantFrom(1, 3, NARROW, NARROW + 1),
    numRows: fc.nat({ max: 4 }),
    numEntries: fc.nat({ max: 9 }),
    bytes: fc.uint8Array({ minLength: 48, maxLength: 48 }),
  });
  let numRead = 0;
  fc.assert(
    fc.property(numbers, ({ numChildren, numRows, numEntries, bytes }) => {
      const size = 1 + 4 * numRows + (numChildren > NARROW ? 3 : 2) * numEntries;
      // Features ascend by one, so that children are what is looked at.
      const content = bytes.slice(0, size);
      for (let at = 0; at < 4 * numRows; at++) content[1 + at] = at < numRows && at > 0 ? 1 : 0;
      content[0] = 0;
      const encoded = { numRows, numEntries, packed: new Uint8Array(deflateRawSync(content)) };
      let chunk: Chunk;
      try {
        chunk = decodeChunk(encoded, limitsOf(numChildren));
      } catch (error) {
        expect(error).toBeInstanceOf(ModelFolderError);
        return;
      }
      if (chunk.features.length > 0) numRead++;
      for (let row = 0; row < chunk.features.length; row++) {
        const children = [...chunk.children.subarray(chunk.rowStart[row], chunk.rowStart[row + 1])];
        expect(children.length).toBeGreaterThan(0);
        expect(children).toEqual([...new Set(children)].sort((a, b) => a - b));
        expect(children.at(-1)).toBeLessThan(numChildren);
      }
    }),
    { numRuns: 1_000 },
  );
  expect(numRead).toBeGreaterThan(10);
});

test("a stream that grows without end is stopped at the size that the index names", () => {
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(50_000_000)));
  const rows = { numRows: 3, numEntries: 3, packed: bomb };
  expect(() => decodeChunk(rows, limitsOf(NARROW))).toThrow("test: expected a stream of 19 bytes");
});
