// "Tags: Suggest for Workspace", and what one does with the queue that it fills: apply, dismiss, look, revert.

import { JournalError } from "@tagwright/documents/journal";
import {
  CancellationTokenSource,
  commands,
  type Disposable,
  l10n,
  ProgressLocation,
  Uri,
  type WorkspaceFolder,
  window,
  workspace,
} from "vscode";
import type { App } from "../app.ts";
import { excludes, pickFolder } from "../documents.ts";
import { nextStep } from "../next-step.ts";
import { applyChosen } from "./apply.ts";
import { lastJournal } from "./journal-store.ts";
import { createPreview } from "./preview.ts";
import { revertJournal } from "./revert.ts";
import type { ReviewNode } from "./review-view.ts";

export function registerReviewCommands(app: App): Disposable[] {
  const preview = createPreview(app.client);
  const { queue, review } = app;
  const refresh = () => {
    review.refresh();
    void commands.executeCommand("setContext", "tagwright.reviewing", queue.counts.tags > 0);
  };
  // One queue is reviewed at a time: who asks for another folder, or again, wants that one.
  let asking: CancellationTokenSource | undefined;
  const suggest = async () => {
    const folder = await pickFolder(l10n.t("Suggest tags for the documents of which folder?"));
    if (folder?.uri.scheme !== "file") {
      const isPassedOver = folder === undefined && (workspace.workspaceFolders ?? []).length > 0;
      if (!isPassedOver) void window.showInformationMessage(l10n.t("Open a folder with documents first."));
      return 0;
    }
    asking?.cancel();
    const source = new CancellationTokenSource();
    asking = source;
    try {
      return await suggestWorkspace(app, folder, refresh, source, () => asking !== source);
    } finally {
      source.dispose();
    }
  };
  const nodesOf = (node: ReviewNode | undefined, nodes: readonly ReviewNode[] | undefined) =>
    nodes ?? (node === undefined ? review.view.selection : [node]);
  return [
    preview,
    commands.registerCommand("tagwright.suggestWorkspace", suggest),
    commands.registerCommand("tagwright.applySuggestions", async () => {
      await preview.close();
      return apply(app, refresh);
    }),
    commands.registerCommand("tagwright.revertBatch", () => revert(app)),
    commands.registerCommand("tagwright.review.showChanges", async (node?: ReviewNode) => {
      const document = (node ?? review.view.selection[0])?.document;
      const current = document && queue.find(document.uri);
      if (current !== undefined) await preview.show(current);
    }),
    commands.registerCommand("tagwright.review.dismiss", (node?: ReviewNode, nodes?: readonly ReviewNode[]) => {
      for (const it of nodesOf(node, nodes)) queue.remove(it.document.uri, it.kind === "tag" ? it.tag.tag : undefined);
      refresh();
    }),
    commands.registerCommand("tagwright.review.toggle", () => {
      for (const it of review.view.selection) {
        const checked = it.kind === "tag" ? it.tag.checked : it.document.tags.every((tag) => tag.checked);
        queue.check(!checked, it.document.uri, it.kind === "tag" ? it.tag.tag : undefined);
      }
      refresh();
    }),
    commands.registerCommand("tagwright.review.checkAll", () => {
      queue.check(true);
      refresh();
    }),
    commands.registerCommand("tagwright.review.uncheckAll", () => {
      queue.check(false);
      refresh();
    }),
    commands.registerCommand("tagwright.review.clear", () => {
      queue.clear();
      refresh();
      return preview.close();
    }),
  ];
}

/** @returns how many suggestions wait for review; none where another command has taken the queue. */
async function suggestWorkspace(
  app: App,
  folder: WorkspaceFolder,
  refresh: () => void,
  source: CancellationTokenSource,
  isOvertaken: () => boolean,
): Promise<number> {
  const { queue, review } = app;
  const settings = workspace.getConfiguration("tagwright", folder.uri);
  const preselect = settings.get("review.preselectProbability", 0.8);
  const minProbability = settings.get("review.minProbability", 0.5);
  const client = await app.client();
  if (isOvertaken()) return 0;
  queue.clear();
  refresh();
  await commands.executeCommand("tagwright.review.focus");
  const options = {
    location: ProgressLocation.Notification,
    title: l10n.t("Suggesting tags for {0}", folder.name),
    cancellable: true,
  };
  const { token } = source;
  const ended = await window.withProgress(options, async (progress, stop) => {
    stop.onCancellationRequested(() => source.cancel());
    let percent = 0;
    return client
      .suggestWorkspace({
        folder: folder.uri,
        minProbability,
        exclude: excludes(folder.uri),
        token,
        onProgress: (documents, done, total) => {
          if (token.isCancellationRequested) return;
          queue.add(documents, preselect);
          if (documents.length > 0) refresh();
          const now = total === 0 ? 0 : (100 * done) / total;
          progress.report({ message: l10n.t("{0} of {1} documents", done, total), increment: now - percent });
          percent = now;
        },
      })
      .catch((error: unknown) => {
        if (!token.isCancellationRequested) app.log.error(`suggesting for ${folder.name}: ${String(error)}`);
        return null;
      });
  });
  if (isOvertaken()) return 0;
  if (ended === null || token.isCancellationRequested) {
    refresh();
    review.refresh(l10n.t("Stopped early."));
    if (!token.isCancellationRequested) void sayWhatEndedIt(app);
    return queue.counts.tags;
  }
  if (ended.state !== "ready") {
    await nextStep(app, ended.state);
    return 0;
  }
  for (const { uri, reason } of ended.skipped) app.log.warn(`${workspace.asRelativePath(Uri.parse(uri))}: ${reason}`);
  refresh();
  const note = ended.skipped.length > 0 ? l10n.t("{0} files could not be read.", ended.skipped.length) : undefined;
  const nothing = l10n.t("No suggestion is likely enough: every document has its tags.");
  review.refresh(queue.counts.tags === 0 ? nothing : note);
  return queue.counts.tags;
}

