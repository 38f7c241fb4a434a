// "Tags: Train Model": the question what kind of model, the task, and what follows when it ends.
import { commands, l10n, type TaskExecution, tasks, type Uri, type WorkspaceFolder, window, workspace } from "vscode";
import type { App } from "./app.ts";
import { pickFolder } from "./documents.ts";
import { askTraining } from "./training/ask-training.ts";
import { findCheckpoint } from "./training/checkpoints.ts";
import { defaultEncoder } from "./training/encoders.ts";
import { encoderUse } from "./training/trainer-arguments.ts";
import { parseChoice, type TrainingChoice } from "./training/training-choice.ts";
import {
  createTask,
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
  return {
    script: app.trainerScript,
    monitor: app.training.monitor,
    onStart: (folder, definition, cancel) => {
      app.training.started({ folder, cancel });
      const { encoder = "none", engine, freeze, resume = false } = definition;
      void app.context.workspaceState.update(choiceKey(folder), { encoder, engine, freeze, resume });
      if (encoderUse(definition) === "tuned") void app.training.view.reveal();
    },
    onEnd: (folder, definition, outcome) => {
      void rememberSpeed(app, folder, definition, outcome);
      void finish(app, folder, definition, outcome)
        .catch((error: unknown) => app.log.error(`after a training: ${String(error)}`))
        .then(() => onFinish(outcome.code === 0));
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
  const choice = given ?? (await ask(app, folder));
  // The question may have stood for an hour.
  if (choice === undefined || isTraining(folder)) return false;
  // The trainer reads files: what is only in an editor would be missed.
  await workspace.saveAll(false);
  return new Promise((resolve) => {
    const definition: TrainDefinition = {
      type: taskType,
      action: "train",
      encoder: choice.encoder,
      ...(choice.engine !== undefined && { engine: choice.engine }),
      ...(choice.freeze === true && { freeze: true }),
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
  const last = parseChoice(app.context.workspaceState.get(choiceKey(folder)));
  return last?.encoder === "none" ? undefined : { encoder: encoderOf(folder), ...last, resume: true };
}

function isTraining(folder: WorkspaceFolder): boolean {
  const runs = (it: TaskExecution) => it.task.definition.type === taskType && it.task.scope === folder;
  return tasks.taskExecutions.some(runs);
}

async function ask(app: App, { uri }: WorkspaceFolder): Promise<TrainingChoice | undefined> {
  const { workspaceState, globalState } = app.context;
  const preset = presetOf(uri);
  return askTraining({
    folder: uri,
    script: app.trainerScript,
    documents: app.status.documents(uri),
    encoder: encoderOf(uri),
    engine: engineOf(uri),
    preset,
    last: parseChoice(workspaceState.get(choiceKey(uri))),
    checkpoint: await findCheckpoint(modelFolder(uri)),
    secondsPerDocument: (...how) => globalState.get<number>(speedKey(preset, ...how)),
  });
}

function encoderOf(folder: Uri): string {
  const configured = workspace.getConfiguration("tagwright", folder).get("training.encoder", "").trim();
  return configured === "" ? defaultEncoder : configured;
}

function engineOf(folder: Uri): string {
  return workspace.getConfiguration("tagwright", folder).get("training.engine", "auto");
}

function presetOf(folder: Uri): string {
  return workspace.getConfiguration("tagwright", folder).get("training.preset", "fast");
}

function choiceKey(folder: Uri): string {
  return `${lastChoice} ${folder.toString()}`;
}

function speedKey(preset: string, encoder: string, engine: string, freeze: boolean): string {
  return `${lastSpeed} ${encoder} ${engine}${freeze ? " frozen" : ""}${preset === "fast" ? "" : ` ${preset}`}`;
}

/** So that the next question says what this computer takes, and not what some computer would. */
async function rememberSpeed(
  app: App,
  folder: Uri,
  definition: TrainDefinition,
  outcome: TrainingOutcome,
): Promise<void> {
  const { done, estimate } = outcome;
  const { encoder = "none", engine = engineOf(folder), freeze = false, preset = presetOf(folder) } = definition;
  if (encoder === "none") return;
  const key = speedKey(preset, encoder, engine, freeze);
  const { globalState } = app.context;
  const isWhole = done !== undefined && definition.resume !== true;
  const known = isWhole ? done : globalState.get(key) === undefined ? estimate : undefined;
  if (known !== undefined && known.documents > 0) await globalState.update(key, known.seconds / known.documents);
}

/** Swaps the model in, and says what came of it without waiting for an answer. */
async function finish(
  app: App,
  folder: Uri,
  definition: TrainDefinition,
  { code, done, error, setting }: TrainingOutcome,
): Promise<void> {
  await app.training.ended(folder);
  if (code === 0) {
    // A server that is not there finds the new model when it starts.
    const told = app.client().then((it) => it.modelChanged(folder));
    await told.catch((error: unknown) => app.log.error(`the server was not told of the new model: ${String(error)}`));
    void congratulate(done?.labels ?? 0, done?.documents ?? 0);
  } else if (code !== 130) {
    app.log.error(`training ended with code ${code}: ${error ?? "no reason given"}`);
    const reason = error ?? l10n.t("The trainer ended with code {0}.", code);
    void complain(app, folder, definition, { code, reason, setting });
  }
}

async function congratulate(labels: number, documents: number): Promise<void> {
  const suggest = l10n.t("Suggest for Workspace");
  const message = l10n.t("The model is ready: it learned {0} tags from {1} documents.", labels, documents);
  if ((await window.showInformationMessage(message, suggest)) === suggest)
    await commands.executeCommand("tagwright.suggestWorkspace");
}

/** Exit codes of the trainer, as its `ExitCode` says them. */
const badInput = 3;
const busy = 5;

async function complain(
  app: App,
  folder: Uri,
  definition: TrainDefinition,
  { code, reason, setting }: { code: number; reason: string; setting: string | undefined },
): Promise<void> {
  const settings = l10n.t("Open Settings");
  const show = l10n.t("Show Logs");
  const again = (label: string, resume = definition.resume === true) => ({
    label,
    choice: { encoder: "none", ...definition, resume },
  });
  let offer: ReturnType<typeof again> | undefined;
  if (code === busy) offer = again(l10n.t("Try Again"));
  // Documents that were edited since make it another training.
  if (code === badInput && definition.resume === true) offer = again(l10n.t("Start Anew"), false);
  const labels = [...(offer === undefined ? [] : [offer.label]), ...(setting === undefined ? [] : [settings]), show];
  const answer = await window.showErrorMessage(l10n.t("No new model: {0}", reason), ...labels);
  if (answer === undefined) return;
  if (answer === show) app.log.show();
  else if (answer === settings)
    await commands.executeCommand("workbench.action.openWorkspaceSettings", { query: setting });
  else await commands.executeCommand("tagwright.trainModel", folder, offer?.choice);
}
