// What every feature needs to answer a request, and nothing of the connection: features are tested with a plain object.
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { Analysis } from "../analysis.ts";
import type { Folder } from "../workspace/folder.ts";

/** The part of a workspace folder that features use. */
export type FeatureFolder = Pick<Folder, "settings" | "suggest" | "suggestMany" | "concept" | "vocabulary"> & {
  readonly model: Pick<Folder["model"], "state" | "info" | "explain">;
};

export interface DocumentContext {
  /** As it was when the question came: it stays so while an answer is made. */
  readonly document: TextDocument;
  readonly analysis: Analysis;
  readonly folder: FeatureFolder;
}

/** The probability from which a tag is proposed without being asked for. */
export function thresholdOf(folder: FeatureFolder): number {
  return folder.settings.minProbability ?? folder.model.info?.threshold ?? 0.5;
}
