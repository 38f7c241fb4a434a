import { hundredths } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newRandom } from "../random.ts";
import { balancedClusters } from "./balanced-kmeans.ts";
import { sparse, topicRows } from "./test-data.ts";

const anyRows = fc.array(fc.array(hundredths(0), { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 40 });
const seeds = fc.integer({ min: 0, max: 1e6 });

function sumOf(rows: readonly (readonly number[])[], group: Iterable<number>): number[] {
  const sum = rows[0]!.map(() => 0);
  for (const r of group) for (const [f, value] of rows[r]!.entries()) sum[f]! += value;
  return sum;
}

/** Spherical k-means' objective: Σ cosine to the own cluster's mean = Σ ‖cluster's sum‖ for unit rows. */
function objective(rows: readonly (readonly number[])[], groups: readonly Iterable<number>[]): number {
  return groups.reduce((total, group) => total + Math.hypot(...sumOf(rows, group)), 0);
}

function randomHalves(numRows: number, seed: number): number[][] {
  const random = newRandom(seed);
  const order = Array.from({ length: numRows }, (_, r) => ({ r, key: random() })).sort((a, b) => a.key - b.key);
  const half = numRows >> 1;
  return [order.slice(0, half), order.slice(half)].map((part) => part.map(({ r }) => r));
}

test("each label is in one cluster, clusters ascend, and sizes follow floor and ceiling halves", async () => {
  await fc.assert(
    fc.asyncProperty(anyRows, fc.integer({ min: 0, max: 3 }), seeds, async (rows, wanted, seed) => {
      const depth = Math.min(wanted, Math.floor(Math.log2(rows.length)));
      const clusters = await balancedClusters(sparse(rows, 4), depth, seed);
      expect(clusters.flatMap((it) => [...it]).sort((a, b) => a - b)).toEqual([...rows.keys()]);
      for (const it of clusters) expect([...it]).toEqual([...it].sort((a, b) => a - b));
      let sizes = [rows.length];
      for (let level = 0; level < depth; level++) sizes = sizes.flatMap((n) => [n >> 1, n - (n >> 1)]);
      expect(clusters.map((it) => it.length)).toEqual(sizes);
    }),
  );
});

test("a split is at rest: no label of one half is nearer to the other half than one that is there", async () => {
  await fc.assert(
    fc.asyncProperty(anyRows, seeds, async (rows, seed) => {
      fc.pre(rows.length >= 2);
      const unit = rows.map((row) => row.map((value) => value / (Math.hypot(...row) || 1)));
      const [left, right] = (await balancedClusters(sparse(unit, 4), 1, seed)) as [Uint32Array, Uint32Array];
      const direction = [left, right].map((group) => {
        const sum = sumOf(unit, group);
        return sum.map((value) => value / (Math.hypot(...sum) || 1));
      });
      const score = (r: number) => unit[r]!.reduce((s, v, f) => s + v * (direction[1]![f]! - direction[0]![f]!), 0);
      const mostLeft = Math.max(...Array.from(left, score));
      const leastRight = Math.min(...Array.from(right, score));
      expect(mostLeft).toBeLessThanOrEqual(leastRight + 1e-5);
    }),
  );
});

test("on data with topics a split beats the best of many random ones, whatever the seed", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const rows = topicRows(60, 4, 6, seed + 100);
    const found = objective(rows, await balancedClusters(sparse(rows, 30), 1, seed));
    const random = Array.from({ length: 30 }, (_, i) => objective(rows, randomHalves(60, seed * 31 + i)));
    expect(found).toBeGreaterThan(Math.max(...random));
  }
});

test("the same seed gives the same clusters, another one may not", async () => {
  const embedding = sparse(topicRows(200, 9, 5, 3), 50);
  const texts: string[] = [];
  for (const seed of [1, 1, 2, 3, 4])
    texts.push(JSON.stringify((await balancedClusters(embedding, 4, seed)).map((it) => [...it])));
  expect(texts[1]).toBe(texts[0]);
  expect(new Set(texts).size).toBeGreaterThan(1);
});
