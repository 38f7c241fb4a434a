// A pool of ranker workers. Jobs are handed out as workers fall free; results come back in the order of the jobs.
import { existsSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { WorkerAnswer, WorkerRequest } from "./worker-protocol.ts";

/** `done` answers are there; the last one is that of `job`, by its place among the jobs. */
type OnAnswer = (done: number, job: number, answer: WorkerAnswer) => void;

export interface WorkerPool {
  readonly size: number;
  /** Sends `request` to every worker; it is handled before any later job. */
  broadcast(request: WorkerRequest): void;
  /**
   * Answers of `jobs`, in their order whatever the number of workers; `onDone` counts and sees them as they come in.
   * @throws the signal's reason when aborted, an Error when a worker fails.
   */
  run(jobs: readonly WorkerRequest[], onDone: OnAnswer, signal?: AbortSignal): Promise<WorkerAnswer[]>;
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
    run: (jobs, onDone, signal) =>
      failure === undefined ? runJobs(workers, jobs, onDone, signal) : Promise.reject(failure),
    async dispose() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function runJobs(
  workers: readonly Worker[],
  jobs: readonly WorkerRequest[],
  onDone: OnAnswer,
  signal?: AbortSignal,
): Promise<WorkerAnswer[]> {
  return new Promise((resolve, reject) => {
    const answers: WorkerAnswer[] = new Array(jobs.length);
    const cleanUp: (() => void)[] = [];
    let next = 0;
    let done = 0;
    const finish = (settle: () => void) => {
      for (const undo of cleanUp.splice(0)) undo();
      settle();
    };
    const abort = () => finish(() => reject(signal?.reason));
    if (signal?.aborted) return abort();
    if (jobs.length === 0) return resolve([]);
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
        answers[current] = answer;
        onDone(++done, current, answer);
        if (done === jobs.length) return finish(() => resolve(answers));
        return takeJob();
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
