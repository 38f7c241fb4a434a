import { type LabelTree, numNodes } from "@tagwright/model/internals";
import { hundredths } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newRandom } from "../random.ts";
import { buildTree, flatTree, type TreeOptions } from "./build-tree.ts";
import { sparse, topicRows, twoBlocks } from "./test-data.ts";

function widths({ levels }: LabelTree): number[] {
  return levels.map(numNodes);
}

/** What every search takes for granted. */
function expectSound({ levels, labelOf }: LabelTree, numLabels: number): void {
  expect([...labelOf].sort((a, b) => a - b)).toEqual(Array.from({ length: numLabels }, (_, label) => label));
  let parents = 1;
  for (const { childStart } of levels) {
    expect(childStart.length).toBe(parents + 1);
    expect(childStart[0]).toBe(0);
    for (let p = 0; p < parents; p++) expect(childStart[p + 1]!).toBeGreaterThan(childStart[p]!);
    parents = childStart[parents]!;
  }
  expect(parents).toBe(numLabels);
}

const noFeatures = (numLabels: number) => sparse(new Array<number[]>(numLabels).fill([]), 1);
const balanced = (branching: number, leafSize: number): TreeOptions => ({ shape: "balanced", branching, leafSize });
const bonsai = (branching: number, leafSize: number): TreeOptions => ({ shape: "bonsai", branching, leafSize });

// From the trees that PECOS's parameters give the benchmark sets: [labels, leaf size, branching, widths].
const chains: [number, number, number, number[]][] = [
  [3956, 16, 16, [16, 256, 3956]],
  [3956, 16, 8, [4, 32, 256, 3956]],
  [30938, 16, 16, [8, 128, 2048, 30938]],
  [501070, 100, 32, [8, 256, 8192, 501070]],
  [13330, 100, 2, [2, 4, 8, 16, 32, 64, 128, 256, 13330]],
  [100, 100, 16, [100]],
  [101, 100, 16, [2, 101]],
  [1, 100, 16, [1]],
];

test.each(chains)(
  "%i labels in leaves of %i, %i children a node: levels as wide as PECOS's",
  async (labels, leaf, wide, expected) => {
    expect(widths(await buildTree(noFeatures(labels), balanced(wide, leaf), 0))).toEqual(expected);
  },
);

const rows = fc.array(fc.array(hundredths(0), { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 60 });
const shapes = fc.record({
  shape: fc.constantFrom("balanced" as const, "bonsai" as const, "parabel" as const),
  branching: fc.constantFrom(2, 3, 4, 16),
  leafSize: fc.integer({ min: 2, max: 12 }),
});

test("every tree covers each label once, on one level, and no node is empty", async () => {
  await fc.assert(
    fc.asyncProperty(rows, shapes, fc.nat(1000), async (it, options, seed) => {
      expectSound(await buildTree(sparse(it, 3), options, seed), it.length);
    }),
  );
});

test("leaves of a balanced tree hold at most the leaf size, of sizes one apart", async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 2, max: 12 }), async (it, leafSize) => {
      const { levels } = await buildTree(sparse(it, 3), balanced(4, leafSize), 1);
      const { childStart } = levels.at(-1)!;
      const sizes = Array.from(childStart.subarray(1), (end, p) => end - childStart[p]!);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(leafSize);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

test("a wide tree is at most three splits deep and no node has more children than asked for", async () => {
  const tree = await buildTree(sparse(topicRows(600, 12, 4, 5), 52), bonsai(8, 5), 2);
  expectSound(tree, 600);
  expect(tree.levels.length).toBeLessThanOrEqual(4);
  for (const { childStart } of tree.levels.slice(0, -1)) {
    for (let p = 0; p + 1 < childStart.length; p++) expect(childStart[p + 1]! - childStart[p]!).toBeLessThanOrEqual(8);
  }
});

test("a wide tree keeps topics that have nothing in common apart", async () => {
  const topic = (label: number) => label % 3;
  const tree = await buildTree(
    sparse(
      Array.from({ length: 30 }, (_, label) => [0, 1, 2].map((t) => (t === topic(label) ? 1 : 0))),
      3,
    ),
    bonsai(6, 10),
    4,
  );
  const { childStart } = tree.levels.at(-1)!;
  const topics = Array.from(
    childStart.subarray(1),
    (end, p) => new Set([...tree.labelOf.subarray(childStart[p]!, end)].map(topic)),
  );
  // Two of the random first centers may be of one topic, so that another topic shares a cluster; none is torn apart.
  const clustersOf = [0, 1, 2].map((t) => topics.filter((it) => it.has(t)).length);
  expect(clustersOf).toEqual([1, 1, 1]);
});

test("labels that cannot be told apart are cut into nodes that a chunk can hold", async () => {
  const tree = await buildTree(noFeatures(70_000), bonsai(100, 100), 0);
  expectSound(tree, 70_000);
  expect(widths(tree)).toEqual([3, 70_000]);
  const { childStart } = tree.levels.at(-1)!;
  // 15 bits of a child's position and one that ends a row: see chunk-codec.ts.
  for (let p = 0; p < 3; p++) expect(childStart[p + 1]! - childStart[p]!).toBeLessThanOrEqual(2 ** 15);
});

test("labels without features do not stop a tree from being made", async () => {
  expectSound(await buildTree(noFeatures(50), bonsai(4, 5), 0), 50);
  expectSound(await buildTree(noFeatures(50), balanced(4, 5), 0), 50);
});

test("the same seed gives the same tree", async () => {
  const embedding = sparse(topicRows(150, 7, 5, 3), 40);
  for (const options of [balanced(4, 8), bonsai(10, 8)]) {
    const [a, b] = [await buildTree(embedding, options, 7), await buildTree(embedding, options, 7)];
    expect(b).toEqual(a);
  }
});

test.each([balanced(16, 16), bonsai(100, 100)])(
  "a $shape tree of many labels is given up halfway when its signal is aborted",
  async (options) => {
    const [numRows, numCols, perRow] = [30_000, 1000, 20];
    const random = newRandom(1);
    const embedding = {
      numRows,
      numCols,
      indptr: Uint32Array.from({ length: numRows + 1 }, (_, row) => row * perRow),
      // Of each twentieth of the columns one, so that they ascend.
      indices: Uint32Array.from({ length: numRows * perRow }, (_, e) =>
        Math.floor((((e % perRow) + random()) * numCols) / perRow),
      ),
      values: Float32Array.from({ length: numRows * perRow }, random),
    };
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(new Error("enough")), 1);
    await expect(buildTree(embedding, options, 1, cancel.signal)).rejects.toThrow("enough");
  },
);

test("two blocks give the tree of one block that has both", async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.integer({ min: 0, max: 50 }), fc.nat(1000), async (options, numSparse, seed) => {
      const rows = topicRows(80, 12, 4, seed);
      const expected = await buildTree(sparse(rows, 52), options, seed);
      expect(await buildTree(twoBlocks(rows, 52, numSparse), options, seed)).toEqual(expected);
    }),
  );
});

test("labels that fit into one cluster have the same tree in any shape, whatever their features", async () => {
  for (const numLabels of [1, 2, 16, 17, 40]) {
    const rows = sparse(topicRows(numLabels, 4, 3, numLabels), 15);
    for (const options of [balanced(16, 40), bonsai(16, 40)])
      expect(await buildTree(rows, options, 3)).toEqual(flatTree(numLabels));
  }
});
