// One bar for a whole run, from the stages that its events name. A run with an encoder goes through the stages of words
// first, to learn which features to take; then come, for each encoder, the levels of fine-tuning and the stages of words
// once more.
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
/** Percent of a run with encoders that are done before the first is tuned. */
const beforeTuning = 8;
/** Share of the work on an encoder that tunes it. */
const tuningShare = 0.78;

/** None: words only. */
export type EncoderUse = "none" | "frozen" | "tuned";

export interface OverallProgress {
  /** Percent of the run that is done, 0 to 100, after this event; never less than before it. */
  after(event: ProgressEvent): number;
}

/** @param use what the run does with an encoder. */
export function overallProgress(use: EncoderUse): OverallProgress {
  const tuned = use === "tuned" ? tuningShare : 0;
  let percent = 0;
  let isTuning = false;
  let level = 0;
  let levels = 1;
  let tuning = 0;
  let hasLevel = false;
  let encoder = 0;
  let encoders = 1;
  const at = (event: Extract<ProgressEvent, { type: "progress" }>): number => {
    const share = event.total > 0 ? Math.min(1, Math.max(0, event.done / event.total)) : 0;
    if (use === "none") return percentOf(words, event.stage, share);
    if (!isTuning) return (beforeTuning * percentOf(words, event.stage, share)) / 100;
    if (event.stage === "tune") tuning = Math.min(1, (level + share) / levels);
    // Between two levels all documents are encoded, too; a resumed run may have none left to tune.
    const isTuned = event.stage !== "tune" && (tuning === 1 || !hasLevel);
    const own = isTuned ? tuned + ((1 - tuned) * percentOf(afterTuning, event.stage, share)) / 100 : tuned * tuning;
    return beforeTuning + ((100 - beforeTuning) * (encoder + own)) / encoders;
  };
  return {
    after(event) {
      if (event.type === "engine") isTuning = true;
      if (event.type === "encoder") {
        encoder = event.encoder;
        encoders = Math.max(1, event.encoders);
        tuning = 0;
        level = 0;
        levels = 1;
        hasLevel = false;
      }
      if (event.type === "level") {
        hasLevel = true;
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
