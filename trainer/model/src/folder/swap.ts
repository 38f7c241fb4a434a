// A new model takes the place of the old one by renames; the old one is kept beside it for a rollback.
// Invariant: at every moment the folder or its ".previous" is a whole model; nothing that is no model is ever removed.
import { mkdir, open, readdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelFolderError } from "../errors.ts";
import { errorCode, ifMissing, looksLikeModelFolder, lookUp, previousFolder } from "./files.ts";
import { isAlive, withLock } from "./lock.ts";

const renameAttempts = 20;
const renamePauseMs = 250;

/** The folder behind `target`: absolute, links resolved where it exists. */
export async function resolveTarget(target: string): Promise<string> {
  const absolute = path.resolve(target);
  return realpath(absolute).catch(ifMissing(absolute));
}

/**
 * Makes `target` (resolved) ready for a new model: its parent exists, an interrupted swap is undone, what dead processes
 * left beside it is removed. @throws ModelFolderError where it holds something that is no model.
 */
export async function prepareTarget(target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  const previous = previousFolder(target);
  await checkReplaceable(previous);
  await checkReplaceable(target);
  if (lookUp(target) === undefined && looksLikeModelFolder(previous)) await rename(previous, target);
  await removeLeftovers(target);
}

async function checkReplaceable(folder: string): Promise<void> {
  if (lookUp(folder) === undefined || looksLikeModelFolder(folder)) return;
  const expected = "a model folder, an empty folder or nothing";
  const cure = "name another folder for the model, or move this one away";
  const names = await readdir(folder).catch((error) => {
    if (errorCode(error) === "ENOTDIR") throw new ModelFolderError({ place: folder, expected, found: "a file", cure });
    throw error;
  });
  if (names.length === 0) return;
  throw new ModelFolderError({ place: folder, expected, found: `${names.length} other files or folders`, cure });
}

/** A name beside `target` that nobody else uses. */
export function partialFolder(target: string): string {
  const random = Math.random().toString(36).slice(2, 10);
  return `${target}.partial-${process.pid}-${random}`;
}

async function removeLeftovers(target: string): Promise<void> {
  const prefix = `${path.basename(target)}.partial-`;
  for (const name of await readdir(path.dirname(target))) {
    const match = name.startsWith(prefix) ? /^([1-9][0-9]{0,9})-[0-9a-z]+$/.exec(name.slice(prefix.length)) : null;
    if (match === null || isAlive(Number(match[1]))) continue;
    await rm(path.join(path.dirname(target), name), { recursive: true, force: true });
  }
}

/** Puts the whole model `fresh` in the place of `target`, whose model becomes the previous one. Undone where it fails. */
export async function swapIn(fresh: string, target: string): Promise<void> {
  const previous = previousFolder(target);
  const trash = partialFolder(target);
  const undo: (() => Promise<void>)[] = [];
  const move = async (from: string, to: string) => {
    await renamePatiently(from, to);
    undo.push(() => renamePatiently(to, from));
  };
  try {
    if (looksLikeModelFolder(target)) {
      if (lookUp(previous) !== undefined) await move(previous, trash);
      await move(target, previous);
    } else if (lookUp(target) !== undefined) {
      await rmdir(target);
    }
    await move(fresh, target);
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
  await syncFolder(path.dirname(target));
  await rm(trash, { recursive: true, force: true });
}

/**
 * Takes the last swap back: the previous model becomes the model, and the model the previous one.
 * @throws ModelFolderError where no previous model is kept, ModelBusyError while a training writes the folder.
 */
export async function restorePrevious(folder: string): Promise<void> {
  const target = await resolveTarget(folder);
  const previous = previousFolder(target);
  await withLock(target, async () => {
    if (!looksLikeModelFolder(previous)) {
      const cure = "there is nothing to go back to: a model is kept only when a newer one replaces it";
      throw new ModelFolderError({ place: previous, expected: "the previous model", found: "none", cure });
    }
    await checkReplaceable(target);
    const aside = partialFolder(target);
    await renamePatiently(previous, aside);
    try {
      await swapIn(aside, target);
    } catch (error) {
      await renamePatiently(aside, previous);
      throw error;
    }
  });
}

/** On Windows a virus scanner or an indexer may hold a file for a moment: such a rename is tried again. */
async function renamePatiently(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      const busy = process.platform === "win32" && ["EACCES", "EBUSY", "EPERM"].includes(errorCode(error) ?? "");
      if (!busy || attempt === renameAttempts) throw error;
      await sleep(renamePauseMs);
    }
  }
}

/** Renames and new names reach the disk. Windows cannot open folders and orders these by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
