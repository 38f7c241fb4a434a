// A worker pool that forgets nothing: what its workers have learnt is kept on the disk as it comes in, and a run that was
// cut off asks for none of it twice. Invariant: a file is named by a hash of all that its answers depend on, and by the
// hash of its own bytes; one that has changed is no answer.
import { createHash, type Hash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { ModelFolderError, ModelWriteError } from "@tagwright/model";
import { asWriteError } from "@tagwright/model/internals";
import { decodeAnswers, encodeAnswers, type TrainedAnswer } from "./answer-codec.ts";
import type { WorkerPool } from "./worker-pool.ts";
import type { WorkerRequest } from "./worker-protocol.ts";

export interface KeepOptions {
  /** Seconds of work that may be lost. */
  readonly seconds?: number | undefined;
  /** Called once, where some of what is asked for has been kept before. */
  readonly onFound?: () => void;
  /** Takes a disk that refuses: nothing more is kept, and the run goes on. Default: the run ends with that error. */
  readonly onRefused?: (error: ModelWriteError) => void;
}

/** Work that may be lost; a shorter run keeps nothing on the way. */
export const KEPT_FROM_SECONDS = 20;

/** Seconds of work that may be lost in a run that asks for a checkpoint every `checkpointSteps` steps: then, none. */
export function secondsKept(checkpointSteps: number | undefined): number | undefined {
  return checkpointSteps === undefined ? undefined : 0;
}

/** That wait to be written, at most. */
const MOST_BYTES = 2 ** 26;
const MOST_ANSWERS = 10_000;
const LARGEST_FILE = 2 ** 30;
/** Counts up where the same jobs are answered otherwise. */
const version = 3;
const partialSuffix = ".partial";

/**
 * Jobs of training go through the folder, which is one run's; all others to `pool` alone. Where the first jobs are not in
 * it, it is another run's, whose answers go before the first one is written. `dispose` leaves the pool and the files.
 * `run` throws as the pool's does, and ModelWriteError where an answer cannot be written.
 */
export function keepAnswers(pool: WorkerPool, folder: string, options: KeepOptions = {}): WorkerPool {
  const { onFound } = options;
  const writer = newWriter(folder, options);
  let data: WorkerRequest | undefined;
  let dataHash: string | undefined;
  let isOwn = false;
  let hasFound = false;
  return {
    size: pool.size,
    broadcast(request) {
      pool.broadcast(request);
      if (request.kind !== "load") return;
      data = request;
      dataHash = undefined;
    },
    async run(jobs, onAnswer, signal) {
      if (jobs.length === 0 || jobs.some((it) => it.kind !== "train")) return pool.run(jobs, onAnswer, signal);
      dataHash ??= hashOf(data);
      const key = hashOf([version, dataHash, jobs]).slice(0, 32);
      const kept = new Set<number>();
      await readKept(folder, key, (job, answer) => {
        if (job >= jobs.length || kept.has(job)) return;
        if (!hasFound) onFound?.();
        hasFound = true;
        kept.add(job);
        onAnswer(job, answer, kept.size);
      });
      if (!isOwn && !hasFound) writer.removeFirst(await answersIn(folder));
      isOwn = true;
      const missing = [...jobs.keys()].filter((job) => !kept.has(job));
      try {
        await pool.run(
          missing.map((job) => jobs[job]!),
          (index, answer, done) => {
            const job = missing[index]!;
            if (answer.kind === "trained" || answer.kind === "part") writer.add(key, job, answer);
            onAnswer(job, answer, kept.size + done);
          },
          signal,
        );
      } finally {
        await writer.settle();
      }
    },
    dispose: async () => undefined,
  };
}

/** Whether something is kept in `folder`. */
export async function hasAnswers(folder: string): Promise<boolean> {
  return (await answersIn(folder)).length > 0;
}

async function answersIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{32}\.[0-9a-f]{64}$/u.test(name));
}

