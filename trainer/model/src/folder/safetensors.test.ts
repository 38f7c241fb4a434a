import fc from "fast-check";
import { expect, test } from "vitest";
import { ModelFolderError } from "../errors.ts";
import { type Dtype, itemBytes, layoutTensors, parseTensorTable, type TensorSpec, viewTensor } from "./safetensors.ts";

/** A file with the given header text and bytes of data. */
function fileOf(header: string, dataBytes: number): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const tensor = (dtype: string, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });
const parse = (file: Uint8Array) => parseTensorTable("x.safetensors", file, file.length);

// Header of 56 bytes, so that data starts at 64: the smallest file another program might write.
const plain = '{"a":{"dtype":"U32","shape":[2],"data_offsets":[0,8]}}  ';

test("a file by another program is read in place", () => {
  const file = fileOf(plain, 8);
  new DataView(file.buffer).setUint32(68, 0xdeadbeef, true);
  expect([...viewTensor(parse(file), file, { name: "a", dtype: "U32", shape: [2] })]).toEqual([0, 0xdeadbeef]);
});

test("any tensors in falling item size are laid out without holes, aligned, and found again", () => {
  const dtypes: Dtype[] = ["F32", "U32", "F16", "U16", "U8", "I8"];
  const spec = fc.record({
    name: fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("__proto__", "toString", 'a"b:', "\\")),
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
  });
  const specs = fc.uniqueArray(spec, { selector: ({ name }) => name, maxLength: 8 });
  fc.assert(
    fc.property(specs, (unsorted) => {
      const sorted: TensorSpec[] = [...unsorted].sort((a, b) => itemBytes(b.dtype) - itemBytes(a.dtype));
      const { header, fileBytes } = layoutTensors(sorted);
      expect(header.length % 64).toBe(0);
      const file = new Uint8Array(fileBytes);
      file.set(header);
      const table = parse(file);
      let position = header.length;
      for (const spec of sorted) {
        const numItems = spec.shape.reduce((a, b) => a * b, 1);
        const view = viewTensor(table, file, spec);
        expect([view.byteOffset, view.length]).toEqual([position, numItems]);
        position += view.byteLength;
      }
      expect(position).toBe(fileBytes);
    }),
  );
});

const hostile: [why: string, header: string, dataBytes: number][] = [
  ["overlapping tensors", json({ a: tensor("U8", [4], [0, 4]), b: tensor("U8", [4], [2, 6]) }), 6],
  ["the same bytes twice", json({ a: tensor("U8", [4], [0, 4]), b: tensor("U8", [4], [0, 4]) }), 4],
  ["a hole", json({ a: tensor("U8", [4], [0, 4]), b: tensor("U8", [4], [6, 10]) }), 10],
  ["a tensor past the end", json({ a: tensor("U8", [9], [0, 9]) }), 8],
  ["bytes past the last tensor", json({ a: tensor("U8", [4], [0, 4]) }), 5],
  ["an unknown type", json({ a: tensor("C64", [1], [0, 8]) }), 8],
  ["a type from the prototype", json({ a: tensor("constructor", [1], [0, 8]) }), 8],
  ["a shape of another size", json({ a: tensor("U8", [3], [0, 4]) }), 4],
  ["a negative offset", json({ a: tensor("U8", [4], [-4, 0]) }), 4],
  ["an offset with a fraction", json({ a: tensor("U8", [4], [0.5, 4.5]) }), 4],
  ["offsets in the wrong order", json({ a: tensor("U8", [0], [4, 0]) }), 4],
  ["three offsets", json({ a: tensor("U8", [4], [0, 4, 8]) }), 4],
  ["an absurd shape", json({ a: tensor("U8", [2 ** 52, 2 ** 52], [0, 4]) }), 4],
  ["a shape that is nothing times infinity", json({ a: tensor("U8", [1e300, 1e300, 0], [0, 0]) }), 0],
  ["a shape that is no list", json({ a: tensor("U8", "4", [0, 4]) }), 4],
  ["a tensor that is no object", json({ a: 3 }), 0],
  [
    "a name twice",
    '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
    4,
  ],
  ["a key twice", '{"a":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}}', 4],
  ["a list", "[]", 0],
  ["no JSON", "{", 0],
  ["deep nesting", `{"__metadata__":${"[".repeat(5000)}${"]".repeat(5000)}}`, 0],
];

function json(header: object): string {
  // Padded so that the data of U8 and U32 tensors would be aligned.
  const text = JSON.stringify(header);
  return text.padEnd(Math.ceil(text.length / 8) * 8);
}

test.each(hostile)("a header with %s is refused", (_, header, dataBytes) => {
  expect(() => parse(fileOf(header, dataBytes))).toThrow(ModelFolderError);
});

test("a file cut short anywhere is refused", () => {
  const file = fileOf(plain, 8);
  for (let length = 0; length < file.length; length++) {
    expect(() => parse(file.slice(0, length)), `${length} bytes`).toThrow(ModelFolderError);
  }
});

test("an absurd header length is refused before anything is allocated", () => {
  for (const length of [2n ** 64n - 1n, 2n ** 53n, 57n]) {
    const file = fileOf(plain, 0);
    new DataView(file.buffer).setBigUint64(0, length, true);
    expect(() => parse(file)).toThrow("x.safetensors: expected a header of at most 56 bytes");
  }
});

test("a tensor of another type, shape or name is refused with what was found", () => {
  const file = fileOf(plain, 8);
  const table = parse(file);
  const ask = (name: string, dtype: Dtype, shape: number[]) => () => viewTensor(table, file, { name, dtype, shape });
  expect(ask("a", "F32", [2])).toThrow('expected tensor "a" of F32 [2], found U32 [2]');
  expect(ask("a", "U32", [3])).toThrow('expected tensor "a" of U32 [3], found U32 [2]');
  expect(ask("b", "U32", [2])).toThrow('expected tensor "b" of U32 [2], found none');
  expect(ask("__proto__", "U32", [2])).toThrow(ModelFolderError);
});

test("a tensor off its alignment, as other programs write it, is listed but not viewed in place", () => {
  const file = fileOf(json({ a: tensor("U32", [1], [0, 4]) }).padEnd(57), 4);
  const table = parse(file);
  expect(table.tensors.get("a")).toMatchObject({ start: 65, end: 69 });
  expect(() => viewTensor(table, file, { name: "a", dtype: "U32", shape: [1] })).toThrow(ModelFolderError);
});

test("types that no array of ours views are listed with their size", () => {
  const table = parse(fileOf(json({ a: tensor("F64", [2], [0, 16]), b: tensor("BF16", [3], [16, 22]) }), 22));
  expect([...table.tensors.values()].map((it) => it.end - it.start)).toEqual([16, 6]);
});

test("a layout that would break alignment or repeats a name is a caller's mistake", () => {
  const byte = { name: "a", dtype: "U8", shape: [1] } as const;
  expect(() => layoutTensors([byte, { name: "b", dtype: "U16", shape: [1] }])).toThrow(RangeError);
  expect(() => layoutTensors([byte, byte])).toThrow(RangeError);
});
