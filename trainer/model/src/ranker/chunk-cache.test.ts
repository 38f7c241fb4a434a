import os from "node:os";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Chunk } from "./chunk.ts";
import { ChunkCache, defaultCacheBytes } from "./chunk-cache.ts";

function chunkOf(numEntries: number): Chunk {
  return {
    features: new Uint32Array(1),
    rowStart: Uint32Array.of(0, numEntries),
    children: new Uint16Array(numEntries),
    weights: new Float32Array(numEntries),
  };
}

/** Room for exactly `count` chunks of one entry. */
function roomFor(count: number): number {
  const cache = new ChunkCache(Number.POSITIVE_INFINITY);
  cache.put(0, chunkOf(1));
  return cache.bytes * count;
}

test("the chunk that was unused for longest goes first", () => {
  const cache = new ChunkCache(roomFor(2));
  for (const key of [1, 2]) cache.put(key, chunkOf(1));
  cache.get(1);
  cache.put(3, chunkOf(1));
  expect([1, 2, 3].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true]);
});

test("a chunk over the whole budget is not kept and drives nothing out", () => {
  const cache = new ChunkCache(roomFor(2));
  cache.put(1, chunkOf(1));
  cache.put(2, chunkOf(100_000));
  expect([1, 2].map((key) => cache.get(key) !== undefined)).toEqual([true, false]);
});

test("it behaves as a list ordered by last use and never exceeds its budget", () => {
  const step = fc.record({ put: fc.boolean(), key: fc.nat({ max: 8 }) });
  fc.assert(
    fc.property(fc.array(step), fc.nat({ max: 5 }), (steps, capacity) => {
      const cache = new ChunkCache(roomFor(capacity));
      let recent: number[] = [];
      for (const { put, key } of steps) {
        if (put) cache.put(key, chunkOf(1));
        else expect(cache.get(key) !== undefined).toBe(recent.includes(key));
        const present = recent.includes(key);
        if (put || present) recent = [...recent.filter((it) => it !== key), key].slice(-capacity || recent.length + 1);
        if (capacity === 0) recent = [];
        expect(cache.bytes).toBe(roomFor(recent.length));
      }
    }),
  );
});

test("a disposed cache holds nothing; a budget that is no size is refused", () => {
  const cache = new ChunkCache(roomFor(1));
  cache.put(1, chunkOf(1));
  cache.dispose();
  expect([cache.bytes, cache.get(1)]).toEqual([0, undefined]);
  expect(() => new ChunkCache(-1)).toThrow(RangeError);
  expect(() => new ChunkCache(Number.NaN)).toThrow(RangeError);
});

test("by default it holds an eighth of the memory that there is, or that a container may use, but never too little", () => {
  const gib = 2 ** 30;
  const total = vi.spyOn(os, "totalmem");
  const allowed = vi.spyOn(process, "constrainedMemory");
  onTestFinished(() => void vi.restoreAllMocks());
  const budget = (totalBytes: number, allowedBytes: number) => {
    total.mockReturnValue(totalBytes);
    allowed.mockReturnValue(allowedBytes);
    return defaultCacheBytes();
  };
  expect(budget(16 * gib, 0)).toBe(2 * gib);
  // Without a limit some systems say the largest number that there is.
  expect(budget(16 * gib, 2 ** 64)).toBe(2 * gib);
  expect(budget(16 * gib, 4 * gib)).toBe(gib / 2);
  expect(budget(gib, 0)).toBe(gib / 4);
});
