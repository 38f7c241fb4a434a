import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ModelWriteError } from "@tagwright/model";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { hasAnswers, type KeepOptions, keepAnswers } from "./keep-answers.ts";
import { exact, type TopicProblem, topicProblem, withDense } from "./test-data.ts";
import { trainRanker } from "./train-ranker.ts";
import { newWorkerPool, type WorkerPool } from "./worker-pool.ts";

const windows = process.platform === "win32";
const options = { ...exact, eps: 0.01, threshold: 0.05, matched: 0 };

/** Learns with workers of its own, through `wrap`; counts the jobs that reached them. */
async function learn(problem: TopicProblem, wrap: (pool: WorkerPool) => WorkerPool, seed = 1, stopAfter?: number) {
  const workers = newWorkerPool(2);
  const stop = new AbortController();
  let asked = 0;
  const run: WorkerPool["run"] = (jobs, ...rest) => {
    asked += jobs.length;
    return workers.run(jobs, ...rest);
  };
  const onProgress = (done: number) => {
    if (done === stopAfter) stop.abort();
  };
  try {
    const pool = wrap({ ...workers, run });
    const levels = await trainRanker(problem.data, problem.tree, { ...options, seed }, pool, onProgress, stop.signal);
    return { levels, asked };
  } finally {
    await workers.dispose();
  }
}

const plainly = (pool: WorkerPool) => pool;
const keepingIn =
  (folder: string, options: KeepOptions = {}) =>
  (pool: WorkerPool) =>
    keepAnswers(pool, folder, { seconds: 0, ...options });

const topics = topicProblem(300, 120, 12, 5);
const problems = { sparse: topics, dense: withDense(topics, 8, 0.5) };

test.each(["sparse", "dense"] as const)(
  "a ranker of %s rows that was cut off anywhere goes on behind what was kept, to the same bytes",
  async (kind) => {
    const problem = problems[kind];
    const folder = scratchFolder();
    const whole = await learn(problem, plainly);
    expect(whole.asked).toBeGreaterThan(4);
    await expect(learn(problem, keepingIn(folder), 1, 2)).rejects.toThrow();
    const resumed = await learn(problem, keepingIn(folder));
    expect(resumed.levels).toEqual(whole.levels);
    expect(resumed.asked).toBe(whole.asked - 2);
    expect(await learn(problem, keepingIn(folder))).toEqual({ levels: whole.levels, asked: 0 });
  },
);

test("work of a few seconds is not worth a file", async () => {
  const folder = path.join(scratchFolder(), "ranker");
  await learn(problems.sparse, keepingIn(folder, { seconds: 600 }));
  expect(existsSync(folder)).toBe(false);
  expect(await hasAnswers(folder)).toBe(false);
});

test("answers of another run go when this one has some, and stay when it goes on from them", async () => {
  const folder = scratchFolder();
  const other = path.join(folder, "notes.txt");
  writeFileSync(other, "no answer");
  let found = 0;
  const keeping = keepingIn(folder, { onFound: () => found++ });
  const { asked } = await learn(problems.sparse, keeping);
  const first = readdirSync(folder);
  expect(await hasAnswers(folder)).toBe(true);
  await learn(problems.sparse, keeping);
  expect(readdirSync(folder)).toEqual(first);
  expect(found).toBe(1);
  await learn(problems.sparse, keeping, 2);
  expect(found).toBe(1);
  const second = readdirSync(folder).filter((name) => !first.includes(name));
  expect(second).toHaveLength(asked);
  expect(readdirSync(folder)).toHaveLength(asked + 1);
  expect(existsSync(other)).toBe(true);
});

test("nothing that was learnt from other documents or with other settings is taken", async () => {
  const keeping = keepingIn(scratchFolder());
  const { sparse } = problems;
  const { asked } = await learn(sparse, keeping);
  const values = sparse.data.features.values.slice();
  values[7]! += 0.01;
  const changed = { ...sparse, data: { ...sparse.data, features: { ...sparse.data.features, values } } };
  expect(await learn(changed, keeping)).toEqual(await learn(changed, plainly));
  expect(await learn(sparse, keeping, 2)).toMatchObject({ asked });
});

test.skipIf(windows)("a disk that refuses what was learnt ends the run with the place and the cure", async () => {
  const folder = path.join(scratchFolder(), "x".repeat(300));
  const refused = learn(problems.sparse, keepingIn(folder));
  await expect(refused).rejects.toThrow(ModelWriteError);
  await expect(refused).rejects.toThrow(
    /x: what the ranker has learnt could not be written \(ENAMETOOLONG\): .*shorter/u,
  );
});

test.skipIf(windows)("a run that takes it goes on without keeping anything, and hears of it once", async () => {
  const folder = path.join(scratchFolder(), "x".repeat(300));
  const refusals: string[] = [];
  const keeping = keepingIn(folder, { onRefused: ({ message }) => refusals.push(message) });
  expect(await learn(problems.sparse, keeping)).toEqual(await learn(problems.sparse, plainly));
  expect(refusals).toHaveLength(1);
});

test("a file that was damaged, replaced or left unfinished is no answer: its jobs are learnt again", async () => {
  const folder = scratchFolder();
  const whole = await learn(problems.sparse, keepingIn(folder));
  const [name] = readdirSync(folder) as [string];
  const place = path.join(folder, name);
  const bytes = readFileSync(place);
  const damages: (() => void)[] = [
    () => writeFileSync(place, bytes.subarray(0, bytes.length - 1)),
    () =>
      writeFileSync(
        place,
        bytes.map((it, i) => (i === bytes.length - 5 ? it ^ 1 : it)),
      ),
    () => {
      // Hash and name agree, yet nothing in it is an answer.
      const other = Buffer.from("no tensors");
      writeFileSync(place, other);
      renameSync(place, path.join(folder, `${name.split(".")[0]}.${createHash("sha256").update(other).digest("hex")}`));
    },
    () => renameSync(place, `${place}.partial`),
  ];
  for (const damage of damages) {
    for (const it of readdirSync(folder)) rmSync(path.join(folder, it));
    writeFileSync(place, bytes);
    damage();
    expect(await learn(problems.sparse, keepingIn(folder))).toEqual(whole);
  }
});
