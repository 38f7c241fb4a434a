// "Tags: Suggest for This Document": a picker with the suggestions, the sure ones chosen, written as one
// edit. A file that has no place for tags gets them in its sidecar.
import type { SuggestResult } from "@tagwright/language-server/protocol";
import { l10n, type QuickPickItem, Uri, window, workspace } from "vscode";
import type { App } from "./app.ts";
import { isRelevant } from "./documents.ts";
import { nextStep } from "./next-step.ts";
import { changeFiles, changeInEditor, openFile } from "./review/edit-files.ts";
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
  const title = l10n.t("Suggested Tags");
  const noAnswer = l10n.t("The language server gave no answer; the log says why.");
  const answer = await client.suggest(document.uri, document.getText());
  if (answer === null) {
    void window.showWarningMessage(noAnswer);
    return [];
  }
  const chosen = tags ?? (await pick(answer));
  if (chosen.length === 0) return [];
  const target = Uri.parse(answer.target);
  const inDocument = answer.target === document.uri.toString() || target.path === document.uri.path;
  const file = inDocument ? undefined : await openFile(target, true);
  const text = file === undefined || typeof file === "string" ? document.getText() : file.text;
  const [plan] = await client.plan([{ uri: inDocument ? document.uri.toString() : answer.target, text, add: chosen }]);
  if (plan?.kind !== "edits") {
    void window.showWarningMessage(plan?.reason ?? noAnswer);
    return [];
  }
  if (file === undefined) return (await changeInEditor(document, plan.edits)) ? plan.added : [];
  const problem =
    typeof file === "string" ? file : [...(await changeFiles([{ file, edits: plan.edits }], title)).values()][0];
  if (problem === undefined) return plan.added;
  void window.showWarningMessage(l10n.t("{0} could not be written: {1}", workspace.asRelativePath(target), problem));
  return [];

  async function pick({ state, suggestions, threshold }: SuggestResult): Promise<readonly string[]> {
    if (state !== "ready") {
      await nextStep(app, state);
      return [];
    }
    if (suggestions.length === 0) {
      void window.showInformationMessage(l10n.t("This document has every tag that the model would suggest."));
      return [];
    }
    const items = suggestions.map((it): QuickPickItem & { readonly tag: string } => ({
      label: it.tag,
      tag: it.tag,
      description: confidence(it.probability),
      picked: it.probability >= threshold,
    }));
    const picked = await window.showQuickPick(items, {
      canPickMany: true,
      title,
      placeHolder: l10n.t("Choose the tags to add"),
    });
    return picked?.map((it) => it.tag) ?? [];
  }
}
