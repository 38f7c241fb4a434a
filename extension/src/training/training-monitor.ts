// What is known of the training that runs or ran last, for whoever shows it: its state, its newest line and its curve.
import type { ProgressEvent } from "@tagwright/trainer/progress";
import { type Curve, type CurveRecorder, recordCurve } from "./curve.ts";
import { describeCurve } from "./describe-curve.ts";
import { describeEvent } from "./describe-progress.ts";

export type TrainingState = "none" | "running" | "stopping" | "done" | "cancelled" | "failed";

export interface TrainingSnapshot {
  readonly state: TrainingState;
  /** Of the folder that is learned from. */
  readonly folder: string;
  /** The newest progress, outcome or reason. */
  readonly line: string;
  readonly curve: Curve;
  /** What a listener should hear of, once: a level, a figure, the end. Counts up with each new one. */
  readonly news: { readonly number: number; readonly text: string };
}

/** What one training tells. Of several that run at once the one that began last is shown, and the others are not heard. */
export interface TrainingReport {
  add(event: ProgressEvent): void;
  /** It was asked to stop, and has not yet. */
  stopping(): void;
  end(state: Exclude<TrainingState, "none" | "running" | "stopping">, line: string): void;
}

export interface TrainingMonitor {
  /** `resumes`: the curve of the run that was stopped goes on. */
  begin(folder: string, resumes: boolean): TrainingReport;
  snapshot(): TrainingSnapshot;
  /** Called after each change. @returns what ends it. */
  onChange(listener: () => void): { dispose(): void };
}

export function createTrainingMonitor(): TrainingMonitor {
  const listeners = new Set<() => void>();
  let recorder: CurveRecorder = recordCurve();
  let state: TrainingState = "none";
  let folder = "";
  let begun = 0;
  let line = "";
  let news = { number: 0, text: "" };
  const tell = (text: string) => {
    news = { number: news.number + 1, text };
  };
  const changed = () => {
    for (const it of listeners) it();
  };
  const add: TrainingReport["add"] = (event) => {
    const isCurve = recorder.add(event);
    const text = describeEvent(event);
    if (event.type === "progress" || event.type === "estimate") line = text ?? line;
    if (event.type === "level" || event.type === "quality") {
      tell([text, describeCurve(recorder.curve())].filter((it) => it !== undefined).join(" "));
    }
    if (isCurve || event.type === "progress" || event.type === "estimate") changed();
  };
  const stopping = () => {
    state = "stopping";
    changed();
  };
  const end: TrainingReport["end"] = (outcome, text) => {
    state = outcome;
    line = text;
    tell(text);
    changed();
  };
  return {
    begin(name, resumes) {
      begun++;
      const own = begun;
      const isShown = () => own === begun;
      if (!resumes || name !== folder) recorder = recordCurve();
      state = "running";
      folder = name;
      line = "";
      tell(`Training of ${name} begins.`);
      changed();
      return {
        add: (event) => {
          if (isShown()) add(event);
        },
        stopping: () => {
          if (isShown()) stopping();
        },
        end: (outcome, text) => {
          if (isShown()) end(outcome, text);
        },
      };
    },
    snapshot: () => ({ state, folder, line, curve: recorder.curve(), news }),
    onChange(listener) {
      listeners.add(listener);
      return { dispose: () => listeners.delete(listener) };
    },
  };
}
