// What kind of model to train: the questions that "Tags: Train Model" asks, as data. Remembered for each folder.

import type { FoundCheckpoint } from "./checkpoints.ts";
import { duration } from "./describe-progress.ts";
import { type EncoderHere, encoderName, offeredEncoders } from "./encoders.ts";
import { allEngines, type EngineHere, engineTitle } from "./engines.ts";

export interface TrainingChoice {
  /** A source as `tagwright train --encoder` takes it, `none` for words only. */
  readonly encoder: string;
  /** As `tagwright train --engine` takes it; undefined: what the settings say. */
  readonly engine?: string | undefined;
  /** The encoder stays as it was published. Default: no, it is fine-tuned. */
  readonly freeze?: boolean | undefined;
  /** Go on from the checkpoint of the run that was stopped. */
  readonly resume: boolean;
}

/** What a training with one encoder on one engine would take. */
export interface MeaningFacts {
  /** Documents with tags, as far as they were counted. */
  readonly documents: number | undefined;
  readonly encoder: string;
  readonly engine: string;
  readonly freeze: boolean;
  readonly preset: string;
  /** Whether the encoder is on this computer; undefined where nobody could tell. */
  readonly isEncoderHere: boolean | undefined;
  /** What a step costs beside one of the default encoder; undefined where its size is not known. */
  readonly cost: number | undefined;
  /** What the last training with this encoder and engine took on this computer, or was estimated to take. */
  readonly secondsPerDocument: number | undefined;
  readonly cores: number;
}

export interface ChoiceFacts {
  /** With the encoder and engine that the settings name. */
  readonly meaning: MeaningFacts;
  /** What was chosen last in this folder. */
  readonly last: TrainingChoice | undefined;
  readonly checkpoint: FoundCheckpoint | undefined;
  readonly now: Date;
}

interface ChoiceItem {
  readonly choice: TrainingChoice;
  readonly kind: "resume" | "words" | "meaning";
  readonly description: string;
  readonly detail: string;
}

/** Passes over the documents of a whole fine-tuning, forward passes included, about. */
const passes = 6;
/** So many documents are learnt twice with the preset `best`, as the trainer's recipe says. */
const twiceUpTo = 5000;
/** The same of an encoder that is not fine-tuned: long texts are read in two passages, forward only. */
const frozenPasses = 0.7;
/** So many are read at least: a small corpus is read more often. */
const fewestDocuments = 1600;
/** Documents of 128 word pieces that one core takes a step with in a second, with the default encoder. */
const documentsPerCoreSecond = 9;
const secondsPerDocumentOfWords = 0.001;
/** What starting, choosing features and calibrating take at least. */
const leastSeconds = 2;

/** In the order shown; the first is the one that Enter takes. */
export function choiceItems({ meaning: facts, last, checkpoint, now }: ChoiceFacts): ChoiceItem[] {
  const { documents, encoder, engine, freeze } = facts;
  const words: ChoiceItem = {
    kind: "words",
    choice: { encoder: "none", resume: false },
    description: documents === undefined ? "seconds to minutes" : about(wordSeconds(documents)),
    detail: "Looks at words alone. Nothing is downloaded.",
  };
  const meaning: ChoiceItem = {
    kind: "meaning",
    choice: { encoder, engine, ...(freeze && { freeze }), resume: false },
    description: whatMeaningTakes(facts),
    detail: `${freeze ? "Reads with" : "Fine-tunes"} ${encoderName(encoder)}: also sees that texts say the same in other words. Your documents stay on this computer.`,
  };
  const kinds = last !== undefined && last.encoder !== "none" ? [meaning, words] : [words, meaning];
  if (checkpoint === undefined) return kinds;
  const where =
    (checkpoint.encoder === undefined ? "" : `encoder ${checkpoint.encoder}, `) +
    (checkpoint.isAgain && checkpoint.level !== undefined ? "once more, " : "") +
    (checkpoint.level === undefined
      ? "fine-tuning is complete"
      : `level ${checkpoint.level + 1}, step ${checkpoint.step}`);
  const before = last === undefined || last.encoder === "none" ? meaning.choice : last;
  const resume: ChoiceItem = {
    kind: "resume",
    choice: { ...before, resume: true },
    description: where,
    detail: `Goes on with ${encoderName(before.encoder)} from the checkpoint of ${ago(checkpoint.writtenAt, now)}.`,
  };
  return [resume, ...kinds];
}