async function readKept(
  folder: string,
  key: string,
  onAnswer: (job: number, answer: TrainedAnswer) => void,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const sha256 = new RegExp(`^${key}\\.([0-9a-f]{64})$`, "u").exec(name)?.[1];
    if (sha256 === undefined) continue;
    const place = path.join(folder, name);
    const answers = await readAnswers(place, sha256);
    // What was damaged is learnt again.
    if (answers === undefined) await rm(place, { recursive: true, force: true });
    for (const [job, answer] of answers ?? []) onAnswer(job, answer);
  }
}

async function readAnswers(place: string, sha256: string): Promise<Map<number, TrainedAnswer> | undefined> {
  const found = await stat(place);
  if (!found.isFile() || found.size > LARGEST_FILE) return undefined;
  const bytes = new Uint8Array(await readFile(place));
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) return undefined;
  try {
    return decodeAnswers(place, bytes);
  } catch (error) {
    // Whole, and no answers all the same: not what is written here.
    if (error instanceof ModelFolderError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Answers wait to be written together, those of one run of the pool behind those of the last. */
function newWriter(folder: string, { seconds = KEPT_FROM_SECONDS, onRefused }: KeepOptions) {
  let pending = new Map<string, Map<number, TrainedAnswer>>();
  let [bytes, count] = [0, 0];
  /** When the oldest of them came. */
  let since = 0;
  let writing: Promise<void> = Promise.resolve();
  let number = 0;
  let foreign: readonly string[] = [];
  let isRefused = false;
  const write = async (answers: typeof pending) => {
    for (const name of foreign) await rm(path.join(folder, name), { force: true });
    foreign = [];
    for (const [key, some] of answers) await writeAnswers(folder, `${key}-${number++}`, key, some);
  };
  const flush = () => {
    const answers = pending;
    pending = new Map();
    [bytes, count] = [0, 0];
    writing = writing.then(() => write(answers));
    // Whoever waits for `settle` is told.
    writing.catch(() => undefined);
  };
  return {
    /** Files that go before the first one is written. */
    removeFirst(names: readonly string[]) {
      foreign = names;
    },
    add(key: string, job: number, answer: TrainedAnswer) {
      if (isRefused) return;
      if (count === 0) since = performance.now();
      if (!pending.has(key)) pending.set(key, new Map());
      pending.get(key)!.set(job, answer);
      bytes += sizeOf(answer);
      count++;
      if (performance.now() - since >= seconds * 1000 || bytes >= MOST_BYTES || count >= MOST_ANSWERS) flush();
    },
    /** @throws ModelWriteError where something could not be written, and nobody takes it. */
    async settle() {
      try {
        await writing;
      } catch (error) {
        if (onRefused === undefined || !(error instanceof ModelWriteError)) throw error;
        if (!isRefused) onRefused(error);
        isRefused = true;
        pending = new Map();
        writing = Promise.resolve();
      }
    },
  };
}

async function writeAnswers(
  folder: string,
  name: string,
  key: string,
  answers: ReadonlyMap<number, TrainedAnswer>,
): Promise<void> {
  const partial = path.join(folder, `${name}${partialSuffix}`);
  try {
    await mkdir(folder, { recursive: true });
    const hash = createHash("sha256");
    const file = await open(partial, "w");
    try {
      for (const piece of encodeAnswers(answers)) {
        hash.update(piece);
        if (piece.length > 0) await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path.join(folder, `${key}.${hash.digest("hex")}`));
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw asWriteError(folder, "what the ranker has learnt", error);
  }
}

function sizeOf({ bias, chunk: { dense, ...rest } }: TrainedAnswer): number {
  const all = [bias, ...Object.values(rest), dense?.weights, dense?.scales];
  return all.filter((it) => ArrayBuffer.isView(it)).reduce((sum, it) => sum + it.byteLength, 0);
}

/** Of numbers, texts, typed arrays, and objects and lists of such, in their order. */
function hashOf(value: unknown): string {
  const hash = createHash("sha256");
  feed(hash, value);
  return hash.digest("hex");
}

function feed(hash: Hash, value: unknown): void {
  if (ArrayBuffer.isView(value)) {
    hash.update(`${value.byteLength};`).update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    hash.update(`{${entries.length};`);
    for (const [name, it] of entries) {
      hash.update(`${name}:`);
      feed(hash, it);
    }
  } else {
    hash.update(`${typeof value} ${String(value)};`);
  }
}
