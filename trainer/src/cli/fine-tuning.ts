// What a command that fine-tunes does around its run: nobody else on this machine does the same, and what a run that was
// cut off leaves behind is put in order.
import { lockModelFolder } from "@tagwright/model/internals";
import {
  checkpointFolder,
  checkpointFolders,
  hasCheckpoint,
  removeUnfinished,
  wordsFolder,
} from "../fine-tune/checkpoint.ts";
import { lockFineTuning } from "../fine-tune/one-at-a-time.ts";
import { hasAnswers } from "../ranker/keep-answers.ts";
import type { View } from "./view.ts";

/** Runs `work` as the only fine-tuning on this machine. @throws ModelBusyError where there is another. */
export async function alone<T>(out: string, view: View, work: () => Promise<T>): Promise<T> {
  const { release, isKept } = await lockFineTuning(out);
  if (!isKept)
    view.warn("the cache folder cannot be written: another fine-tuning on this machine would not be noticed");
  try {
    return await work();
  } finally {
    await release();
  }
}

/** After a process that trained into `out` was killed: gives its locks back, and removes what it had not finished. */
export async function tidyUpAfter(out: string): Promise<void> {
  // Whatever is in the way here, the next run finds it and says it.
  const quietly = (work: () => Promise<unknown>) => work().catch(() => undefined);
  await quietly(async () => (await lockFineTuning(out)).release());
  await quietly(async () => {
    const release = await lockModelFolder(out);
    try {
      for (const folder of await checkpointFolders(out)) await removeUnfinished(folder);
    } finally {
      await release();
    }
  });
}

/** How to go on with a run into `out`, with an encoder or on words alone, that was cut off; undefined where it left nothing. */
export async function howToGoOn(out: string, on: "encoder" | "words" = "encoder"): Promise<string | undefined> {
  const isThere = async () => {
    const folders = on === "words" ? [] : await checkpointFolders(out);
    const words = wordsFolder(checkpointFolder(out));
    return (await Promise.all([hasAnswers(words), ...folders.map(hasCheckpoint)])).includes(true);
  };
  return (await isThere().catch(() => false)) ? "train with the same command again" : undefined;
}
