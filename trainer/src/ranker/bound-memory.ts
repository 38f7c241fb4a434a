// A worker pool that stops where the process takes more memory than it may.
import { MemoryLimitError } from "../memory-limit.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** `run` throws as the pool's does, and MemoryLimitError after an answer with which the process is over `limitBytes`. */
export function boundMemory(pool: WorkerPool, limitBytes: number): WorkerPool {
  return {
    ...pool,
    run: (jobs, onAnswer, signal) =>
      pool.run(
        jobs,
        (job, answer, done) => {
          onAnswer(job, answer, done);
          const used = process.memoryUsage.rss();
          if (used <= limitBytes) return;
          const cure = "raise --memory-limit, or take fewer --threads; the run then goes on where it was";
          throw new MemoryLimitError("learning the ranker", limitBytes, { used }, cure);
        },
        signal,
      ),
  };
}
