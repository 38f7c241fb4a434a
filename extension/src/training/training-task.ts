// Training as a VS Code task: a terminal with the log, re-runnable from tasks.json, a notification with progress and
// cancel, and a monitor that the plot follows. The trainer itself refuses a second run into the same model folder.
import { totalmem } from "node:os";
import path from "node:path";
import type { ProgressEvent } from "@tagwright/trainer/progress";
import {
  CustomExecution,
  EventEmitter,
  l10n,
  ProgressLocation,
  type Pseudoterminal,
  Task,
  type TaskDefinition,
  TaskGroup,
  type TaskProvider,
  TaskRevealKind,
  TaskScope,
  type Uri,
  type WorkspaceFolder,
  window,
  workspace,
} from "vscode";
import { excludes } from "../documents.ts";
import { describeEvent } from "./describe-progress.ts";
import { inSettings } from "./in-settings.ts";
import { type EncoderUse, overallProgress } from "./overall-progress.ts";
import { encoderUse, type TrainedFolder, type TrainingRun, trainerArguments } from "./trainer-arguments.ts";
import { runTrainer, type TrainerRun } from "./trainer-process.ts";
import type { TrainingMonitor, TrainingReport } from "./training-monitor.ts";

export const taskType = "tagwright";

export interface TrainDefinition extends TaskDefinition, TrainingRun {
  readonly type: typeof taskType;
  readonly action: "train";
}

const longRunSeconds = 600;

export interface TrainingOutcome {
  readonly code: number;
  readonly done: Extract<ProgressEvent, { type: "done" }> | undefined;
  /** Says what failed in terms of settings. */
  readonly error: string | undefined;
  /** One that would help. */
  readonly setting: string | undefined;
  /** Of the whole run, before it learnt. */
  readonly estimate: Extract<ProgressEvent, { type: "estimate" }> | undefined;
}

export interface TrainingOptions {
  /** Absolute path of `dist/tagwright.cjs`. */
  readonly script: string;
  readonly monitor: TrainingMonitor;
  /** Called as soon as a run begins. */
  readonly onStart: (folder: Uri, definition: TrainDefinition, cancel: () => void) => void;
  /** Called after every run, however it ended. */
  readonly onEnd: (folder: Uri, definition: TrainDefinition, outcome: TrainingOutcome) => void;
}

export function createTaskProvider(options: TrainingOptions): TaskProvider {
  return {
    provideTasks: () =>
      (workspace.isTrusted ? (workspace.workspaceFolders ?? []) : []).map((it) => createTask(it, options)),
    resolveTask: (task) => {
      const folder = typeof task.scope === "object" ? task.scope : workspace.workspaceFolders?.[0];
      return folder === undefined ? undefined : createTask(folder, options, task.definition as TrainDefinition);
    },
  };
}

export function createTask(
  folder: WorkspaceFolder,
  options: TrainingOptions,
  definition: TrainDefinition = { type: taskType, action: "train" },
): Task {
  const execution = new CustomExecution(async () => trainingTerminal(folder, definition, options));
  const task = new Task(definition, folder ?? TaskScope.Workspace, l10n.t("Train Model"), "Tags", execution);
  task.group = TaskGroup.Build;
  task.isBackground = false;
  // A terminal that opens when the run ends would cover the plot, which says why it ended as well.
  const reveal = encoderUse(definition) === "tuned" ? TaskRevealKind.Never : TaskRevealKind.Silent;
  task.presentationOptions = { reveal, clear: true };
  task.detail = l10n.t("Learns from the tagged documents of {0}", folder.name);
  return task;
}

