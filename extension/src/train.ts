// "Tags: Train Model": the question what kind of model, the task, and what follows when it ends.
import { availableParallelism } from "node:os";
import {
  commands,
  l10n,
  type QuickPickItem,
  QuickPickItemKind,
  type TaskExecution,
  tasks,
  type Uri,
  type WorkspaceFolder,
  window,
  workspace,
} from "vscode";
import type { App } from "./app.ts";
import { pickFolder } from "./documents.ts";
import { findCheckpoint } from "./training/checkpoints.ts";
import { isEncoderHere } from "./training/encoders.ts";
import { type ChoiceItem, choiceItems, parseChoice, type TrainingChoice } from "./training/training-choice.ts";
import {
  createTask,
  hasEncoder,
  modelFolder,
  type TrainDefinition,
  type TrainingOptions,
  type TrainingOutcome,
  taskType,
} from "./training/training-task.ts";

const lastChoice = "training.lastChoice";
const lastSpeed = "training.secondsPerDocument";

/** For tasks that start elsewhere, from tasks.json say; a command's task has an end of its own. */
export function trainingOptions(app: App, onFinish: (isReady: boolean) => void = () => undefined): TrainingOptions {
  let started: TrainDefinition | undefined;
  return {
    script: app.trainerScript,
    monitor: app.training.monitor,
    onStart: (folder, definition, cancel) => {
      started = definition;
      app.training.started({ folder, cancel });
      if (hasEncoder(definition)) void app.training.view.reveal();
    },
    onEnd: (folder, outcome) => {
      if (started !== undefined) void rememberSpeed(app, started, outcome);
      void finish(app, folder, outcome).then(() => onFinish(outcome.code === 0));
    },
  };
}

/** @param given what is not to be asked. @returns whether a new model is in use. */
export async function trainModel(app: App, hint?: Uri, given?: TrainingChoice): Promise<boolean> {
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
  if (isTraining(folder)) {
    void window.showInformationMessage(l10n.t("A training of {0} is running already.", folder.name));
    return false;
  }
  const choice = given ?? (await chooseKind(app, folder));
  // The question may have stood for an hour.
  if (choice === undefined || isTraining(folder)) return false;
  await app.context.workspaceState.update(`${lastChoice} ${folder.uri.toString()}`, choice);
  // The trainer reads files: what is only in an editor would be missed.
  await workspace.saveAll(false);
  return new Promise((resolve) => {
    const definition: TrainDefinition = {
      type: taskType,
      action: "train",
      encoder: choice.encoder,
      // The question said so.
      ...(choice.encoder !== "none" && { download: true }),
      ...(choice.encoder !== "none" && { resume: choice.resume }),
    };
    const task = createTask(folder, trainingOptions(app, resolve), definition);
    void tasks.executeTask(task).then(undefined, () => resolve(false));
  });
}

/** What a stopped run of `folder` left, with the encoder that it was chosen with; undefined where there is nothing. */
export async function resumable(app: App, folder: Uri): Promise<TrainingChoice | undefined> {
  const checkpoint = await findCheckpoint(modelFolder(folder));
  if (checkpoint === undefined) return undefined;
  const last = parseChoice(app.context.workspaceState.get(`${lastChoice} ${folder.toString()}`));
  return last?.encoder === "none" ? undefined : { encoder: last?.encoder ?? encoderOf(folder), resume: true };
}

function isTraining(folder: WorkspaceFolder): boolean {
  const runs = (it: TaskExecution) => it.task.definition.type === taskType && it.task.scope === folder;
  return tasks.taskExecutions.some(runs);
}

async function chooseKind(app: App, { uri }: WorkspaceFolder): Promise<TrainingChoice | undefined> {
  const { workspaceState, globalState } = app.context;
  const encoder = encoderOf(uri);
  const [isHere, checkpoint] = await Promise.all([
    isEncoderHere(app.trainerScript, encoder, uri.fsPath),
    findCheckpoint(modelFolder(uri)),
  ]);
  const items = choiceItems({
    documents: app.status.documents(uri),
    encoder,
    isEncoderHere: isHere,
    cores: availableParallelism(),
    last: parseChoice(workspaceState.get(`${lastChoice} ${uri.toString()}`)),
    checkpoint,
    secondsPerDocument: globalState.get<number>(`${lastSpeed} ${encoder}`),
    now: new Date(),
  });
  const picks: (QuickPickItem & { readonly choice?: TrainingChoice })[] = items.map((it) => ({
    label: labelOf(it),
    description: it.description,
    detail: it.detail,
    choice: it.choice,
  }));
  if (items[0]?.kind === "resume") {
    picks.splice(1, 0, { label: l10n.t("Start anew"), kind: QuickPickItemKind.Separator });
  }
  const picked = await window.showQuickPick(picks, {
    title: l10n.t("Train Model"),
    placeHolder: l10n.t("What kind of model? All of it is trained and kept on this computer."),
    matchOnDescription: true,
  });
  return picked?.choice;
}

function labelOf({ kind, choice }: ChoiceItem): string {
  switch (kind) {
    case "resume":
      return `$(debug-continue) ${l10n.t("Resume the training that was stopped")}`;
    case "words":
      return `$(zap) ${l10n.t("Fast, words only")}`;
    case "meaning":
      return `$(sparkle) ${l10n.t("With meaning (fine-tuned {0})", choice.encoder)}`;
    default:
      return kind satisfies never;
  }
}

function encoderOf(folder: Uri): string {
  const configured = workspace.getConfiguration("tagwright", folder).get("training.encoder", "").trim();
  return configured === "" ? "all-MiniLM-L6-v2" : configured;
}

/** So that the next question says what this computer takes, and not what some computer would. */
async function rememberSpeed(app: App, definition: TrainDefinition, { done }: TrainingOutcome): Promise<void> {
  if (!hasEncoder(definition) || definition.resume === true || done === undefined || done.documents === 0) return;
  await app.context.globalState.update(`${lastSpeed} ${definition.encoder}`, done.seconds / done.documents);
}

/** Swaps the model in, and says what came of it without waiting for an answer. */
async function finish(app: App, folder: Uri, { code, done, error }: TrainingOutcome): Promise<void> {
  await app.training.ended(folder);
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
