import {
  BeamSearch,
  EnsembleSearch,
  encodeChunk,
  type LabelTree,
  type LevelContent,
  newBeam,
  newSimdKernels,
  rowOf,
} from "@tagwright/model/internals";
import { expectAllClose } from "@tagwright/testing";
import { expect, test } from "vitest";
import { recipeFor } from "../config.ts";
import { learnMembers, toMember } from "./learn-members.ts";
import { newMatcher } from "./match.ts";
import { exact, oneBlock, type TopicProblem, toData, toLabelMatrix, topicProblem, withDense } from "./test-data.ts";
import { newNodeTrainer } from "./train-node.ts";
import { trainRanker } from "./train-ranker.ts";
import { newWorkerPool, type WorkerPool } from "./worker-pool.ts";

const options = { ...exact, eps: 0.01, threshold: 0.05 };

async function withPool<T>(threads: number, task: (pool: WorkerPool) => Promise<T>): Promise<T> {
  const pool = newWorkerPool(threads);
  try {
    return await task(pool);
  } finally {
    await pool.dispose();
  }
}

function trainOn({ data, tree }: TopicProblem, threads: number, matched: number): Promise<LevelContent[]> {
  return withPool(threads, (pool) => trainRanker(data, tree, { ...options, matched }, pool, () => undefined));
}

/** The documents whose `keep` best topics by dense scores, best first, hold `topic`. */
function predicted(problem: TopicProblem, level: LevelContent, topic: number, keep: number): Uint32Array {
  const { features, tree } = problem;
  const { ranker } = toMember(
    { tree: { ...tree, levels: tree.levels.slice(0, 1) }, levels: [level] },
    features.numCols,
  );
  const { features: rows, rowStart, children, weights } = ranker.levels[0]!.chunk(0);
  const found: number[] = [];
  for (let d = 0; d < features.numRows; d++) {
    const margins = Float64Array.from(level.bias);
    for (let p = features.indptr[d]!; p < features.indptr[d + 1]!; p++) {
      const row = rows.indexOf(features.indices[p]!);
      if (row < 0) continue;
      for (let e = rowStart[row]!; e < rowStart[row + 1]!; e++)
        margins[children[e]!]! += weights[e]! * features.values[p]!;
    }
    const score = (node: number) => Math.min(0, margins[node]! - 1);
    const best = [...margins.keys()].sort((a, b) => score(b) - score(a) || a - b).slice(0, keep);
    if (best.includes(topic)) found.push(d);
  }
  return Uint32Array.from(found);
}

test("one, two and three threads give the same ranker, with and without matched negatives or a dense block", async () => {
  const sparse = topicProblem(300, 40, 8, 3);
  for (const [problem, matched] of [
    [sparse, 0],
    [sparse, 2],
    [withDense(sparse, 9, 2), 2],
  ] as const) {
    const [one, two, three] = [
      await trainOn(problem, 1, matched),
      await trainOn(problem, 2, matched),
      await trainOn(problem, 3, matched),
    ];
    expect(two).toEqual(one);
    expect(three).toEqual(one);
  }
});

test("each parent learns from the documents below it and those that the level above wrongly brings there", async () => {
  const problem = topicProblem(200, 24, 6, 5);
  const [top, bottom] = await trainOn(problem, 2, 2);
  const trainer = newNodeTrainer(problem.data, newSimdKernels());
  let numExtra = 0;
  for (let topic = 0; topic < 6; topic++) {
    const extra = predicted(problem, top!, topic, 2);
    const { indptr, documents } = problem.data.nodes[0]!;
    const below = [...documents.subarray(indptr[topic], indptr[topic + 1])];
    numExtra += extra.filter((d) => !below.includes(d)).length;
    const { chunk } = trainer.train(1, topic, extra, options);
    expect(bottom!.chunks[topic]).toEqual(encodeChunk(chunk, 4));
  }
  expect(numExtra).toBeGreaterThan(50);
});

test("two blocks rank as one block does that has both, to the rounding of their weights", async () => {
  const two = withDense(topicProblem(300, 40, 8, 3), 12, 1);
  const one = oneBlock(two);
  const fine = { ...options, eps: 1e-4, threshold: 0, matched: 0 };
  const [ofTwo, ofOne] = await withPool(2, async (pool) => [
    await trainRanker(two.data, two.tree, fine, pool, () => undefined),
    await trainRanker(one.data, one.tree, fine, pool, () => undefined),
  ]);
  const ranked = [
    [two, ofTwo!],
    [one, ofOne!],
  ] as const;
  const [mine, theirs] = ranked.map(([{ features, tree }, levels]) => {
    const member = toMember({ tree, levels }, features.numCols);
    const search = new EnsembleSearch([member], { beam: 8, power: 3, pathWeight: 1, candidates: 40 }, 40);
    return Array.from({ length: features.numRows }, (_, d) => {
      const { length, labels, margins } = search.search(rowOf(features, d), 40);
      const byLabel = new Float64Array(40);
      for (let i = 0; i < length; i++) byLabel[labels[i]!] = margins[i]!;
      return byLabel;
    });
  });
  for (const [d, margins] of mine!.entries()) expectAllClose(margins, theirs![d]!, { atol: 0.1 });
});

