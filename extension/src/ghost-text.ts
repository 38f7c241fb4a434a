// VS Code asks for ghost text while one types; this asks also when the caret is put into a tag list. Elsewhere nothing
// is triggered, so nothing appears.
import { commands, type Disposable, type TextEditor, window, workspace } from "vscode";
import { isRelevant } from "./documents.ts";
import type { ServerClient } from "./server-client.ts";

/** A caret that moves on within this time is only passing. */
const restMs = 200;

/** @param running the client if the server runs already; moving a caret never starts it. */
export function triggerGhostText(running: () => ServerClient | undefined): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const ask = async (editor: TextEditor) => {
    const { document, selection } = editor;
    const client = running();
    if (client === undefined || editor !== window.activeTextEditor || !selection.isEmpty) return;
    const version = document.version;
    if (!(await client.isTagSlot(document.uri, selection.active))) return;
    if (document.version !== version || !editor.selection.isEqual(selection)) return;
    await commands.executeCommand("editor.action.inlineSuggest.trigger");
  };
  const listeners = [
    window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
      clearTimeout(timer);
      const { document } = textEditor;
      // Typing moves the caret too. It is not told apart: a caret that moves right after a key must be seen.
      if (!isRelevant(document) || selections.length !== 1) return;
      if (!workspace.getConfiguration("tagwright", document.uri).get("suggestions.automatic", true)) return;
      timer = setTimeout(() => void ask(textEditor).then(undefined, () => undefined), restMs);
    }),
  ];
  return {
    dispose: () => {
      clearTimeout(timer);
      for (const it of listeners) it.dispose();
    },
  };
}
