// Where the journal of a batch is kept: `.tags/journal/<time>.json` in the tagged folder, on disk before the first file
// changes, so that `revert` can undo it even after a crash. A reverted journal is renamed, never deleted.
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  formatJournal,
  type Journal,
  journalFolder,
  journalName,
  lastJournalName,
  parseJournal,
  retiredName,
} from "@tagwright/documents/journal";
import { writeFileWhole } from "./write-file.ts";

/** Writes the journal into `folder` and flushes it. Returns its path. */
export async function writeJournal(folder: string, journal: Journal): Promise<string> {
  const place = path.join(folder, ...journalFolder);
  await mkdir(place, { recursive: true });
  // It holds pieces of the notes, and belongs to this computer.
  await writeFile(path.join(place, ".gitignore"), "*\n");
  const file = path.join(place, journalName(journal, await readdir(place)));
  await replaceJournal(file, journal);
  return file;
}

export async function replaceJournal(file: string, journal: Journal): Promise<void> {
  await writeFileWhole(file, formatJournal(journal));
}

/** Keeps the journal as history, out of the way of the next `revert`. */
export async function retireJournal(file: string): Promise<void> {
  await rename(file, path.join(path.dirname(file), retiredName(path.basename(file))));
}

/** The newest journal of `folder` that was not reverted, or undefined. @throws JournalError where it is damaged. */
export async function readLastJournal(folder: string): Promise<{ file: string; journal: Journal } | undefined> {
  const place = path.join(folder, ...journalFolder);
  const last = lastJournalName(await readdir(place).catch(() => []));
  if (last === undefined) return undefined;
  const file = path.join(place, last);
  return { file, journal: parseJournal(await readFile(file, "utf8"), file) };
}
