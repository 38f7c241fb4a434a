// Writes the checked suggestions into their documents, chunk by chunk, each journalled before it is written.
import { type JournalFile, journalEntry } from "@tagwright/documents/journal";
import type { PlannedEdits } from "@tagwright/language-server/protocol";
import { type CancellationToken, l10n, Uri, workspace } from "vscode";
import type { ServerClient } from "../server-client.ts";
import { changeFiles, type FileChange, type OpenFile, openFileOf } from "./edit-files.ts";
import { writeJournal } from "./journal-store.ts";

interface ChosenTags {
  readonly uri: string;
  /** Where the tags are written: the document itself, or its sidecar. */
  readonly target: string;
  readonly add: readonly string[];
}

export interface ApplyResult {
  /** URIs of the documents that now have their tags. */
  readonly changed: readonly string[];
  readonly tags: number;
  readonly problems: readonly { readonly uri: string; readonly reason: string }[];
}

export interface ApplyOptions {
  readonly folder: Uri;
  readonly chosen: readonly ChosenTags[];
  readonly modelId: string;
  readonly client: Pick<ServerClient, "plan">;
  readonly token: CancellationToken;
  readonly onProgress: (done: number) => void;
}

interface PlannedFile extends FileChange {
  /** Of the document that the tags are of; the file may be its sidecar. */
  readonly uri: string;
  readonly entry: JournalFile;
}

/** Documents in one edit: few enough to stay responsive and to cancel between. */
const chunkSize = 50;

/** Cancelling stops before the next chunk; what is written stays, and can be reverted. */
export async function applyChosen(options: ApplyOptions): Promise<ApplyResult> {
  const { folder, chosen, modelId, token, onProgress } = options;
  const createdAt = new Date().toISOString();
  const files: JournalFile[] = [];
  const changed: string[] = [];
  const problems: { uri: string; reason: string }[] = [];
  let tags = 0;
  for (let from = 0; from < chosen.length && !token.isCancellationRequested; from += chunkSize) {
    const plans = await planChunk(options, chosen.slice(from, from + chunkSize));
    problems.push(...plans.problems);
    changed.push(...plans.unchanged);
    files.push(...plans.ready.map((it) => it.entry));
    if (files.length > 0) await writeJournal(folder, { version: 1, createdAt, modelId, files });
    const failed = await changeFiles(plans.ready, l10n.t("Suggested tags"));
    for (const { uri, file, entry } of plans.ready) {
      const reason = failed.get(file.uri.toString());
      if (reason !== undefined) problems.push({ uri, reason });
      else {
        changed.push(uri);
        tags += entry.added.length;
      }
    }
    onProgress(Math.min(chosen.length, from + chunkSize));
  }
  return { changed, tags, problems };
}

async function planChunk({ folder, client }: ApplyOptions, chunk: readonly ChosenTags[]) {
  const problems: { uri: string; reason: string }[] = [];
  const unchanged: string[] = [];
  const ready: PlannedFile[] = [];
  const opened = await Promise.all(chunk.map((it) => openFileOf(folder, Uri.parse(it.target), it.target !== it.uri)));
  const files = opened.flatMap((file, at) => {
    const { uri, add } = chunk[at]!;
    if (typeof file !== "string") return [{ uri, file, add }];
    problems.push({ uri, reason: file });
    return [];
  });
  const plans = await client.plan(files.map(({ file, add }) => ({ uri: file.uri.toString(), text: file.text, add })));
  for (const [at, { uri, file }] of files.entries()) {
    const plan = plans[at] ?? { kind: "refused", reason: l10n.t("the language server gave no answer") };
    if (plan.kind === "refused") problems.push({ uri, reason: plan.reason });
    else if (plan.edits.length === 0) unchanged.push(uri);
    else ready.push({ uri, file, edits: plan.edits, entry: entryOf(folder, file, plan) });
  }
  return { problems, unchanged, ready };
}

function entryOf(folder: Uri, { uri, text, document }: OpenFile, plan: Extract<PlannedEdits, { kind: "edits" }>) {
  return journalEntry(relativePath(folder, uri), document && text, plan.edits, plan.added);
}

function relativePath(folder: Uri, uri: Uri): string {
  const base = folder.path.endsWith("/") ? folder.path : `${folder.path}/`;
  return uri.path.startsWith(base) ? uri.path.slice(base.length) : workspace.asRelativePath(uri, false);
}
