import { expect, onTestFinished, test } from "vitest";
import { exact, topicProblem } from "./test-data.ts";
import { trainRanker } from "./train-ranker.ts";
import { newWorkerPool, type WorkerPool } from "./worker-pool.ts";
import type { WorkerAnswer, WorkerRequest } from "./worker-protocol.ts";

const options = { ...exact, matched: 0 };

function poolOf(size: number): WorkerPool {
  const pool = newWorkerPool(size);
  onTestFinished(() => pool.dispose());
  return pool;
}

const trainJob = (level: number, parent: number): WorkerRequest => ({
  kind: "train",
  level,
  parent,
  extra: new Uint32Array(0),
  part: { index: 0, count: 1 },
  options,
});

async function answersOf(pool: WorkerPool, jobs: readonly WorkerRequest[]) {
  const answers: WorkerAnswer[] = [];
  const counts: number[] = [];
  await pool.run(jobs, (job, answer, done) => {
    answers[job] = answer;
    counts.push(done);
  });
  return { answers, counts };
}

test("each job gets its own answer once, whoever finishes first", async () => {
  const { data, tree } = topicProblem(200, 40, 8, 3);
  const pool = poolOf(3);
  pool.broadcast({ kind: "load", data });
  const parents = [5, 1, 7, 3, 0, 2, 6, 4];
  const { answers, counts } = await answersOf(
    pool,
    parents.map((parent) => trainJob(1, parent)),
  );
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  for (const [job, parent] of parents.entries()) {
    expect([answers[job]]).toEqual((await answersOf(pool, [trainJob(1, parent)])).answers);
  }
  expect(tree.levels.length).toBe(2);
});

test("no jobs are done at once, and more workers than jobs do no harm", async () => {
  const { data } = topicProblem(50, 8, 4, 3);
  const pool = poolOf(4);
  expect(await answersOf(pool, [])).toEqual({ answers: [], counts: [] });
  pool.broadcast({ kind: "load", data });
  expect((await answersOf(pool, [trainJob(0, 0)])).answers).toMatchObject([{ kind: "trained" }]);
});

test("whoever cannot take an answer ends the run with the reason", async () => {
  const { data } = topicProblem(50, 8, 4, 3);
  const pool = poolOf(2);
  pool.broadcast({ kind: "load", data });
  const run = pool.run([trainJob(1, 0), trainJob(1, 1), trainJob(1, 2)], () => {
    throw new Error("no room");
  });
  await expect(run).rejects.toThrow("no room");
});

test("a job that fails is an error with what the worker said", async () => {
  const { data } = topicProblem(50, 8, 4, 3);
  const pool = poolOf(2);
  await expect(pool.run([trainJob(0, 0)], () => undefined)).rejects.toThrow(/a job before its data/);
  pool.broadcast({ kind: "load", data });
  await expect(pool.run([trainJob(9, 0)], () => undefined)).rejects.toThrow(/ranker worker/);
});

test("cancelling rejects at once with its reason, in the middle of the work, and the pool can be disposed of", async () => {
  const { data, tree } = topicProblem(1500, 400, 20, 3);
  const pool = poolOf(2);
  const cancel = new AbortController();
  let [last, all] = [0, 0];
  const training = trainRanker(
    data,
    tree,
    { ...options, eps: 1e-6 },
    pool,
    (done, total) => {
      [last, all] = [done, total];
      if (done !== 2) return;
      cancel.abort(new Error("stopped by hand"));
    },
    cancel.signal,
  );
  await expect(training).rejects.toThrow("stopped by hand");
  await pool.dispose();
  expect(last).toBeGreaterThanOrEqual(2);
  expect(last).toBeLessThan(all);
});

test("a run that is cancelled before it starts does nothing", async () => {
  const pool = poolOf(1);
  const run = pool.run(
    [trainJob(0, 0)],
    () => expect.fail("no job was wanted"),
    AbortSignal.abort(new Error("too late")),
  );
  await expect(run).rejects.toThrow("too late");
});

test("a run whose workers are taken away is an error", { timeout: 10_000 }, async () => {
  const { data } = topicProblem(400, 40, 4, 3);
  const pool = poolOf(2);
  pool.broadcast({ kind: "load", data });
  const run = pool.run([trainJob(1, 0), trainJob(1, 1), trainJob(1, 2), trainJob(1, 3)], () => undefined);
  await Promise.all([expect(run).rejects.toThrow(/ended before its work was done/), pool.dispose()]);
});
