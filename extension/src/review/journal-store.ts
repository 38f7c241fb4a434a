// Where journals are kept: `.tags/journal/<time>.json` in the workspace folder. A reverted one is renamed, never deleted.
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
import { FileType, Uri, workspace } from "vscode";

export interface StoredJournal {
  readonly uri: Uri;
  readonly journal: Journal;
}

/** Writes it under the name of its time, over what was written of the same batch before. */
export async function writeJournal(folder: Uri, journal: Journal): Promise<void> {
  const directory = directoryOf(folder);
  // It holds pieces of the notes, and belongs to this computer.
  await write(Uri.joinPath(directory, ".gitignore"), "*\n");
  await replaceJournal(Uri.joinPath(directory, journalName(journal)), journal);
}

export async function replaceJournal(uri: Uri, journal: Journal): Promise<void> {
  await write(uri, formatJournal(journal));
}

/** Keeps the journal as history, out of the way of the next revert. */
export async function retireJournal(uri: Uri): Promise<void> {
  const name = path.posix.basename(uri.path);
  await workspace.fs.rename(uri, Uri.joinPath(uri, "..", retiredName(name)));
}

/** The newest batch that was not taken back yet; undefined where there is none. @throws JournalError */
export async function lastJournal(folder: Uri): Promise<StoredJournal | undefined> {
  const directory = directoryOf(folder);
  const entries = await workspace.fs.readDirectory(directory).then(undefined, () => []);
  const name = lastJournalName(entries.filter(([, type]) => type === FileType.File).map(([it]) => it));
  if (name === undefined) return undefined;
  const uri = Uri.joinPath(directory, name);
  const bytes = await workspace.fs.readFile(uri);
  return { uri, journal: parseJournal(new TextDecoder().decode(bytes), `.tags/journal/${name}`) };
}

function directoryOf(folder: Uri): Uri {
  return Uri.joinPath(folder, ...journalFolder);
}

async function write(uri: Uri, text: string): Promise<void> {
  await workspace.fs.writeFile(uri, new TextEncoder().encode(text));
}
