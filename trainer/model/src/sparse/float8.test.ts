import fc from "fast-check";
import { expect, test } from "vitest";
import { float8Scale, fromFloat8, maxFloat8Scale, minFloat8Scale, toFloat8 } from "./float8.ts";

function encode(values: readonly number[], scale = float8Scale(Float32Array.from(values))) {
  const patterns = new Uint8Array(values.length);
  toFloat8(Float32Array.from(values), scale, patterns);
  return { patterns, scale };
}

function decode(patterns: Uint8Array, scale: number): number[] {
  const out = new Float32Array(patterns.length);
  fromFloat8(patterns, scale, out);
  return [...out];
}

const everyPattern = Uint8Array.from({ length: 256 }, (_, i) => i);
const anyScale = fc.integer({ min: minFloat8Scale, max: maxFloat8Scale });

test("the numbers are 0 to 7, then eight in each octave up to 15 · 2^14", () => {
  expect(decode(everyPattern, 0).slice(0, 26)).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 26, 28, 30, 32, 36], //
  );
  expect(decode(everyPattern, 0)[127]).toBe(15 * 2 ** 14);
  expect(decode(everyPattern, -3)[128 + 9]).toBe(-9 / 8);
});

test("every pattern is a finite number and comes back as itself, at any scale; minus zero as zero", () => {
  fc.assert(
    fc.property(anyScale, (scale) => {
      const numbers = decode(everyPattern, scale);
      expect(numbers.every(Number.isFinite)).toBe(true);
      expect(encode(numbers, scale).patterns).toEqual(everyPattern.with(128, 0));
    }),
  );
});

test("a number becomes the nearest of all patterns, and one between two the even one", () => {
  const numbers = decode(everyPattern.subarray(0, 128), -10);
  fc.assert(
    fc.property(fc.double({ min: 0, max: numbers[127]!, noNaN: true }), (value) => {
      const rounded = Math.fround(value);
      const [found] = decode(encode([rounded], -10).patterns, -10);
      expect(Math.abs(found! - rounded)).toBe(Math.min(...numbers.map((it) => Math.abs(it - rounded))));
    }),
  );
  for (const [i, number] of numbers.slice(0, 127).entries())
    expect([...encode([(number + numbers[i + 1]!) / 2], -10).patterns]).toEqual([i + (i % 2)]);
});

test("with fewer bits of mantissa a number becomes the nearest of fewer patterns", () => {
  for (const mantissaBits of [2, 1]) {
    const step = 2 ** (3 - mantissaBits);
    const numbers = decode(everyPattern.subarray(0, 128), -10).filter((_, code) => code >= 8 && code % step === 0);
    fc.assert(
      fc.property(fc.double({ min: numbers[0]!, max: numbers.at(-1)!, noNaN: true }), (value) => {
        const values = Float32Array.of(value, -value);
        const patterns = new Uint8Array(2);
        toFloat8(values, -10, patterns, mantissaBits);
        const [found, negative] = decode(patterns, -10);
        expect(patterns[0]! % step).toBe(0);
        expect(negative).toBe(-found!);
        expect(Math.abs(found! - values[0]!)).toBe(Math.min(...numbers.map((it) => Math.abs(it - values[0]!))));
      }),
    );
  }
  // What is rounded up to the next octave still fits: 15 has two bits of mantissa as 16.
  const largest = Float32Array.of(15 * 2 ** 14);
  expect([float8Scale(largest), float8Scale(largest, 2)]).toEqual([0, 1]);
});

test("the scale has room for the largest number, rounded, and no more", () => {
  expect(float8Scale(Float32Array.of(0.5, -15 * 2 ** 14))).toBe(0);
  expect(float8Scale(Float32Array.of(15.4 * 2 ** 14))).toBe(0);
  expect(float8Scale(Float32Array.of(15.6 * 2 ** 14))).toBe(1);
  expect(float8Scale(Float32Array.of(8 * 2 ** 13))).toBe(-1);
  expect(float8Scale(new Float32Array(3))).toBe(minFloat8Scale);
  expect(float8Scale(new Float32Array(0))).toBe(minFloat8Scale);
  fc.assert(
    fc.property(fc.float({ noNaN: true, min: -(2 ** 100), max: 2 ** 100 }), (value) => {
      const { patterns, scale } = encode([value]);
      const [found] = decode(patterns, scale);
      expect(Math.abs(found! - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) / 16, 2 ** minFloat8Scale / 2));
    }),
  );
});

test("what is no number is refused with its place", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -3.4e38])
    expect(() => float8Scale(Float32Array.of(1, bad))).toThrow(/at 1 is no number/u);
});
