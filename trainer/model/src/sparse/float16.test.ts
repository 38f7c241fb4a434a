import { expect, test } from "vitest";
import { fromFloat16, fromFloat16s } from "./float16.ts";

/** The definition of binary16: sign, (1.)mantissa, power of two. */
function definition(pattern: number): number {
  const bits = pattern.toString(2).padStart(16, "0");
  const exponent = Number.parseInt(bits.slice(1, 6), 2);
  const fraction = Number.parseInt(bits.slice(6), 2) / 1024;
  const sign = bits[0] === "1" ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign / 0 : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

const all = Uint16Array.from({ length: 65536 }, (_, pattern) => pattern);

test("every one of the 65536 patterns means what binary16 says", () => {
  const expected = Array.from(all, definition);
  expect(Array.from(all, fromFloat16)).toEqual(expected);
  const out = new Float32Array(65536);
  fromFloat16s(all, out);
  expect(Array.from(out)).toEqual(expected);
});
