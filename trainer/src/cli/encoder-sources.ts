// The encoders that a command line names: none, one, several, or one with several seeds.
import { statSync } from "node:fs";
import { maxEncoders } from "@tagwright/model/internals";
import type { PretrainedEncoder } from "../encoder/source/pretrained.ts";
import { resolveEncoder } from "../encoder/source/resolve.ts";
import { createMeter } from "../meter.ts";
import type { TrainOptions } from "../train.ts";
import { UsageError } from "./exit-codes.ts";
import type { CommandContext } from "./run-command.ts";

export interface EncoderChoices
  extends Pick<TrainOptions, "engine" | "freeze" | "schedule" | "batch" | "maxPieces" | "passages" | "keepAll"> {
  /** As after `--encoder`. */
  readonly encoder: string;
  readonly encoderSeeds?: number;
  readonly combine?: string;
  readonly download?: boolean;
}

/** One source an encoder of the model. @throws UsageError where the choices do not go together. */
export function encoderSources(choices: EncoderChoices): string[] {
  const { encoder, encoderSeeds, combine = "auto", freeze = false } = choices;
  const named = encoder === "none" ? [] : isFolder(encoder) ? [encoder] : encoder.split(",").map((it) => it.trim());
  if (named.some((it) => it === "" || it === "none"))
    throw new UsageError(
      `--encoder: encoders separated by commas expected, "${encoder}" found; name each, none of them none`,
    );
  if (encoderSeeds !== undefined && named.length !== 1)
    throw new UsageError(
      `--encoder-seeds: one encoder expected, ${named.length} named by --encoder; name one, or leave it out`,
    );
  const sources = named.flatMap((it) => Array<string>(encoderSeeds ?? 1).fill(it));
  if (sources.length > maxEncoders)
    throw new UsageError(`--encoder: ${maxEncoders} encoders at most expected, ${sources.length} found; name fewer`);
  if (sources.length < 2 && combine !== "auto")
    throw new UsageError(`--combine: several encoders expected, ${sources.length} found; leave it out`);
  const idle = sources.length === 0 ? flagOfAnEncoder(choices) : undefined;
  if (idle !== undefined)
    throw new UsageError(`${idle}: an encoder expected, none named by --encoder; name one, or leave it out`);
  if (freeze && new Set(sources).size < sources.length)
    throw new UsageError(
      "--freeze: different encoders expected, the same one more than once found; seeds do not change it",
    );
  return sources;
}

/** The first flag that speaks of an encoder and nothing else. */
function flagOfAnEncoder(choices: EncoderChoices): string | undefined {
  const { download, engine = "auto", freeze, schedule, batch, maxPieces, passages, keepAll } = choices;
  const given: Readonly<Record<string, boolean>> = {
    "--download": download === true,
    "--engine": engine !== "auto",
    "--freeze": freeze === true,
    "--schedule": schedule !== undefined,
    "--batch": batch !== undefined,
    "--max-pieces": maxPieces !== undefined,
    "--passages": passages !== undefined,
    "--keep-all": keepAll === true,
  };
  return Object.keys(given).find((flag) => given[flag]);
}

/** Each source is read once. Nothing is fetched unless `download` asks for it; without it, the error says how to get it. */
export async function openEncoders(
  sources: readonly string[],
  download: boolean,
  { signal, view }: Pick<CommandContext, "signal" | "view">,
): Promise<PretrainedEncoder[]> {
  const onProgress = createMeter("download", "bytes", (event) => view.event(event));
  const options = { allowNetwork: download, signal, onProgress, onMessage: (it: string) => view.info(it) };
  const opened = new Map<string, PretrainedEncoder>();
  for (const source of new Set(sources)) opened.set(source, await resolveEncoder(source, options));
  return sources.map((it) => opened.get(it)!);
}

function isFolder(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
}
