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

export interface TrainingMonitor {
  /** `resumes`: the curve of the run that was stopped goes on. */
  begin(folder: string, resumes: boolean): void;
  add(event: ProgressEvent): void;
  /** It was asked to stop, and has not yet. */
  stopping(): void;
  end(state: Exclude<TrainingState, "none" | "running" | "stopping">, line: string): void;
  snapshot(): TrainingSnapshot;
  /** Called after each change. @returns what ends it. */
  onChange(listener: () => void): { dispose(): void };
}

export function createTrainingMonitor(): TrainingMonitor {
  const listeners = new Set<() => void>();
  let recorder: CurveRecorder = recordCurve();
  let state: TrainingState = "none";
  let folder = "";
  let line = "";
  let news = { number: 0, text: "" };
  const tell = (text: string) => {
    news = { number: news.number + 1, text };
  };
  const changed = () => {
    for (const it of listeners) it();
  };
  return {
    begin(name, resumes) {
      if (!resumes || name !== folder) recorder = recordCurve();
      state = "running";
      folder = name;
      line = "";
      tell(`Training of ${name} begins.`);
      changed();
    },
    add(event) {
      const isCurve = recorder.add(event);
      const text = describeEvent(event);
      if (event.type === "progress" || event.type === "estimate") line = text ?? line;
      if (event.type === "level" || event.type === "quality") {
        tell([text, describeCurve(recorder.curve())].filter((it) => it !== undefined).join(" "));
      }
      if (isCurve || event.type === "progress" || event.type === "estimate") changed();
    },
    stopping() {
      state = "stopping";
      changed();
    },
    end(outcome, text) {
      state = outcome;
      line = text;
      tell(text);
      changed();
    },
    snapshot: () => ({ state, folder, line, curve: recorder.curve(), news }),
    onChange(listener) {
      listeners.add(listener);
      return { dispose: () => listeners.delete(listener) };
    },
  };
}