/** Time and download, in the line that is never cut off: choosing it agrees to both. */
export function whatMeaningTakes(facts: MeaningFacts): string {
  return `${timeOf(facts)}, ${downloadOf(facts)}`;
}

/** The encoder's line. */
export function whereEncoderIs({ encoder, isEncoderHere }: Pick<MeaningFacts, "encoder" | "isEncoderHere">): string {
  return isEncoderHere === true ? "on this computer" : downloadOf({ encoder, isEncoderHere });
}

export interface EncoderItem {
  readonly encoder: string;
  readonly description: string;
  /** Of those that are offered. */
  readonly about?: string;
}

/** Encoders to choose from: what settings and the last training named, those that are here, and those that are offered. */
export function encoderItems(
  here: readonly EncoderHere[] | undefined,
  configured: string,
  last: TrainingChoice | undefined,
  isHere: (encoder: string) => boolean | undefined,
): EncoderItem[] {
  const lastOne = last === undefined || last.encoder === "none" ? [] : [last.encoder];
  const all = new Set([
    configured,
    ...lastOne,
    ...(here ?? []).map((it) => it.source),
    ...offeredEncoders.map((it) => it.source),
  ]);
  return [...all].map((encoder) => {
    const size = here?.find((it) => it.source === encoder)?.bytes ?? 0;
    const about = offeredEncoders.find((it) => it.source === encoder)?.about;
    const parts = [
      whereEncoderIs({ encoder, isEncoderHere: isHere(encoder) }),
      ...(size > 0 ? [`${Math.max(1, Math.round(size / 1e6))} MB`] : []),
      ...(encoder === configured ? ["from the settings"] : lastOne.includes(encoder) ? ["used last"] : []),
    ];
    return { encoder, description: parts.join(", "), ...(about !== undefined && { about }) };
  });
}

export interface EngineItem extends EngineHere {
  readonly title: string;
}

/** Engines to choose from, those that can be used first. */
export function engineItems(engines: readonly EngineHere[] = allEngines): EngineItem[] {
  const auto = { name: "auto", about: "the fastest that works here, after a short trial", isHere: true };
  const sorted = [auto, ...engines.filter((it) => it.isHere), ...engines.filter((it) => !it.isHere)];
  return sorted.map((it) => ({ ...it, title: engineTitle(it.name) }));
}

/** A choice that was remembered, or given by another program; undefined for anything else. */
export function parseChoice(value: unknown): TrainingChoice | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { encoder, engine, freeze, resume } = value as Record<string, unknown>;
  if (typeof encoder !== "string" || encoder === "") return undefined;
  const more = { ...(typeof engine === "string" && { engine }), ...(freeze === true && { freeze }) };
  return { encoder, ...more, resume: resume === true };
}

function timeOf(facts: MeaningFacts): string {
  const { documents, freeze, preset, cores, cost, secondsPerDocument } = facts;
  if (documents === undefined) return "minutes to hours";
  if (secondsPerDocument !== undefined) return about(documents * secondsPerDocument);
  // What a graphics card makes of it only its trial will tell.
  if (cost === undefined) return "minutes to hours";
  const times = preset === "best" && documents <= twiceUpTo ? 2 : 1;
  const read = freeze ? documents * frozenPasses : times * Math.max(documents * passes, fewestDocuments);
  return about(wordSeconds(documents) + (read * cost) / (cores * documentsPerCoreSecond));
}

function downloadOf({ encoder, isEncoderHere }: Pick<MeaningFacts, "encoder" | "isEncoderHere">): string {
  if (isEncoderHere === true) return "nothing to download";
  const bytes = offeredEncoders.find((it) => it.source === encoder)?.bytes;
  const what = bytes === undefined ? "the encoder" : `about ${Math.round(bytes / 1e7) * 10} MB`;
  return `downloads ${what} once${isEncoderHere === undefined ? " if not here yet" : ""}`;
}

function wordSeconds(documents: number): number {
  return leastSeconds + documents * secondsPerDocumentOfWords;
}

function about(seconds: number): string {
  return `about ${duration(Math.max(1, seconds))}`;
}

function ago(then: Date, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - then.getTime()) / 1000);
  return seconds < 60 ? "a moment ago" : `${duration(seconds)} ago`;
}
