// The language status item: which model there is for the folder of the active document, how it is, and the one next step.
import type { FolderStatus } from "@tagwright/language-server/protocol";
import {
  type Disposable,
  type LanguageStatusItem,
  LanguageStatusSeverity,
  l10n,
  languages,
  type TextEditor,
  type Uri,
  window,
  workspace,
} from "vscode";
import { documentSelector } from "./documents.ts";
import { type Face, faceOf, startingFace, stoppedFace } from "./status-face.ts";

export interface Status extends Disposable {
  update(status: FolderStatus): void;
  /** The server is not running: why, in a few words. */
  stopped(message: string): void;
  /** Which model a folder has; empty where none. */
  modelId(folder: Uri): string;
  /** Documents with tags in a folder, or those that its model learned from; undefined while they are counted. */
  documents(folder: Uri): number | undefined;
  /** Of the folder of the active document. */
  readonly current: FolderStatus | undefined;
}

export function createStatus(): Status {
  const item = languages.createLanguageStatusItem("tagwright.model", documentSelector);
  item.name = l10n.t("Tags");
  const known = new Map<string, FolderStatus>();
  const current = (editor: TextEditor | undefined = window.activeTextEditor) => {
    const folder = editor && workspace.getWorkspaceFolder(editor.document.uri);
    return (folder && known.get(folder.uri.toString())) ?? [...known.values()][0];
  };
  const show = () => {
    const status = current();
    if (status !== undefined) wear(item, faceOf(status, l10n));
  };
  wear(item, startingFace(l10n));
  const listener = window.onDidChangeActiveTextEditor(show);
  return {
    update: (status) => {
      known.set(decoded(status.folder), status);
      show();
    },
    stopped: (message) => {
      known.clear();
      wear(item, stoppedFace(message, l10n));
    },
    modelId: (folder) => {
      const state = known.get(folder.toString())?.state;
      return state?.kind === "ready" ? state.id : "";
    },
    documents: (folder) => {
      const state = known.get(folder.toString())?.state;
      if (state?.kind === "none") return state.taggedDocuments;
      return state?.kind === "ready" ? state.documents : undefined;
    },
    get current() {
      return current();
    },
    dispose: () => {
      listener.dispose();
      item.dispose();
    },
  };
}

/** As `Uri.toString` writes it: the protocol's spelling of a URI may differ. */
function decoded(uri: string): string {
  const folder = workspace.workspaceFolders?.find(
    (it) => it.uri.toString() === uri || it.uri.toString(true) === decodeURIComponent(uri),
  );
  return folder?.uri.toString() ?? uri;
}

const severities = {
  information: LanguageStatusSeverity.Information,
  warning: LanguageStatusSeverity.Warning,
  error: LanguageStatusSeverity.Error,
} as const;

function wear(item: LanguageStatusItem, { text, detail, severity, command, busy = false }: Face): void {
  item.text = text;
  item.detail = detail;
  item.severity = severities[severity ?? "information"];
  item.command = command;
  item.busy = busy;
  item.accessibilityInformation = { label: detail === "" ? text : `${text}. ${detail}` };
}
