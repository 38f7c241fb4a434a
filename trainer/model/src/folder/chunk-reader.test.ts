import { expect, test } from "vitest";
import { openPlainChunks } from "./chunk-reader.ts";
import { layoutTensors, parseTensorTable } from "./safetensors.ts";
import { plainTensors } from "./tensors.ts";

const one = 0x3c00;
const infinite = 0x7c00;

/** A level of one chunk as versions 1 to 3 have it. */
function plainChunk(steps: number[], weights: number[], children: Uint8Array | Uint16Array) {
  const specs = plainTensors(0, 0, steps.length, weights.length);
  const wide = children instanceof Uint16Array;
  const { header, fileBytes } = layoutTensors([specs.features, specs.weights, specs.children(wide)]);
  const parts = [Uint16Array.from(steps), Uint16Array.from(weights), children];
  const bytes = Buffer.concat([header, ...parts.map((it) => Buffer.from(it.buffer))]);
  const file = {
    place: "test",
    bytes: fileBytes,
    read: (out: Uint8Array, from: number) => out.set(bytes.subarray(from, from + out.length)),
    close: () => undefined,
  };
  const table = parseTensorTable("test", bytes, fileBytes);
  const rows = Uint32Array.of(0, steps.length);
  const read = openPlainChunks({ file, table, rows, entries: Uint32Array.of(0, weights.length) }, 0, 0);
  const limits = { numChildren: wide ? 300 : 2, numFeatures: 200_000, place: "test" };
  const checked: (Uint8Array | Uint16Array)[][] = [];
  const chunk = () => read(0, limits, undefined, (it) => checked.push([...it]));
  return { chunk, checked, parts };
}

test("a step over 65535 was bridged by rows of one zero weight, which are left out", () => {
  const { chunk, checked, parts } = plainChunk([65535, 65535, 7], [0, 0, one], Uint8Array.of(0x80, 0x80, 0x81));
  const { features, children, weights } = chunk();
  expect([...features]).toEqual([2 * 65535 + 7]);
  expect([...children]).toEqual([1]);
  expect([...weights]).toEqual([1]);
  expect(checked).toEqual([parts]);
});

test("children of 16 bits are read where the level has such", () => {
  const { children, weights } = plainChunk([3], [one, one], Uint16Array.of(2, 0x8000 | 299)).chunk();
  expect([...children]).toEqual([2, 299]);
  expect([...weights]).toEqual([1, 1]);
});

test("a weight that is no number is refused with its place", () => {
  const { chunk } = plainChunk([3], [one, infinite], Uint8Array.of(0, 0x81));
  expect(chunk).toThrow("test: expected finite weights, found Infinity");
});
