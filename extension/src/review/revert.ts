// Takes the last batch back: byte for byte where a file is as the batch left it, place by place where it was edited
// elsewhere since, and with a report where its tags themselves were.
import { type JournalFile, planRevert } from "@tagwright/documents/journal";
import { Uri } from "vscode";
import { changeFiles, type FileChange, openFileOf } from "./edit-files.ts";
import { replaceJournal, retireJournal, type StoredJournal } from "./journal-store.ts";

export interface RevertResult {
  readonly reverted: readonly string[];
  /** Deleted or moved since: nothing is there to take back. */
  readonly deleted: readonly string[];
  readonly conflicts: readonly { readonly path: string; readonly reason: string }[];
}

const chunkSize = 50;

/** A batch with conflicts stays the last one, with only those files: once they are solved, revert takes back the rest. */
export async function revertJournal(
  folder: Uri,
  { uri, journal }: StoredJournal,
  label: string,
): Promise<RevertResult> {
  const reverted: string[] = [];
  const deleted: string[] = [];
  const conflicts = new Map<string, string>();
  for (let from = 0; from < journal.files.length; from += chunkSize) {
    const ready: (FileChange & { readonly path: string })[] = [];
    for (const entry of journal.files.slice(from, from + chunkSize)) {
      const plan = await planFile(folder, entry);
      if (plan.kind === "change") ready.push({ ...plan.change, path: entry.path });
      else if (plan.kind === "conflict") conflicts.set(entry.path, plan.reason);
      else (plan.kind === "deleted" ? deleted : reverted).push(entry.path);
    }
    const failed = await changeFiles(ready, label);
    for (const { path, file } of ready) {
      const reason = failed.get(file.uri.toString());
      if (reason === undefined) reverted.push(path);
      else conflicts.set(path, reason);
    }
  }
  if (conflicts.size === 0) await retireJournal(uri);
  else await replaceJournal(uri, { ...journal, files: journal.files.filter((it) => conflicts.has(it.path)) });
  return { reverted, deleted, conflicts: [...conflicts].map(([path, reason]) => ({ path, reason })) };
}

type FilePlan =
  | { readonly kind: "change"; readonly change: FileChange }
  /** As before the batch, or deleted since. */
  | { readonly kind: "asBefore" | "deleted" }
  | { readonly kind: "conflict"; readonly reason: string };

async function planFile(folder: Uri, entry: JournalFile): Promise<FilePlan> {
  const file = await openFileOf(folder, Uri.joinPath(folder, entry.path), true);
  if (typeof file === "string") return { kind: "conflict", reason: file };
  if (file.document === undefined) return { kind: entry.created ? "asBefore" : "deleted" };
  const plan = planRevert(file.text, entry);
  if (plan.kind === "conflict") return plan;
  if (plan.kind === "done") return { kind: "asBefore" };
  return { kind: "change", change: { file, edits: plan.kind === "delete" ? "delete" : plan.edits } };
}