test("documents with a dense block alone can be learnt from", async () => {
  const { features, labels, tree } = withDense(topicProblem(300, 40, 8, 3), 24, 1);
  const none = { indptr: new Uint32Array(301), indices: new Uint32Array(0), values: new Float32Array(0) };
  const dense = { ...features, ...none, numCols: 0 };
  const levels = await withPool(2, (pool) =>
    trainRanker(
      toData(dense, labels, tree),
      tree,
      { ...options, positiveCost: 100, matched: 0 },
      pool,
      () => undefined,
    ),
  );
  const search = new BeamSearch(tree, toMember({ tree, levels }, 0).ranker);
  const beam = newBeam(1);
  const right = Array.from({ length: 300 }, (_, d) => {
    search.searchLevels(rowOf(dense, d), 1, { beam: 1, power: 3, pathWeight: 1 }, beam);
    return beam.nodes[0] === labels.labels[labels.indptr[d]!]! % 8;
  });
  expect(right.filter(Boolean).length).toBeGreaterThan(290);
});

test("after the logistic loss a path is worth its probability, which sums to the documents that have the node", async () => {
  const { features, labels, tree, data } = withDense(topicProblem(300, 40, 8, 3), 12, 1);
  const cost = 10;
  const logistic = {
    ...exact,
    loss: "logistic",
    positiveCost: cost,
    negativeCost: cost,
    eps: 0.01,
    matched: 0,
  } as const;
  const [top] = await withPool(2, (pool) => trainRanker(data, tree, logistic, pool, () => undefined));
  const { ranker } = toMember({ tree: { ...tree, levels: tree.levels.slice(0, 1) }, levels: [top!] }, features.numCols);
  const search = new BeamSearch(tree, ranker);
  const beam = newBeam(8);
  const sums = new Float64Array(8);
  for (let d = 0; d < 300; d++) {
    search.searchLevels(rowOf(features, d), 1, { beam: 8, power: 3, pathWeight: 1, loss: "logistic" }, beam);
    for (let i = 0; i < 8; i++) sums[beam.nodes[i]!]! += Math.exp(beam.scores[i]!);
  }
  for (let topic = 0; topic < 8; topic++) {
    const have = Array.from({ length: 300 }, (_, d) =>
      labels.labels.subarray(labels.indptr[d], labels.indptr[d + 1]).some((label) => label % 8 === topic),
    ).filter(Boolean).length;
    // The bias is regularised: at the optimum the two differ by bias / C.
    expectAllClose([sums[topic]!], [have - top!.bias[topic]! / cost], { atol: 0.2 });
  }
});

test("progress counts every parent of every level once", async () => {
  const { data, tree } = topicProblem(100, 12, 4, 3);
  const counts: [number, number][] = [];
  await withPool(2, (pool) =>
    trainRanker(data, tree, { ...options, matched: 1 }, pool, (done, total) => counts.push([done, total])),
  );
  expect(counts).toEqual([1, 2, 3, 4, 5].map((done) => [done, 5]));
});

test("labels that nobody has never outrank a label that fits", async () => {
  const { features, tree } = topicProblem(60, 6, 2, 8);
  const labels = toLabelMatrix(
    Array.from({ length: 60 }, (_, d) => [d % 2 === 0 ? 0 : 1]),
    6,
  );
  const data = toData(features, labels, tree);
  const [, bottom] = await withPool(1, (pool) =>
    trainRanker(data, tree, { ...options, matched: 0 }, pool, () => undefined),
  );
  // Leaves 0..2 are labels 0, 2, 4: with documents below the topic, the labels without any learn to say no.
  expect(bottom!.bias[1]!).toBeLessThan(0);
  expect(bottom!.bias[2]!).toBeLessThan(0);
  expect(Math.max(bottom!.bias[1]!, bottom!.bias[2]!)).toBeLessThan(bottom!.bias[0]!);
});

test("a matcher gives each document its best nodes, and no node where there are fewer", async () => {
  const problem = topicProblem(80, 12, 4, 9);
  const [top] = await trainOn(problem, 1, 0);
  const matched = newMatcher(problem.features, problem.tree, [top!], "squared-hinge").match(10, 60, 6);
  for (let topic = 0; topic < 4; topic++) {
    const found = Array.from({ length: 50 }, (_, i) => i).filter((i) =>
      matched.subarray(6 * i, 6 * i + 2).includes(topic),
    );
    const expected = predicted(problem, top!, topic, 2).filter((d) => d >= 10 && d < 60);
    expect(found.map((i) => i + 10)).toEqual([...expected]);
  }
  for (let i = 0; i < 50; i++) expect([...matched.subarray(6 * i + 4, 6 * i + 6)]).toEqual([0xffffffff, 0xffffffff]);
});

test("each member has a tree of its own seed, and all of them the same for the same recipe", async () => {
  const problem = topicProblem(200, 60, 10, 3);
  const base = recipeFor("fast", 5);
  const leafSizes = [{ upToLabels: Number.POSITIVE_INFINITY, size: 5 }];
  const tree = { ...base.tree, members: 3, leafSizes, branching: 4 };
  const recipe = { ...base, tree };
  const steps: string[] = [];
  const progress = {
    tree: (done: number, total: number) => steps.push(`tree ${done}/${total}`),
    ranker: () => undefined,
  };
  const learn = (threads: number) => withPool(threads, (pool) => learnMembers(problem, recipe, pool, progress));
  const members = await learn(2);
  expect(steps).toEqual(["tree 1/3", "tree 2/3", "tree 3/3"]);
  const orders = members.map(({ tree }: { tree: LabelTree }) => tree.labelOf.join());
  expect(new Set(orders).size).toBe(3);
  expect(await learn(1)).toEqual(members);
});