function trainingTerminal(
  folder: WorkspaceFolder,
  definition: TrainDefinition,
  options: TrainingOptions,
): Pseudoterminal {
  const written = new EventEmitter<string>();
  const closed = new EventEmitter<number>();
  let run: TrainerRun | undefined;
  let report: TrainingReport | undefined;
  let isStopping = false;
  let isEnded = false;
  const cancel = () => {
    if (run === undefined || isStopping || isEnded) return;
    isStopping = true;
    report?.stopping();
    run.cancel();
  };
  return {
    onDidWrite: written.event,
    onDidClose: closed.event,
    open: () => {
      const print = (line: string) => written.fire(`${line.replace(/\r?\n/gu, "\r\n")}\r\n`);
      let done: TrainingOutcome["done"];
      let error: string | undefined;
      let setting: string | undefined;
      /** In the trainer's own words. */
      let reason: string | undefined;
      let estimate: TrainingOutcome["estimate"];
      let shown: string | undefined;
      const progress = progressNotification(folder, encoderUse(definition), cancel);
      const shownRun = options.monitor.begin(folder.name, definition.resume === true);
      report = shownRun;
      options.onStart(folder.uri, definition, cancel);
      run = runTrainer({
        script: options.script,
        args: trainerArguments(trainedFolder(folder), definition),
        cwd: folder.uri.fsPath,
        // The trainer says the reason of a failure to both its readers.
        onText: (text) => {
          // Nor are its words on how to stop and go on in a shell for this place.
          if (!isStopping && (reason === undefined || !text.includes(reason))) print(text);
        },
        onEvent: (told) => {
          const { event, named } = translated(told);
          if (event.type === "done") done = event;
          if (event.type === "error" && event.code === 130) return;
          if (event.type === "error") [error, setting] = [event.message, named];
          if (told.type === "error") reason = told.message;
          if (event.type === "estimate") {
            estimate = event;
            void warnIfLarge(event, cancel);
          }
          shownRun.add(event);
          progress.report(event);
          const line = describeEvent(event);
          if (line === undefined) return;
          // A stage rewrites its own line; the next stage starts a new one.
          if (event.type !== "progress") print(line);
          else written.fire(shown === event.stage ? `\x1b[1A\x1b[2K\r${line}\r\n` : `${line}\r\n`);
          shown = event.type === "progress" ? event.stage : undefined;
        },
      });
      void run.ended.then((code) => {
        isEnded = true;
        const cancelled = l10n.t("Cancelled; the model is as it was.");
        const failed = l10n.t("The trainer ended with code {0}.", code);
        if (code === 130) print(cancelled);
        else if (code !== 0 && error === undefined) print(failed);
        progress.end();
        if (code === 0) shownRun.end("done", (done && describeEvent(done)) ?? "");
        else if (code === 130) shownRun.end("cancelled", cancelled);
        else shownRun.end("failed", error ?? failed);
        closed.fire(code);
        options.onEnd(folder.uri, definition, { code, done, error, setting, estimate });
      });
    },
    close: cancel,
    handleInput: (data) => {
      if (data === "\x03") cancel();
    },
  };
}

/** An event whose message, where it has one, speaks of settings, and the first one `named`. */
function translated(event: ProgressEvent): { event: ProgressEvent; named: string | undefined } {
  if (event.type !== "error" && event.type !== "log") return { event, named: undefined };
  const { message, setting } = inSettings(event.message, l10n.t("Fine-Tuning: Off"));
  return { event: { ...event, message }, named: setting };
}

/** Long or large runs are worth a question; it may stand unanswered while the training goes on. */
async function warnIfLarge(estimate: Extract<ProgressEvent, { type: "estimate" }>, cancel: () => void): Promise<void> {
  const tooLarge = estimate.memoryBytes > 0.8 * totalmem();
  if (!tooLarge && estimate.seconds < longRunSeconds) return;
  const facts = describeEvent(estimate) ?? "";
  const message = tooLarge
    ? l10n.t("This training may need more memory than this computer has. {0}", facts)
    : l10n.t("This training will take a while. {0}", facts);
  const stop = l10n.t("Cancel Training");
  if ((await window.showWarningMessage(message, stop)) === stop) cancel();
}

function trainedFolder({ uri }: WorkspaceFolder): TrainedFolder {
  const settings = workspace.getConfiguration("tagwright", uri);
  return {
    corpus: uri.fsPath,
    out: modelFolder(uri),
    excludes: excludes(uri),
    setting: (name, otherwise) => settings.get(name, otherwise),
  };
}

/** Where the server looks for the model of a folder. */
export function modelFolder(folder: Uri): string {
  const configured = workspace.getConfiguration("tagwright", folder).get("model.path", "").trim();
  return path.resolve(folder.fsPath, configured === "" ? path.join(".tags", "model") : configured);
}

function progressNotification(folder: WorkspaceFolder, use: EncoderUse, cancel: () => void) {
  const overall = overallProgress(use);
  let finish: () => void = () => undefined;
  let show: ((message: string, percent: number) => void) | undefined;
  let percent = 0;
  const options = {
    location: ProgressLocation.Notification,
    title: l10n.t("Training the tag model of {0}", folder.name),
    cancellable: true,
  };
  void window.withProgress(options, (progress, token) => {
    token.onCancellationRequested(cancel);
    show = (message, to) => {
      progress.report({ message, increment: Math.max(0, to - percent) });
      percent = Math.max(percent, to);
    };
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  return {
    report: (event: ProgressEvent) => {
      const to = overall.after(event);
      const line = describeEvent(event);
      if (line !== undefined && (event.type === "estimate" || event.type === "progress")) show?.(line, to);
    },
    end: () => finish(),
  };
}
