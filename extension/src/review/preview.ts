// The change that checked tags would make, as a diff: the document beside a read-only copy with the tags in it.
import { applyEdits } from "@tagwright/documents/journal";
import {
  commands,
  type Disposable,
  EventEmitter,
  l10n,
  TabInputTextDiff,
  type TextDocumentContentProvider,
  Uri,
  window,
  workspace,
} from "vscode";
import type { ServerClient } from "../server-client.ts";
import type { QueuedDocument } from "./queue.ts";

const scheme = "tagwright-preview";

export interface Preview extends Disposable {
  show(document: QueuedDocument): Promise<void>;
  /** Closes the diffs: what they show was applied or dismissed. */
  close(): Promise<void>;
}

export function createPreview(client: () => Promise<ServerClient>): Preview {
  const texts = new Map<string, string>();
  const changed = new EventEmitter<Uri>();
  const provider: TextDocumentContentProvider = {
    onDidChange: changed.event,
    provideTextDocumentContent: (uri) => texts.get(uri.toString()) ?? "",
  };
  const registration = workspace.registerTextDocumentContentProvider(scheme, provider);
  const closing = workspace.onDidCloseTextDocument(({ uri }) => texts.delete(uri.toString()));
  return {
    async show({ uri, target, tags }) {
      if (target !== uri) {
        // The tags of this one stand in a file of their own, which may not be there yet.
        await commands.executeCommand("vscode.open", Uri.parse(uri), { preview: true, preserveFocus: true });
        return;
      }
      const original = Uri.parse(uri);
      const text = (await workspace.openTextDocument(original)).getText();
      const add = tags.filter((it) => it.checked).map((it) => it.tag);
      const [plan] = add.length === 0 ? [] : await (await client()).plan([{ uri, text, add }]);
      if (plan?.kind !== "edits") {
        await commands.executeCommand("vscode.open", original, { preview: true, preserveFocus: true });
        return;
      }
      const preview = original.with({ scheme, query: original.scheme });
      texts.set(preview.toString(), applyEdits(text, plan.edits));
      changed.fire(preview);
      const title = l10n.t("{0} (suggested tags)", original.path.slice(original.path.lastIndexOf("/") + 1));
      await commands.executeCommand("vscode.diff", original, preview, title, { preview: true, preserveFocus: true });
    },
    close: async () => {
      const tabs = window.tabGroups.all.flatMap((it) => it.tabs);
      const ours = tabs.filter(({ input }) => input instanceof TabInputTextDiff && input.modified.scheme === scheme);
      await window.tabGroups.close(ours, true);
    },
    dispose: () => {
      registration.dispose();
      closing.dispose();
      changed.dispose();
    },
  };
}
