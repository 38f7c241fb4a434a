// A small seeded generator: the same numbers on every platform, one stream for each purpose.

/** Uniform numbers in [0, 1). Source: mulberry32, Tommy Ettinger, public domain. */
export type Random = () => number;

export function newRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}

/** A seed for part `index` of what `seed` seeds; neighbours get unrelated streams. */
export function childSeed(seed: number, index: number): number {
  let h = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  h ^= h >>> 16;
  return Math.imul(h, 0x27d4eb2f) >>> 0;
}
