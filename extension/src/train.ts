// "Tags: Train Model": the task, and what follows when it ends.
import { commands, l10n, tasks, type Uri, window, workspace } from "vscode";
import type { App } from "./app.ts";
import { pickFolder } from "./documents.ts";
import { createTask, type TrainingOptions, type TrainingOutcome } from "./training/training-task.ts";

export function trainingOptions(app: App): TrainingOptions {
  return { script: app.trainerScript, onEnd: (folder, outcome) => void finish(app, folder, outcome) };
}

/** @returns whether a new model is in use. */
export async function trainModel(app: App, hint?: Uri): Promise<boolean> {
  if (!workspace.isTrusted) {
    const manage = l10n.t("Manage Trust");
    const answer = await window.showInformationMessage(
      l10n.t("Training reads the whole folder, so it needs a trusted workspace."),
      manage,
    );
    if (answer === manage) await commands.executeCommand("workbench.trust.manage");
    return false;
  }
  const folder = await pickFolder(l10n.t("Train on the tagged documents of which folder?"), hint);
  if (folder === undefined || folder.uri.scheme !== "file") {
    const open = l10n.t("Open Sample");
    const answer = await window.showInformationMessage(l10n.t("Open a folder with tagged documents first."), open);
    if (answer === open) await commands.executeCommand("tagwright.openSample");
    return false;
  }
  const running = tasks.taskExecutions.find(
    ({ task }) => task.definition.type === "tagwright" && task.scope === folder,
  );
  if (running !== undefined) {
    void window.showInformationMessage(l10n.t("A training of {0} is running already.", folder.name));
    return false;
  }
  // The trainer reads files: what is only in an editor would be missed.
  await workspace.saveAll(false);
  return new Promise((resolve) => {
    const options: TrainingOptions = {
      script: app.trainerScript,
      onEnd: (uri, outcome) => void finish(app, uri, outcome).then(() => resolve(outcome.code === 0)),
    };
    void tasks.executeTask(createTask(folder, options)).then(undefined, () => resolve(false));
  });
}

/** Swaps the model in, and says what came of it without waiting for an answer. */
async function finish(app: App, folder: Uri, { code, done, error }: TrainingOutcome): Promise<void> {
  if (code === 0) {
    const client = await app.client();
    await client.modelChanged(folder);
    void congratulate(done?.labels ?? 0, done?.documents ?? 0);
  } else if (code !== 130) {
    app.log.error(`training ended with code ${code}: ${error ?? "no reason given"}`);
    void complain(app, error ?? l10n.t("The trainer ended with code {0}.", code));
  }
}

async function congratulate(labels: number, documents: number): Promise<void> {
  const suggest = l10n.t("Suggest for Workspace");
  const message = l10n.t("The model is ready: it learned {0} tags from {1} documents.", labels, documents);
  if ((await window.showInformationMessage(message, suggest)) === suggest)
    await commands.executeCommand("tagwright.suggestWorkspace");
}

async function complain(app: App, reason: string): Promise<void> {
  const show = l10n.t("Show Logs");
  if ((await window.showErrorMessage(l10n.t("No new model: {0}", reason), show)) === show) app.log.show();
}
