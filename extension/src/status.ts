// The language status item: which model there is for the folder of the active document, how it is, and the one next step.
import type { FolderStatus } from "@tagwright/language-server/protocol";
import {
  type Command,
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

interface Face {
  readonly text: string;
  readonly detail: string;
  readonly severity?: LanguageStatusSeverity;
  readonly command?: Command;
  readonly busy?: boolean;
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
    if (status !== undefined) wear(item, faceOf(status));
  };
  wear(item, { text: l10n.t("Tags: starting"), detail: "", busy: true });
  const listener = window.onDidChangeActiveTextEditor(show);
  return {
    update: (status) => {
      known.set(decoded(status.folder), status);
      show();
    },
    stopped: (message) => {
      known.clear();
      const command = { command: "tagwright.restartServer", title: l10n.t("Restart Server") };
      wear(item, {
        text: l10n.t("Tags: server stopped"),
        detail: message,
        severity: LanguageStatusSeverity.Error,
        command,
      });
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

function wear(item: LanguageStatusItem, { text, detail, severity, command, busy = false }: Face): void {
  item.text = text;
  item.detail = detail;
  item.severity = severity ?? LanguageStatusSeverity.Information;
  item.command = command;
  item.busy = busy;
  item.accessibilityInformation = { label: detail === "" ? text : `${text}. ${detail}` };
}

function faceOf({ state, busy, slowMilliseconds }: FolderStatus): Face {
  const train = { command: "tagwright.trainModel", title: l10n.t("Train Model") };
  switch (state.kind) {
    case "none": {
      const count = state.taggedDocuments;
      if (count === undefined)
        return { text: l10n.t("No model yet"), detail: l10n.t("Counting tagged documents"), busy: true };
      if (count === 0) {
        const command = { command: "tagwright.openSample", title: l10n.t("Open Sample") };
        return { text: l10n.t("No model yet"), detail: l10n.t("Tag a few documents, then train on them"), command };
      }
      return { text: l10n.t("No model yet: train on {0} tagged documents", count), detail: "", command: train };
    }
    case "loading":
      return { text: l10n.t("Tags: loading the model"), detail: "", busy: true };
    case "ready": {
      const learned = l10n.t("learned from {0} documents, {1}", state.documents.toLocaleString(), age(state.createdAt));
      const meaning = state.encoder === "none" ? "" : l10n.t(" · with {0}", state.encoder);
      const slow = slowMilliseconds === undefined ? "" : l10n.t(" · slow: last answer took {0} ms", slowMilliseconds);
      const { lexical } = state;
      const words = lexical === undefined || lexical.loading ? "" : l10n.t(" · from words alone: {0}", lexical.reason);
      const warming = lexical?.loading === true ? l10n.t(" · warming up: from words alone until then") : "";
      return {
        text: l10n.t("{0} tags", state.labels.toLocaleString()),
        detail: `${learned}${meaning}${warming}${words}${slow}`,
        severity: slow + words === "" ? LanguageStatusSeverity.Information : LanguageStatusSeverity.Warning,
        command: { command: "tagwright.suggestDocument", title: l10n.t("Suggest Tags") },
        busy: busy || lexical?.loading === true,
      };
    }
    case "failed": {
      const command = { command: "tagwright.trainModel", title: l10n.t("Train Again") };
      return {
        text: l10n.t("Tags: the model cannot be used"),
        detail: state.message,
        severity: LanguageStatusSeverity.Error,
        command,
      };
    }
    case "restricted": {
      const command = { command: "workbench.trust.manage", title: l10n.t("Manage Trust") };
      return {
        text: l10n.t("Tags: Restricted Mode"),
        detail: l10n.t("A model of this workspace is used once you trust it"),
        command,
      };
    }
    default:
      return state satisfies never;
  }
}

function age(createdAt: string): string {
  const days = Math.floor((Date.now() - Date.parse(createdAt)) / 86_400_000);
  if (!Number.isFinite(days)) return l10n.t("at an unknown time");
  if (days <= 0) return l10n.t("today");
  return days === 1 ? l10n.t("yesterday") : l10n.t("{0} days ago", days);
}
