// Undoes the last batch of a folder from its journal. A file as tagging left it comes back byte for byte; in one that
// changed since, tagging's own words are taken out where they still stand; what is unclear is left alone and reported.
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { applyEdits, readTextFile, type TextEdit } from "@tagwright/documents";
import {
  type InverseEdit,
  type Journal,
  JournalError,
  type JournalFile,
  readLastJournal,
  replaceJournal,
  retireJournal,
  sha256,
} from "./journal.ts";
import { writeFileWhole } from "./write-file.ts";

type RevertOutcome =
  /** Exactly as before the batch. */
  | "restored"
  /** It was as before already: the batch never reached it, or it was undone by hand. */
  | "unchanged"
  /** Changed since, but the batch's own words were found and taken out. */
  | "merged"
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
    throw new JournalError(
      `${folder}: expected a journal in ${path.join(".tags", "journal")}, found none to revert; ` +
        "name the folder that was tagged",
    );
  }
  const { file, journal } = last;
  const files: RevertedFile[] = [];
  for (const entry of journal.files) files.push(await revertFile(folder, entry));
  await settleJournal(file, journal, files);
  return { journal: file, createdAt: journal.createdAt, files };
}

async function settleJournal(file: string, journal: Journal, files: readonly RevertedFile[]): Promise<void> {
  const conflicts = new Set(files.filter((it) => it.outcome === "conflict").map((it) => it.path));
  if (conflicts.size === 0) await retireJournal(file);
  else await replaceJournal(file, { ...journal, files: journal.files.filter((it) => conflicts.has(it.path)) });
}

async function revertFile(folder: string, entry: JournalFile): Promise<RevertedFile> {
  const file = path.join(folder, entry.path);
  const conflict = (reason: string): RevertedFile => ({ path: entry.path, outcome: "conflict", reason });
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes === undefined) {
    return entry.created ? { path: entry.path, outcome: "unchanged" } : conflict("it is gone");
  }
  const hash = sha256(bytes);
  if (!entry.created && hash === entry.sha256Before) return { path: entry.path, outcome: "unchanged" };
  if (entry.created) {
    if (hash !== entry.sha256After) return conflict("tagging made this file and it changed since; delete it yourself");
    await rm(file);
    return { path: entry.path, outcome: "restored" };
  }
  const current = await readTextFile(file);
  if (current.kind !== "text") return conflict(current.reason);
  const edits = hash === entry.sha256After ? entry.inverse : locate(current.text, entry.inverse);
  if (edits === undefined) return conflict("it changed where the tags were written; take them out yourself");
  const text = applyEdits(current.text, edits);
  if (hash === entry.sha256After && sha256(text) !== entry.sha256Before) {
    return conflict("the journal does not lead back to the text before; it was damaged");
  }
  await writeFileWhole(file, text);
  return { path: entry.path, outcome: hash === entry.sha256After ? "restored" : "merged" };
}

/** How many characters around an insertion must still be there: as many as tell the place from all others. */
const contextLengths = [32, 16, 8];

/** The edits moved to where their words now stand, or undefined unless each is found exactly once. */
function locate(text: string, inverse: readonly InverseEdit[]): TextEdit[] | undefined {
  const moved: TextEdit[] = [];
  for (const edit of inverse) {
    const start = contextLengths.map((it) => findOnce(text, edit, it)).find((it) => it !== undefined);
    if (start === undefined) return undefined;
    moved.push({ start, end: start + edit.written.length, newText: edit.newText });
  }
  moved.sort((a, b) => a.start - b.start);
  return moved.some((it, i) => i > 0 && it.start < moved[i - 1]!.end) ? undefined : moved;
}

function findOnce(text: string, { written, before, after }: InverseEdit, length: number): number | undefined {
  const context = before.slice(Math.max(0, before.length - length));
  const needle = context + written + after.slice(0, length);
  const at = text.indexOf(needle);
  return at < 0 || text.indexOf(needle, at + 1) >= 0 ? undefined : at + context.length;
}
