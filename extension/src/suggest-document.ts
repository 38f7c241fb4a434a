// "Tags: Suggest for This Document": a picker with the suggestions, the sure ones chosen, written as one edit.
import { l10n, type QuickPickItem, window } from "vscode";
import type { App } from "./app.ts";
import { isRelevant } from "./documents.ts";
import { nextStep } from "./next-step.ts";
import { changeInEditor } from "./review/edit-files.ts";
import { confidence } from "./review/review-view.ts";

/** @param tags given by another extension or a key binding: they are added without asking. @returns the added tags. */
export async function suggestDocument(app: App, tags?: readonly string[]): Promise<readonly string[]> {
  const editor = window.activeTextEditor;
  if (editor === undefined || !isRelevant(editor.document)) {
    void window.showInformationMessage(l10n.t("Open a document that can carry tags first."));
    return [];
  }
  const { document } = editor;
  const client = await app.client();
  const noAnswer = l10n.t("The language server gave no answer; the log says why.");
  const chosen = tags ?? (await pick());
  if (chosen === undefined || chosen.length === 0) return [];
  const [plan] = await client.plan([{ uri: document.uri.toString(), text: document.getText(), add: chosen }]);
  if (plan?.kind === "edits") return (await changeInEditor(document, plan.edits)) ? plan.added : [];
  void window.showWarningMessage(plan?.reason ?? noAnswer);
  return [];

  async function pick(): Promise<readonly string[] | undefined> {
    const answer = await client.suggest(document.uri, document.getText());
    if (answer === null) {
      void window.showWarningMessage(noAnswer);
      return undefined;
    }
    const { state, suggestions, threshold } = answer;
    if (state !== "ready") {
      await nextStep(app, state);
      return undefined;
    }
    if (suggestions.length === 0) {
      void window.showInformationMessage(l10n.t("This document has every tag that the model would suggest."));
      return undefined;
    }
    const items = suggestions.map((it): QuickPickItem & { readonly tag: string } => ({
      label: it.tag,
      tag: it.tag,
      description: confidence(it.probability),
      picked: it.probability >= threshold,
    }));
    const picked = await window.showQuickPick(items, {
      canPickMany: true,
      title: l10n.t("Suggested Tags"),
      placeHolder: l10n.t("Choose the tags to add"),
    });
    return picked?.map((it) => it.tag);
  }
}
