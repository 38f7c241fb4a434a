// One bar for a whole run, from the stages that its events name. A run with an encoder goes through the stages of words
// first, to learn which features to take; then come the levels of fine-tuning, and the stages of words once more.
import type { ProgressEvent, Stage } from "@tagwright/trainer/progress";

type Shares = Partial<Record<Stage, number>>;

/** Percent that each stage takes, about, in the order of the run. */
const words: Shares = {
  download: 0,
  read: 10,
  features: 20,
  tree: 15,
  ranker: 40,
  calibrate: 5,
  evaluate: 5,
  write: 5,
};
const afterTuning: Shares = { encode: 45, features: 5, tree: 5, ranker: 30, calibrate: 5, evaluate: 5, write: 5 };
/** Percent of a run with an encoder that are done before it is tuned, and after that. */
const beforeTuning = 8;
const tuned = 80;

export interface OverallProgress {
  /** Percent of the run that is done, 0 to 100, after this event; never less than before it. */
  after(event: ProgressEvent): number;
}

/** @param hasEncoder whether the run fine-tunes one. */
export function overallProgress(hasEncoder: boolean): OverallProgress {
  let percent = 0;
  let isTuning = false;
  let level = 0;
  let levels = 1;
  let tuning = 0;
  const at = (event: Extract<ProgressEvent, { type: "progress" }>): number => {
    const share = event.total > 0 ? Math.min(1, Math.max(0, event.done / event.total)) : 0;
    if (!hasEncoder) return percentOf(words, event.stage, share);
    if (!isTuning) return (beforeTuning * percentOf(words, event.stage, share)) / 100;
    if (event.stage === "tune") tuning = Math.min(1, (level + share) / levels);
    // Between two levels all documents are encoded, too.
    if (event.stage === "tune" || tuning < 1) return beforeTuning + (tuned - beforeTuning) * tuning;
    return tuned + ((100 - tuned) * percentOf(afterTuning, event.stage, share)) / 100;
  };
  return {
    after(event) {
      if (event.type === "engine") isTuning = true;
      if (event.type === "level") {
        level = event.level;
        levels = Math.max(1, event.levels);
      }
      if (event.type === "progress") percent = Math.max(percent, Math.round(at(event)));
      return percent;
    },
  };
}

function percentOf(shares: Shares, stage: Stage, share: number): number {
  const stages = Object.entries(shares);
  const position = stages.findIndex(([it]) => it === stage);
  if (position < 0) return 0;
  const before = stages.slice(0, position).reduce((sum, [, it]) => sum + it, 0);
  return before + stages[position]![1] * share;
}
