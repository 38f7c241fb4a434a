// A pool of ranker workers. Jobs are handed out as workers fall free, and answers passed on as they come in: nobody keeps them.
import { existsSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { WorkerAnswer, WorkerRequest } from "./worker-protocol.ts";

/** The answer of `job`, by its place among the jobs; with it `done` are there. */
type OnAnswer = (job: number, answer: WorkerAnswer, done: number) => void;

export interface WorkerPool {
  readonly size: number;
  /** Sends `request` to every worker; it is handled before any later job. */
  broadcast(request: WorkerRequest): void;
  /**
   * Gives `onAnswer` the answer of each job, in any order, while workers go on with others.
   * @throws the signal's reason when aborted, an Error when a worker fails, what `onAnswer` throws.
   */
  run(jobs: readonly WorkerRequest[], onAnswer: OnAnswer, signal?: AbortSignal): Promise<void>;
  dispose(): Promise<void>;
}

export function newWorkerPool(size: number): WorkerPool {
  const script = workerScript();
  const workers = Array.from({ length: size }, () => new Worker(script));
  // A worker may fail between two runs, when nobody waits for it: the next run says so.
  let failure: Error | undefined;
  for (const worker of workers) {
    worker.on("error", (error) => {
      failure ??= error;
    });
  }
  return {
    size,
    broadcast(request) {
      for (const worker of workers) worker.postMessage(request);
    },
    run: (jobs, onAnswer, signal) =>
      failure === undefined ? runJobs(workers, jobs, onAnswer, signal) : Promise.reject(failure),
    async dispose() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function runJobs(
  workers: readonly Worker[],
  jobs: readonly WorkerRequest[],
  onAnswer: OnAnswer,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const cleanUp: (() => void)[] = [];
    let next = 0;
    let done = 0;
    const finish = (settle: () => void) => {
      for (const undo of cleanUp.splice(0)) undo();
      settle();
    };
    const abort = () => finish(() => reject(signal?.reason));
    if (signal?.aborted) return abort();
    if (jobs.length === 0) return resolve();
    signal?.addEventListener("abort", abort, { once: true });
    cleanUp.push(() => signal?.removeEventListener("abort", abort));
    for (const worker of workers) {
      let current = -1;
      const takeJob = () => {
        if (next === jobs.length) return;
        current = next++;
        worker.postMessage(jobs[current]);
      };
      const onMessage = (answer: WorkerAnswer) => {
        if (answer.kind === "failed") return finish(() => reject(new Error(`ranker worker: ${answer.message}`)));
        const job = current;
        takeJob();
        try {
          onAnswer(job, answer, ++done);
        } catch (error) {
          return finish(() => reject(error));
        }
        if (done === jobs.length) finish(resolve);
      };
      const onError = (error: Error) => finish(() => reject(error));
      const onExit = () => finish(() => reject(new Error("ranker worker: ended before its work was done")));
      worker.on("message", onMessage);
      worker.on("error", onError);
      worker.on("exit", onExit);
      cleanUp.push(() => {
        worker.off("message", onMessage);
        worker.off("error", onError);
        worker.off("exit", onExit);
      });
      takeJob();
    }
  });
}

/** dist/trainer-worker.cjs, beside the bundle that runs or in the checkout above the source that runs. */
function workerScript(): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    for (const candidate of [
      path.join(folder, "trainer-worker.cjs"),
      path.join(folder, "dist", "trainer-worker.cjs"),
    ]) {
      if (existsSync(candidate)) return candidate;
    }
    if (path.dirname(folder) === folder)
      throw new Error("dist/trainer-worker.cjs is missing; run `npm run build` first");
  }
}
