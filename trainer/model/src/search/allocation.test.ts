// Measured from outside, in a process without other work: what a search leaves on the heap.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** Says the nodes that a search scores, and the bytes that it allocates: the least of many rounds, as code gets faster. */
const source = `
  import { getHeapStatistics } from "node:v8";
  import { ChunkCache } from "../ranker/chunk-cache.ts";
  import { BeamSearch, newBeam, newRanking } from "./beam-search.ts";
  import { randomMember, randomRow } from "./random-member.ts";
  const width = Number(process.argv[2]);
  const { tree, ranker } = randomMember(500, 30, 1, width);
  const cache = new ChunkCache(2 ** 30);
  const levels = ranker.levels.map(({ bias, chunk }, t) => {
    const key = (parent) => 1000 * t + parent;
    for (let parent = 0; parent + 1 < tree.levels[t].childStart.length; parent++) cache.put(key(parent), chunk(parent));
    return { bias, chunk: (parent) => cache.get(key(parent)) };
  });
  const rows = Array.from({ length: 16 }, (_, seed) => randomRow(30, seed, width));
  const [ranking, beam] = [newRanking(20), newBeam(10)];
  const options = { beam: 10, power: 3, pathWeight: 1 };
  const search = new BeamSearch(tree, { levels });
  const searches = 400;
  let bytes = Infinity;
  for (let round = 0; round < 20; round++) {
    gc();
    const before = getHeapStatistics().used_heap_size;
    for (let i = 0; i < searches; i++) search.search(rows[i % rows.length], 20, options, ranking, beam);
    bytes = Math.min(bytes, (getHeapStatistics().used_heap_size - before) / searches);
  }
  let nodes = 0;
  const counted = levels.map(({ bias, chunk }, t) => ({
    bias,
    chunk: (parent) => {
      const { childStart } = tree.levels[t];
      nodes += childStart[parent + 1] - childStart[parent];
      return chunk(parent);
    },
  }));
  new BeamSearch(tree, { levels: counted }).search(rows[0], 20, options, ranking, beam);
  process.stdout.write(JSON.stringify({ bytes, nodes }));
`;

/** @param width of the dense block; 0 for words alone. */
async function measure(width: number): Promise<{ bytes: number; nodes: number }> {
  const program = path.join(scratchFolder(), "program.mjs");
  const stdin = { contents: source, resolveDir: import.meta.dirname, loader: "ts" as const };
  await build({ stdin, outfile: program, bundle: true, platform: "node", format: "esm", target: "node20" });
  // No round fills this young generation, so that nothing is collected between the two looks at the heap.
  const flags = [
    "--expose-gc",
    "--min-semi-space-size=64",
    "--max-semi-space-size=64",
    "--no-concurrent-recompilation",
  ];
  return JSON.parse(execFileSync(process.execPath, [...flags, program, String(width)], { encoding: "utf8" }));
}

const emptyList = 32;
const smallestObject = 16;

test("a search by words allocates nothing while its chunks are in memory", async () => {
  const { bytes, nodes } = await measure(0);
  expect(nodes).toBeGreaterThan(50);
  expect(bytes).toBeGreaterThanOrEqual(0);
  expect(bytes).toBeLessThan(emptyList);
});

test("a search by words and an embedding allocates nothing for a node", async () => {
  const { bytes, nodes } = await measure(16);
  // A number is boxed for each panel, which has some three nodes.
  expect(bytes).toBeGreaterThanOrEqual(0);
  expect(bytes / nodes).toBeLessThan(smallestObject / 2);
});
