// Undoes the last batch of a folder from its journal. A file as tagging left it comes back byte for byte; in one that
// changed since, tagging's own words are taken out where they still stand; what is unclear is left alone and reported.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { applyEdits, readTextFile } from "@tagwright/documents";
import {
  type Journal,
  JournalError,
  type JournalFile,
  linkedElsewhere,
  planRevert,
} from "@tagwright/documents/journal";
import { readLastJournal, replaceJournal, retireJournal } from "./journal.ts";
import { writeFileWhole } from "./write-file.ts";

type RevertOutcome =
  /** Exactly as before the batch. */
  | "restored"
  /** It was as before already: the batch never reached it, or it was undone by hand. */
  | "unchanged"
  /** Changed since, but the batch's own words were found and taken out. */
  | "merged"
  /** Deleted or moved since: nothing is there to take back. */
  | "deleted"
  /** Left alone. */
  | "conflict";

export interface RevertedFile {
  readonly path: string;
  readonly outcome: RevertOutcome;
  readonly reason?: string;
}

export interface RevertResult {
  readonly journal: string;
  readonly createdAt: string;
  readonly files: readonly RevertedFile[];
}

/**
 * Reverts the newest batch; with conflicts the journal keeps those files for another try.
 * @throws JournalError where there is no batch, or its journal is damaged.
 */
export async function revertLastBatch(folder: string): Promise<RevertResult> {
  const last = await readLastJournal(folder);
  if (last === undefined) {
    const above = await folderWithJournal(folder);
    const cure =
      above === undefined
        ? "name the folder that was tagged"
        : `the last batch above it is that of ${above}: tagwright revert ${above}`;
    throw new JournalError(
      `${folder}: expected a journal in ${path.join(".tags", "journal")}, found none to revert; ${cure}`,
    );
  }
  const { file, journal } = last;
  const files: RevertedFile[] = [];
  for (const entry of journal.files) files.push(await revertFile(folder, entry));
  await settleJournal(file, journal, files);
  return { journal: file, createdAt: journal.createdAt, files };
}

/** The nearest folder above with a batch to revert: files that were named are in the journal of their workspace. */
async function folderWithJournal(below: string): Promise<string | undefined> {
  const start = path.resolve(below);
  for (let folder = path.dirname(start); path.dirname(folder) !== folder; folder = path.dirname(folder)) {
    const last = await readLastJournal(folder).catch(() => undefined);
    if (last !== undefined) return path.relative(process.cwd(), folder) || ".";
  }
  return undefined;
}

async function settleJournal(file: string, journal: Journal, files: readonly RevertedFile[]): Promise<void> {
  const conflicts = new Set(files.filter((it) => it.outcome === "conflict").map((it) => it.path));
  if (conflicts.size === 0) await retireJournal(file);
  else await replaceJournal(file, { ...journal, files: journal.files.filter((it) => conflicts.has(it.path)) });
}

async function revertFile(folder: string, entry: JournalFile): Promise<RevertedFile> {
  const file = path.join(folder, entry.path);
  const conflict = (reason: string): RevertedFile => ({ path: entry.path, outcome: "conflict", reason });
  const elsewhere = await linkedElsewhere(folder, file).catch(({ message }: Error) => message);
  if (elsewhere !== undefined) return conflict(elsewhere);
  if (!existsSync(file)) return { path: entry.path, outcome: entry.created ? "unchanged" : "deleted" };
  const current = await readTextFile(file);
  if (current.kind !== "text") return conflict(current.reason);
  const plan = planRevert(current.text, entry);
  switch (plan.kind) {
    case "done":
      return { path: entry.path, outcome: "unchanged" };
    case "conflict":
      return conflict(plan.reason);
    case "delete":
      await rm(file);
      return { path: entry.path, outcome: "restored" };
    case "edits":
      await writeFileWhole(file, applyEdits(current.text, plan.edits));
      return { path: entry.path, outcome: plan.exact ? "restored" : "merged" };
    default:
      return plan satisfies never;
  }
}
