// The training part of the application: the monitor that every run reports to, the view that shows it, and what the
// buttons of that view do.
import { commands, type Disposable, type Uri } from "vscode";
import type { TrainingChoice } from "./training-choice.ts";
import { createTrainingMonitor, type TrainingMonitor } from "./training-monitor.ts";
import { createTrainingView, type TrainingView } from "./training-view.ts";

interface RunningTraining {
  readonly folder: Uri;
  readonly cancel: () => void;
}

export interface Training extends Disposable {
  readonly monitor: TrainingMonitor;
  readonly view: TrainingView;
  started(run: RunningTraining): void;
  ended(folder: Uri): Promise<void>;
}

/** @param resumable what a stopped run of a folder left to go on from. */
export function createTraining(resumable: (folder: Uri) => Promise<TrainingChoice | undefined>): Training {
  const monitor = createTrainingMonitor();
  let running: RunningTraining | undefined;
  let folder: Uri | undefined;
  let left: TrainingChoice | undefined;
  const train = (choice?: TrainingChoice) => void commands.executeCommand("tagwright.trainModel", folder, choice);
  const view = createTrainingView({
    monitor,
    canResume: () => left !== undefined,
    onAction: (action) => {
      if (action === "cancel") running?.cancel();
      else train(action === "resume" ? left : undefined);
    },
  });
  return {
    monitor,
    view,
    started: (run) => {
      running = run;
      folder = run.folder;
      left = undefined;
    },
    ended: async (of) => {
      // Another may have begun since.
      if (of.toString() !== folder?.toString()) return;
      running = undefined;
      left = await resumable(of);
      view.refresh();
    },
    dispose: () => view.dispose(),
  };
}
