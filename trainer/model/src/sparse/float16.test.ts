import fc from "fast-check";
import { expect, test } from "vitest";
import { fromFloat16, fromFloat16s, roundFloat16, toFloat16 } from "./float16.ts";

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
const finite = [...all].filter((it) => ((it >> 10) & 31) !== 31);

test("every one of the 65536 patterns means what binary16 says", () => {
  const expected = Array.from(all, definition);
  expect(Array.from(all, fromFloat16)).toEqual(expected);
  const out = new Float32Array(65536);
  fromFloat16s(all, out);
  expect(Array.from(out)).toEqual(expected);
});

test("every pattern comes back from its number", () => {
  const out = new Uint16Array(65536);
  toFloat16(Float32Array.from(all, definition), out);
  const isNaNPattern = (it: number) => (it & 0x7c00) === 0x7c00 && (it & 0x3ff) !== 0;
  expect(Array.from(all).filter((it) => !isNaNPattern(it) && out[it] !== it)).toEqual([]);
  expect(Array.from(all).filter((it) => isNaNPattern(it) && !isNaNPattern(out[it]!))).toEqual([]);
});

test("halfway between two neighbours the even one is taken, beside it the nearer one", () => {
  const wrong = finite.filter((pattern) => {
    if (pattern >= 0x7bff) return false;
    const [low, high] = [definition(pattern), definition(pattern + 1)];
    const inner = [0.49, 0.5, 0.51].map((part) => roundFloat16(low + (high - low) * part));
    return inner.join() !== [low, pattern % 2 === 0 ? low : high, high].join();
  });
  expect(wrong).toEqual([]);
});

test("any number rounds to the nearest of all finite patterns", () => {
  const values = finite.map(definition).sort((a, b) => a - b);
  fc.assert(
    fc.property(fc.float({ noNaN: true, min: -65519, max: 65519 }), (value) => {
      const nearest = Math.min(...values.map((it) => Math.abs(it - value)));
      expect(Math.abs(roundFloat16(value) - value)).toBe(nearest);
    }),
    { numRuns: 30 },
  );
});

test("from 65520 on a number is infinite", () => {
  expect([65519, 65520, -65520, 1e30].map(roundFloat16)).toEqual([65504, Infinity, -Infinity, Infinity]);
});

test("values are written from the given place on", () => {
  const out = new Uint16Array(4);
  toFloat16(Float32Array.of(1, -2), out, 1);
  expect([...out]).toEqual([0, 0x3c00, 0xc000, 0]);
});
