// Writes planned tags into files: the journal first, then each file whole. A file that changed since it was planned, or
// that cannot be written, stays as it is; a full disk ends the batch with what was written still revertible.
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { applyEdits, type TextEdit } from "@tagwright/documents";
import { type JournalFile, linkedElsewhere, sha256 } from "@tagwright/documents/journal";
import { writeJournal } from "./journal.ts";
import { writeFileWhole } from "./write-file.ts";

/** The edits of one file, found while suggesting; the text itself is not kept. */
export interface PlannedFile {
  readonly entry: JournalFile;
  readonly edits: readonly TextEdit[];
}

export interface BatchResult {
  readonly written: readonly string[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly journal: string | undefined;
  /** Whether `signal` ended it with files left. */
  readonly stopped: boolean;
}

/** @throws the file system's error where the disk is full; `revert` then undoes what was written. */
export async function applyBatch(
  folder: string,
  modelId: string,
  files: readonly PlannedFile[],
  signal?: AbortSignal,
): Promise<BatchResult> {
  if (files.length === 0) return { written: [], skipped: [], journal: undefined, stopped: false };
  signal?.throwIfAborted();
  const entries = files.map((it) => it.entry);
  const createdAt = new Date().toISOString();
  const journal = await writeJournal(folder, { version: 1, createdAt, modelId, files: entries });
  const written: string[] = [];
  const skipped: { path: string; reason: string }[] = [];
  for (const { entry, edits } of files) {
    if (signal?.aborted) return { written, skipped, journal, stopped: true };
    const file = path.join(folder, entry.path);
    const elsewhere = await linkedElsewhere(folder, file).catch(({ message }: Error) => message);
    if (elsewhere !== undefined) {
      skipped.push({ path: entry.path, reason: elsewhere });
      continue;
    }
    const current = await readFile(file).catch(() => undefined);
    if (current === undefined ? !entry.created : sha256(current) !== entry.sha256Before || entry.created) {
      skipped.push({ path: entry.path, reason: "it changed while suggestions were made; tag it again" });
      continue;
    }
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFileWhole(file, applyEdits(current?.toString("utf8") ?? "", edits));
      written.push(entry.path);
    } catch (error) {
      const reason = whyOnlyThisOne(error);
      if (reason === undefined) throw error;
      skipped.push({ path: entry.path, reason });
    }
  }
  return { written, skipped, journal, stopped: false };
}

/** What is wrong with one file and no reason to leave the others as they are. */
function whyOnlyThisOne(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EACCES" || code === "EPERM") return "it may not be written";
  if (code === "ENAMETOOLONG") return "its name is too long; shorten that of the document";
  return undefined;
}
