// What kind of model to train: the question that "Tags: Train Model" asks, as data. Remembered for each folder.

import type { FoundCheckpoint } from "./checkpoints.ts";
import { duration } from "./describe-progress.ts";

export interface TrainingChoice {
  /** A source as `tagwright train --encoder` takes it, `none` for words only. */
  readonly encoder: string;
  /** Go on from the checkpoint of the run that was stopped. */
  readonly resume: boolean;
}

export interface ChoiceFacts {
  /** Documents with tags, as far as they were counted. */
  readonly documents: number | undefined;
  /** The encoder that the settings name, and whether it is on this computer; undefined where nobody could tell. */
  readonly encoder: string;
  readonly isEncoderHere: boolean | undefined;
  readonly cores: number;
  /** What was chosen last in this folder. */
  readonly last: TrainingChoice | undefined;
  readonly checkpoint: FoundCheckpoint | undefined;
  /** What the last whole run with this encoder took on this computer. */
  readonly secondsPerDocument: number | undefined;
  readonly now: Date;
}

export interface ChoiceItem {
  readonly choice: TrainingChoice;
  readonly kind: "resume" | "words" | "meaning";
  readonly description: string;
  readonly detail: string;
}

/** Passes over the documents of a whole fine-tuning, forward passes included, about. */
const passes = 10;
/** Documents of 128 word pieces that one core takes a step with in a second. */
const documentsPerCoreSecond = 14;
const secondsPerDocumentOfWords = 0.001;
/** What starting, choosing features and calibrating take at least. */
const leastSeconds = 2;

/** In the order shown; the first is the one that Enter takes. */
export function choiceItems(facts: ChoiceFacts): ChoiceItem[] {
  const { documents, encoder, last, checkpoint, now } = facts;
  const words: ChoiceItem = {
    kind: "words",
    choice: { encoder: "none", resume: false },
    description: documents === undefined ? "seconds to minutes" : about(wordSeconds(documents)),
    detail: "Looks at words alone. Nothing is downloaded.",
  };
  const meaning: ChoiceItem = {
    kind: "meaning",
    choice: { encoder, resume: false },
    description:
      (documents === undefined ? "minutes to hours" : about(meaningSeconds(documents, facts))) + downloadOf(facts),
    detail: "Also sees that texts say the same in other words. Your documents stay on this computer.",
  };
  const kinds = last !== undefined && last.encoder !== "none" ? [meaning, words] : [words, meaning];
  if (checkpoint === undefined) return kinds;
  const where =
    (checkpoint.encoder === undefined ? "" : `encoder ${checkpoint.encoder}, `) +
    (checkpoint.level === undefined
      ? "fine-tuning is complete"
      : `level ${checkpoint.level + 1}, step ${checkpoint.step}`);
  const resumed = last === undefined || last.encoder === "none" ? encoder : last.encoder;
  const resume: ChoiceItem = {
    kind: "resume",
    choice: { encoder: resumed, resume: true },
    description: where,
    detail: `Goes on from the checkpoint of ${ago(checkpoint.writtenAt, now)}. The others start anew and remove it.`,
  };
  return [resume, ...kinds];
}

/** What choosing it agrees to: in the line that is never cut off. */
function downloadOf({ encoder, isEncoderHere }: ChoiceFacts): string {
  if (isEncoderHere === true) return ", nothing to download";
  const what = encoder === "all-MiniLM-L6-v2" ? "about 90 MB" : "the encoder";
  return `, downloads ${what} once${isEncoderHere === undefined ? " if not here yet" : ""}`;
}

/** A choice that was remembered, or given by another program; undefined for anything else. */
export function parseChoice(value: unknown): TrainingChoice | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { encoder, resume } = value as { encoder?: unknown; resume?: unknown };
  return typeof encoder === "string" && encoder !== "" ? { encoder, resume: resume === true } : undefined;
}

function wordSeconds(documents: number): number {
  return leastSeconds + documents * secondsPerDocumentOfWords;
}

function meaningSeconds(documents: number, { cores, secondsPerDocument }: ChoiceFacts): number {
  if (secondsPerDocument !== undefined) return documents * secondsPerDocument;
  return wordSeconds(documents) + (documents * passes) / (cores * documentsPerCoreSecond);
}

function about(seconds: number): string {
  return `about ${duration(Math.max(1, seconds))}`;
}

function ago(then: Date, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - then.getTime()) / 1000);
  return seconds < 60 ? "a moment ago" : `${duration(seconds)} ago`;
}