async function sayWhatEndedIt(app: App): Promise<void> {
  const show = l10n.t("Show Logs");
  const message = l10n.t("The language server did not get through all documents. What it found until then is kept.");
  if ((await window.showWarningMessage(message, show)) === show) app.log.show();
}

/** @returns how many tags were written. */
async function apply(app: App, refresh: () => void): Promise<number> {
  const { queue } = app;
  const { chosen } = queue;
  const first = chosen[0];
  const folder = first && workspace.getWorkspaceFolder(Uri.parse(first.uri));
  if (folder === undefined) {
    void window.showInformationMessage(l10n.t("Check at least one suggested tag first."));
    return 0;
  }
  if (!workspace.isTrusted) {
    await nextStep(app, "restricted");
    return 0;
  }
  const client = await app.client();
  const options = { location: ProgressLocation.Notification, title: l10n.t("Adding tags"), cancellable: true };
  const result = await window.withProgress(options, (progress, token) =>
    applyChosen({
      folder: folder.uri,
      chosen,
      modelId: app.status.modelId(folder.uri),
      client,
      token,
      onProgress: (done) => progress.report({ message: l10n.t("{0} of {1} documents", done, chosen.length) }),
    }),
  );
  const changed = new Set(result.changed);
  for (const { uri, add } of chosen) if (changed.has(uri)) for (const tag of add) queue.remove(uri, tag);
  refresh();
  for (const { uri, reason } of result.problems) app.log.warn(`${workspace.asRelativePath(Uri.parse(uri))}: ${reason}`);
  const message = l10n.t("Added {0} tags to {1} documents.", result.tags, result.changed.length);
  void report(app, message, result.problems.length, l10n.t("Revert"), "tagwright.revertBatch");
  return result.tags;
}

/** @returns how many documents are as they were. */
async function revert(app: App): Promise<number> {
  const folder = await pickFolder(l10n.t("Revert the last batch of which folder?"));
  if (folder === undefined) return 0;
  try {
    const journal = await lastJournal(folder.uri);
    if (journal === undefined) {
      void window.showInformationMessage(l10n.t("There is no batch to revert."));
      return 0;
    }
    const options = { location: ProgressLocation.Notification, title: l10n.t("Reverting the last batch") };
    const { reverted, deleted, conflicts } = await window.withProgress(options, () =>
      revertJournal(folder.uri, journal, l10n.t("Revert suggested tags")),
    );
    for (const { path, reason } of conflicts) app.log.warn(`${path}: ${reason}`);
    for (const path of deleted) app.log.info(`${path}: deleted or moved since`);
    const message =
      deleted.length === 0
        ? l10n.t("Reverted {0} documents.", reverted.length)
        : l10n.t("Reverted {0} documents; {1} were deleted or moved since.", reverted.length, deleted.length);
    void report(app, message, conflicts.length);
    return reverted.length;
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    app.log.error(error.message);
    void report(app, error.message, 1);
    return 0;
  }
}

/** A sentence, with "Show Logs" where something was left out. */
async function report(app: App, message: string, problems: number, button?: string, command?: string): Promise<void> {
  const logs = l10n.t("Show Logs");
  const buttons = [...(button === undefined ? [] : [button]), ...(problems > 0 ? [logs] : [])];
  const answer =
    problems > 0
      ? await window.showWarningMessage(
          l10n.t("{0} {1} could not be changed; the log says why.", message, problems),
          ...buttons,
        )
      : await window.showInformationMessage(message, ...buttons);
  if (answer === logs) app.log.show();
  else if (answer !== undefined && command !== undefined) await commands.executeCommand(command);
}
