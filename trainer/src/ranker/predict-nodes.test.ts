import { expect, test } from "vitest";
import { newMatcher } from "./match.ts";
import { documentsByNode, predictNodes, topLevels } from "./predict-nodes.ts";
import { exact, topicProblem } from "./test-data.ts";
import { trainLevel, trainRanker } from "./train-ranker.ts";
import { newWorkerPool, type WorkerPool } from "./worker-pool.ts";
import { NO_NODE } from "./worker-protocol.ts";

const options = { ...exact, eps: 0.01, threshold: 0.05, matched: 2 };
const silent = () => undefined;

async function withPool<T>(task: (pool: WorkerPool) => Promise<T>): Promise<T> {
  const pool = newWorkerPool(2);
  try {
    return await task(pool);
  } finally {
    await pool.dispose();
  }
}

test("nodes are predicted for all documents, over the bounds of jobs, as one matcher does it", async () => {
  const problem = topicProblem(4_500, 12, 4, 9);
  await withPool(async (pool) => {
    const top = topLevels(problem.data, problem.tree, 1);
    const levels = await trainRanker(top.data, top.tree, options, pool, silent);
    const nodes = await predictNodes(top.data, top.tree, levels, 6, pool);
    expect(nodes).toEqual(newMatcher(problem.features, problem.tree, levels, "squared-hinge").match(0, 4_500, 6));
    expect(new Set(nodes.subarray(6 * 4_499))).toEqual(new Set([0, 1, 2, 3, NO_NODE]));
  });
});

test("the first levels of a tree, trained alone, are those of the whole tree", async () => {
  const problem = topicProblem(300, 40, 8, 3);
  await withPool(async (pool) => {
    const top = topLevels(problem.data, problem.tree, 1);
    const alone = await trainRanker(top.data, top.tree, options, pool, silent);
    const [first] = await trainRanker(problem.data, problem.tree, options, pool, silent);
    expect(alone).toEqual([first]);
  });
});

test("a level trained alone on what the one above predicts is that of the whole tree", async () => {
  const { data, tree } = topicProblem(300, 40, 8, 3);
  await withPool(async (pool) => {
    const [first, last] = await trainRanker(data, tree, options, pool, silent);
    const matched = documentsByNode(await predictNodes(data, tree, [first!], 2, pool), 2, 8);
    expect(await trainLevel(data, tree, 1, matched, options, pool, silent)).toEqual(last);
    expect(await trainLevel(data, tree, 1, undefined, options, pool, silent)).not.toEqual(last);
  });
});

test("documents by node are the nodes by document turned round", () => {
  const nodes = Uint32Array.of(2, 0, 1, NO_NODE, 0, 2, NO_NODE, NO_NODE);
  const { documentsOf } = documentsByNode(nodes, 2, 3);
  expect([0, 1, 2].map((node) => [...documentsOf(node)])).toEqual([[0, 2], [1], [0, 2]]);
});
