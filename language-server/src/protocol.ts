// What the client and the server say to each other beyond LSP: plain data, no imports but types. The extension and the
// tests read this file; every request here answers an empty result instead of an error.

/** Sent once, in `initializationOptions`. Everything is optional: another editor may send nothing. */
export interface InitializationOptions {
  /** False in VS Code's Restricted Mode: then nothing that the workspace names is loaded. Default true. */
  readonly trusted?: boolean;
  /** Settings for an editor that cannot answer `workspace/configuration`; same shape as the `tagwright` section. */
  readonly settings?: unknown;
}

/** What there is to suggest with, in one folder. */
export type ModelState =
  /** No model folder: the next step is to train one. Undefined while the tagged documents are being counted. */
  | { readonly kind: "none"; readonly taggedDocuments?: number }
  | { readonly kind: "loading" }
  | {
      readonly kind: "ready";
      readonly id: string;
      readonly labels: number;
      readonly documents: number;
      readonly createdAt: string;
      readonly preset: string;
      readonly encoder: string;
      readonly threshold: number;
      readonly loadMilliseconds: number;
      /** Why suggestions come from words alone, although the model has an encoder. Absent while all of it answers. */
      readonly lexical?: { readonly loading: boolean; readonly reason: string };
    }
  | { readonly kind: "failed"; readonly message: string }
  /** The workspace is not trusted, so its model is not loaded. */
  | { readonly kind: "restricted" };

export interface FolderStatus {
  /** URI of the workspace folder, as the client sent it. */
  readonly folder: string;
  readonly modelFolder: string;
  readonly state: ModelState;
  /** True while a document or the workspace is being tagged. */
  readonly busy: boolean;
  /** The slowest answer of the last few that went over the time budget; absent while all is quick. */
  readonly slowMilliseconds?: number;
}

export interface SuggestedTag {
  /** What is written into the document. */
  readonly tag: string;
  readonly probability: number;
}

export interface SuggestParams {
  readonly uri: string;
  /** The text as the editor holds it; needed only for a document that is not synchronised. */
  readonly text?: string;
}

export interface SuggestResult {
  readonly state: ModelState["kind"];
  /** Best first, without those that the document has. */
  readonly suggestions: readonly SuggestedTag[];
  readonly existing: readonly string[];
  /** Where its tags are written: the document itself, or its sidecar, which may not exist yet. */
  readonly target: string;
  /** The tags at or above this are what ghost text and "Add suggested tags" would add. */
  readonly threshold: number;
}

/** A change of text by UTF-16 offsets into the text it was planned for. */
export interface TextChange {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

export interface PlanItem {
  readonly uri: string;
  readonly text: string;
  readonly add: readonly string[];
}

export type PlannedEdits =
  | { readonly kind: "edits"; readonly edits: readonly TextChange[]; readonly added: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

/** The tags of one document, streamed by `suggestWorkspace` as its partial results. */
export interface DocumentSuggestions {
  readonly uri: string;
  /** Where its tags are written: the document itself, or its sidecar, which may not exist yet. */
  readonly target: string;
  readonly suggestions: readonly SuggestedTag[];
}

export interface WorkspaceProgress {
  readonly documents: readonly DocumentSuggestions[];
  readonly done: number;
  readonly total: number;
}

export interface SuggestWorkspaceParams {
  readonly folder: string;
  /** Suggestions below this probability are not sent. */
  readonly minProbability: number;
  /** Globs of VS Code's `files.exclude` and `search.exclude`. Default: those of the folder's `.vscode/settings.json`. */
  readonly exclude?: readonly string[];
  readonly partialResultToken?: string | number;
}

export interface SuggestWorkspaceResult {
  readonly state: ModelState["kind"];
  readonly documents: number;
  /** Files that could not be read as text, with the reason. */
  readonly skipped: readonly { readonly uri: string; readonly reason: string }[];
}

export interface TagSlotParams {
  readonly uri: string;
  readonly line: number;
  readonly character: number;
}

/** What "Restore Previous Model" would go back to. */
export type PreviousModel =
  | { readonly kind: "none" }
  | {
      readonly kind: "model";
      readonly labels: number;
      readonly documents: number;
      readonly createdAt: string;
      readonly encoder: string;
    }
  /** It is kept, but damaged. */
  | { readonly kind: "failed"; readonly message: string };

export type RestoreResult = { readonly restored: true } | { readonly restored: false; readonly reason: string };

export interface Diagnostics {
  readonly server: string;
  readonly node: string;
  readonly pid: number;
  readonly memoryBytes: number;
  readonly workerRestarts: number;
  /** What the thread of the model was asked so far. */
  readonly workerRequests: number;
  readonly folders: readonly FolderStatus[];
}

export const methods = {
  /** Server to client: FolderStatus, whenever it changes. */
  status: "tagwright/status",
  /** { folder } to boolean. A training run has ended; answers when the model folder was looked at: is one in use? */
  modelChanged: "tagwright/modelChanged",
  /** { folder } to PreviousModel. */
  previousModel: "tagwright/previousModel",
  /** { folder } to RestoreResult: the previous model and the model have changed places. */
  restoreModel: "tagwright/restoreModel",
  /** Client to server, no parameters: the user trusts the workspace. */
  trustGranted: "tagwright/trustGranted",
  /** SuggestParams to SuggestResult, null where something went wrong. */
  suggest: "tagwright/suggest",
  /** PlanItem[] to PlannedEdits[], one each, in order. */
  plan: "tagwright/plan",
  /** SuggestWorkspaceParams to SuggestWorkspaceResult, WorkspaceProgress as partial results. */
  suggestWorkspace: "tagwright/suggestWorkspace",
  /** TagSlotParams to boolean: whether the position is inside a tag list. */
  isTagSlot: "tagwright/isTagSlot",
  /** Nothing to Diagnostics. */
  diagnostics: "tagwright/diagnostics",
} as const;
