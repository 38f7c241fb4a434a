// One training with an encoder at a time on a machine: two would share the processor and not fit into memory together. The lock is of a
// user, and of a machine where the home folder is shared by several.
import os from "node:os";
import path from "node:path";
import { acquireLock } from "@tagwright/model/internals";
import { defaultCacheFolder } from "../encoder/source/cache.ts";

/** What a read-only or missing home folder says. */
const unwritable = new Set(["EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR", "ENOSPC", "EDQUOT"]);

export interface FineTuningLock {
  release(): Promise<void>;
  /** Whether others can see it; where nothing can be written, they cannot. */
  readonly isKept: boolean;
}

/**
 * Taken by whoever trains with an encoder for the model at `out`, until `release`. That of a process that has ended is
 * taken over. @throws ModelBusyError where another process holds it.
 */
export async function lockFineTuning(
  out: string,
  folder = path.dirname(defaultCacheFolder()),
): Promise<FineTuningLock> {
  const machine = os.hostname().replaceAll(/[^\w.-]/gu, "-");
  try {
    const release = await acquireLock(path.join(folder, `fine-tuning-${machine}`), {
      about: path.resolve(out),
      busy: (who, place, about) =>
        `one training with an encoder at a time on this machine expected, another found (${who} for ${about ?? "some model"}): two at ` +
        `once would slow each other down and may not fit into memory; wait for it or stop it (if there is none, delete "${place}")`,
    });
    return { release, isKept: true };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!unwritable.has(code)) throw error;
    return { release: async () => undefined, isKept: false };
  }
}
