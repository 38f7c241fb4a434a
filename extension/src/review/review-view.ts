// The review queue as a native tree with checkboxes: documents, and below each its suggested tags. Space and mouse check,
// Enter shows the change, Delete dismisses. Confidence is said in words; the number is in the tooltip.
import {
  EventEmitter,
  l10n,
  MarkdownString,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCheckboxState,
  TreeItemCollapsibleState,
  type TreeView,
  Uri,
  window,
  workspace,
} from "vscode";
import type { QueuedDocument, QueuedTag, ReviewQueue } from "./queue.ts";

export type ReviewNode =
  | { readonly kind: "document"; readonly document: QueuedDocument }
  | { readonly kind: "tag"; readonly document: QueuedDocument; readonly tag: QueuedTag };

export interface ReviewView {
  readonly view: TreeView<ReviewNode>;
  /** Shows the queue as it is now, with an optional line above it. */
  refresh(message?: string): void;
  dispose(): void;
}

export function createReviewView(queue: ReviewQueue): ReviewView {
  const changed = new EventEmitter<undefined>();
  let note: string | undefined;
  const provider: TreeDataProvider<ReviewNode> = {
    onDidChangeTreeData: changed.event,
    getChildren(node) {
      if (node === undefined) return queue.documents.map((document) => ({ kind: "document", document }));
      return node.kind === "tag"
        ? []
        : node.document.tags.map((tag) => ({ kind: "tag", document: node.document, tag }));
    },
    getParent: (node) => (node.kind === "tag" ? { kind: "document", document: node.document } : undefined),
    getTreeItem: (node) => (node.kind === "document" ? documentItem(node) : tagItem(node)),
  };
  const view = window.createTreeView("tagwright.review", {
    treeDataProvider: provider,
    showCollapseAll: true,
    canSelectMany: true,
    // A document's box follows its tags, which VS Code cannot know.
    manageCheckboxStateManually: true,
  });
  const refresh = (message?: string) => {
    note = message;
    const { documents, tags, checked } = queue.counts;
    const counts = l10n.t("{0} suggestions in {1} documents, {2} checked", tags, documents, checked);
    view.message = tags === 0 ? (note ?? "") : note === undefined ? counts : `${note} ${counts}`;
    view.badge = checked === 0 ? undefined : { value: checked, tooltip: l10n.t("{0} checked tags", checked) };
    changed.fire(undefined);
  };
  view.onDidChangeCheckboxState(({ items }) => {
    for (const [node, state] of items) {
      queue.check(
        state === TreeItemCheckboxState.Checked,
        node.document.uri,
        node.kind === "tag" ? node.tag.tag : undefined,
      );
    }
    refresh(note);
  });
  return {
    view,
    refresh,
    dispose: () => {
      view.dispose();
      changed.dispose();
    },
  };
}

function documentItem(node: ReviewNode & { kind: "document" }): TreeItem {
  const { document } = node;
  const uri = Uri.parse(document.uri);
  const name = uri.path.slice(uri.path.lastIndexOf("/") + 1);
  const relative = workspace.asRelativePath(uri);
  const checked = document.tags.filter((it) => it.checked).length;
  const item = new TreeItem(name, TreeItemCollapsibleState.Expanded);
  item.id = document.uri;
  item.resourceUri = uri;
  item.iconPath = ThemeIcon.File;
  const folder = relative.slice(0, relative.length - name.length).replace(/\/$/u, "");
  const ofAll = l10n.t("{0} of {1}", checked, document.tags.length);
  item.description = folder === "" ? ofAll : `${ofAll} · ${folder}`;
  item.tooltip = relative;
  item.contextValue = "document";
  item.checkboxState = checkbox(checked === document.tags.length, name);
  item.accessibilityInformation = {
    label: l10n.t("{0}: {1} suggested tags, {2} checked", relative, document.tags.length, checked),
  };
  item.command = { command: "tagwright.review.showChanges", title: l10n.t("Show Changes"), arguments: [node] };
  return item;
}

function tagItem(node: ReviewNode & { kind: "tag" }): TreeItem {
  const { document, tag } = node;
  const words = confidence(tag.probability);
  const item = new TreeItem(tag.tag, TreeItemCollapsibleState.None);
  item.id = `${document.uri}#${tag.tag}`;
  item.iconPath = new ThemeIcon("tag");
  item.description = words;
  item.tooltip = new MarkdownString().appendText(
    l10n.t("{0}: {1}, {2} %", tag.tag, words, Math.min(99, Math.round(tag.probability * 100))),
  );
  item.contextValue = "tag";
  item.checkboxState = checkbox(tag.checked, tag.tag);
  item.accessibilityInformation = {
    label: tag.checked ? l10n.t("{0}, {1}, checked", tag.tag, words) : l10n.t("{0}, {1}, not checked", tag.tag, words),
  };
  item.command = { command: "tagwright.review.showChanges", title: l10n.t("Show Changes"), arguments: [node] };
  return item;
}

function checkbox(checked: boolean, label: string): NonNullable<TreeItem["checkboxState"]> {
  return {
    state: checked ? TreeItemCheckboxState.Checked : TreeItemCheckboxState.Unchecked,
    tooltip: checked ? l10n.t("Will be added") : l10n.t("Will not be added"),
    accessibilityInformation: { label, role: "checkbox" },
  };
}

/** Bands of confidence as words. */
export function confidence(probability: number): string {
  if (probability >= 0.8) return l10n.t("very likely");
  if (probability >= 0.5) return l10n.t("likely");
  return probability >= 0.2 ? l10n.t("possible") : l10n.t("unlikely");
}
