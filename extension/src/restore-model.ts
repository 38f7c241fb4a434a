// "Tags: Restore Previous Model": back to what the last training replaced, after a question that says what that is.
import type { PreviousModel } from "@tagwright/language-server/protocol";
import { l10n, type Uri, window } from "vscode";
import type { App } from "./app.ts";
import { pickFolder } from "./documents.ts";

/** @param isConfirmed leaves the question out. @returns whether the previous model is in use. */
export async function restoreModel(app: App, hint: Uri | undefined, isConfirmed: boolean): Promise<boolean> {
  const folder = await pickFolder(l10n.t("Restore the previous model of which folder?"), hint);
  if (folder === undefined) return false;
  const client = await app.client();
  const previous = await client.previousModel(folder.uri);
  if (previous.kind === "none") {
    const message = l10n.t("There is no previous model: one is kept only when a training replaces it.");
    void window.showInformationMessage(message);
    return false;
  }
  if (previous.kind === "failed") {
    void complain(app, l10n.t("The previous model cannot be used: {0}", previous.message));
    return false;
  }
  if (!isConfirmed && !(await confirm(folder.name, previous))) return false;
  const result = await client.restoreModel(folder.uri);
  if (result.restored) void window.showInformationMessage(l10n.t("The previous model of {0} is back.", folder.name));
  else void complain(app, l10n.t("The model stays as it is: {0}", result.reason));
  return result.restored;
}

async function confirm(folder: string, model: Extract<PreviousModel, { kind: "model" }>): Promise<boolean> {
  const restore = l10n.t("Restore");
  const made = new Date(model.createdAt).toLocaleString();
  const size = l10n.t("It knows {0} tags from {1} documents, and is from {2}.", model.labels, model.documents, made);
  const meaning =
    model.encoder === "none" ? l10n.t("It reads words only.") : l10n.t("It reads meaning with {0}.", model.encoder);
  const kept = l10n.t("The model of now is kept in its place: the same command brings it back.");
  const detail = [size, meaning, kept].join(" ");
  const question = l10n.t("Go back to the previous model of {0}?", folder);
  return (await window.showWarningMessage(question, { modal: true, detail }, restore)) === restore;
}

async function complain(app: App, message: string): Promise<void> {
  const show = l10n.t("Show Logs");
  app.log.error(message);
  if ((await window.showErrorMessage(message, show)) === show) app.log.show();
}
