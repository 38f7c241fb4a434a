// Changes files through the editor: dirty buffers count, one undo step takes a chunk back, and what was saved before is
// saved again. A file that the editor would write differently from how it is on disk is refused, not damaged.
import { applyEdits, linkedElsewhere } from "@tagwright/documents/journal";
import { FileSystemError, Range, type TextDocument, type Uri, WorkspaceEdit, workspace } from "vscode";

export interface OpenFile {
  readonly uri: Uri;
  /** Undefined for a file that is not there yet. */
  readonly document: TextDocument | undefined;
  /** As it is, or would be, on disk: with the byte order mark that documents hide. */
  readonly text: string;
}

export interface Change {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

export interface FileChange {
  readonly file: OpenFile;
  /** By offsets into `file.text`; `delete` takes the file away. */
  readonly edits: readonly Change[] | "delete";
}

const mark = "\ufeff";

/** As `openFile`, of a file that must be one of `folder`'s own, without a link that leads out. */
export async function openFileOf(folder: Uri, uri: Uri, mayBeMissing = false): Promise<OpenFile | string> {
  // Other file systems say nothing of where their links lead.
  const local = uri.scheme === "file" && folder.scheme === "file";
  const elsewhere = local && (await linkedElsewhere(folder.fsPath, uri.fsPath).catch(({ message }: Error) => message));
  return elsewhere || openFile(uri, mayBeMissing);
}

/** @returns the file, or why it must not be touched. */
export async function openFile(uri: Uri, mayBeMissing = false): Promise<OpenFile | string> {
  try {
    if (!(await isThere(uri))) return mayBeMissing ? { uri, document: undefined, text: "" } : "it is gone";
    const document = await workspace.openTextDocument(uri);
    const onDisk = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await workspace.fs.readFile(uri));
    const text = onDisk.startsWith(mark) ? mark + document.getText() : document.getText();
    if (!document.isDirty && text !== onDisk) {
      return "the editor would change more than its tags (mixed line endings, or not UTF-8)";
    }
    return { uri, document, text };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** @throws FileSystemError where that cannot be told. */
async function isThere(uri: Uri): Promise<boolean> {
  try {
    await workspace.fs.stat(uri);
    return true;
  } catch (error) {
    if (error instanceof FileSystemError && ["FileNotFound", "FileNotADirectory"].includes(error.code)) return false;
    throw error;
  }
}

/**
 * Applies changes to several files as one step.
 * @returns the URIs of the files that could not be changed or saved, with the reason.
 */
export async function changeFiles(changes: readonly FileChange[], label: string): Promise<Map<string, string>> {
  const failed = new Map<string, string>();
  if (changes.length === 0) return failed;
  const edit = new WorkspaceEdit();
  const metadata = { label, needsConfirmation: false };
  const toSave = changes.flatMap(({ file: { uri, document }, edits }) =>
    document === undefined || document.isDirty || edits === "delete" ? [] : [uri],
  );
  for (const { file, edits } of changes) {
    const { uri, document, text } = file;
    if (edits === "delete") edit.deleteFile(uri, { ignoreIfNotExists: true }, metadata);
    else if (document === undefined) {
      edit.createFile(uri, { contents: new TextEncoder().encode(applyEdits(text, edits)) }, metadata);
    } else
      for (const it of edits)
        edit.replace(uri, rangeOf(document, it, text.startsWith(mark) ? 1 : 0), it.newText, metadata);
  }
  if (!(await workspace.applyEdit(edit))) {
    for (const { file } of changes) failed.set(file.uri.toString(), "the editor refused the change");
    return failed;
  }
  await Promise.all(
    toSave.map(async (uri) => {
      // Opened anew: VS Code may have closed the document meanwhile. `isDirty` comes later than the edit, so it is not asked.
      if (!(await (await workspace.openTextDocument(uri)).save())) failed.set(uri.toString(), "it could not be saved");
    }),
  );
  return failed;
}

/** One edit, one undo step, in a document that the user looks at; it is left unsaved, as after typing. */
export async function changeInEditor(document: TextDocument, edits: readonly Change[]): Promise<boolean> {
  const edit = new WorkspaceEdit();
  for (const it of edits) edit.replace(document.uri, rangeOf(document, it, 0), it.newText);
  return workspace.applyEdit(edit);
}

function rangeOf(document: TextDocument, { start, end }: Change, shift: number): Range {
  return new Range(document.positionAt(start - shift), document.positionAt(end - shift));
}
