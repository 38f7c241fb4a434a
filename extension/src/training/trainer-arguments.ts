// What the trainer is told: what was chosen for a run and the settings of a folder, as flags of `tagwright train`.
import type { EncoderUse } from "./overall-progress.ts";

export interface TrainingRun {
  readonly preset?: "fast" | "best";
  /** A source as `tagwright train --encoder` takes it. Default: none, words only. */
  readonly encoder?: string;
  /** As `tagwright train --engine` takes it. Default: what the settings say. */
  readonly engine?: string;
  /** The encoder stays as it was published. Default: no, it is fine-tuned. */
  readonly freeze?: boolean;
  /** Get the encoder first where it is not here yet. Default: no. */
  readonly download?: boolean;
  /** Go on from the last checkpoint, or do not. Default: where it is one of the same training. */
  readonly resume?: boolean;
}

export interface TrainedFolder {
  /** Path of the documents. */
  readonly corpus: string;
  /** Path of the model. */
  readonly out: string;
  /** Globs of what is left out. */
  readonly excludes: readonly string[];
  /** What the folder's settings say below `tagwright.`. */
  readonly setting: <T>(name: string, otherwise: T) => T;
}

/** One that is fine-tuned takes minutes to hours, with a curve to look at. */
export function encoderUse({ encoder = "none", freeze = false }: TrainingRun): EncoderUse {
  return encoder === "none" ? "none" : freeze ? "frozen" : "tuned";
}

/** Less the trainer does not take; a setting cannot say "0, or 8 and more". */
const fewestPieces = 8;
const leastMemory = 64;

/** Flags of `tagwright train`; what the settings leave open the trainer decides. */
export function trainerArguments({ corpus, out, excludes, setting }: TrainedFolder, run: TrainingRun): string[] {
  const threads = setting("training.threads", 0);
  const minimum = setting("training.minLabelDocuments", 1);
  const limit = setting("training.memoryLimit", 0);
  const batch = setting("training.batch", 0);
  const maxPieces = setting("training.maxPieces", 0);
  const flags = ["train", "--json", "--corpus", corpus, "--out", out];
  flags.push("--encoder", run.encoder ?? "none");
  const use = encoderUse(run);
  if (use !== "none") {
    flags.push("--engine", run.engine ?? setting("training.engine", "auto"));
    if (use === "frozen") flags.push("--freeze");
    if (run.download === true) flags.push("--download");
    if (batch > 0) flags.push("--batch", String(batch));
    if (maxPieces > 0) flags.push("--max-pieces", String(Math.max(fewestPieces, maxPieces)));
    if (run.resume !== undefined) flags.push(run.resume ? "--resume" : "--no-resume");
  }
  flags.push("--preset", run.preset ?? setting("training.preset", "fast"));
  if (threads > 0) flags.push("--threads", String(threads));
  if (limit > 0) flags.push("--memory-limit", String(Math.max(leastMemory, limit)));
  // The trainer would know the folder's own settings only, not the user's or those of a workspace file.
  flags.push(...(excludes.length === 0 ? [""] : excludes).map((it) => `--exclude=${it}`));
  const keys = setting<readonly string[]>("formats.keys", []);
  if (keys.length > 0) flags.push(`--tag-keys=${keys.join(",")}`);
  const inlineTags = setting<string>("formats.inlineTags", "auto");
  if (inlineTags === "on" || inlineTags === "off")
    flags.push(inlineTags === "on" ? "--inline-tags" : "--no-inline-tags");
  if (minimum > 1) flags.push("--min-label-documents", String(minimum));
  return flags;
}
