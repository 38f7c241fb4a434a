// Which pre-trained encoders are on this computer, and how large one is: what the question before a training says of them.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { askTrainer } from "./ask-trainer.ts";

export const defaultEncoder = "all-MiniLM-L6-v2";

/** An encoder that is offered before anybody names it. */
export interface OfferedEncoder {
  /** As `tagwright train --encoder` takes it. */
  readonly source: string;
  /** Of the download. */
  readonly bytes: number;
  /** What a step costs beside one of the default encoder. */
  readonly cost: number;
  readonly about: string;
}

/** The default one, one for other languages than English, and one that is larger. */
export const offeredEncoders: readonly OfferedEncoder[] = [
  { source: defaultEncoder, bytes: 91e6, cost: 1, about: "English, the quickest" },
  {
    source: "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
    bytes: 480e6,
    cost: 2,
    about: "50 languages, half as quick",
  },
  {
    source: "sentence-transformers/all-mpnet-base-v2",
    bytes: 439e6,
    cost: 8,
    about: "English, larger, an eighth as quick",
  },
];

export interface EncoderHere {
  /** As `tagwright train --encoder` takes it. */
  readonly source: string;
  readonly folder: string;
  /** Of all its files; 0 where that was not said. */
  readonly bytes: number;
}

/** Those that were downloaded; undefined where the trainer does not answer in time. */
export async function listEncoders(script: string, cwd: string): Promise<EncoderHere[] | undefined> {
  return parseEncoders(await askTrainer(script, ["encoder", "list", "--json"], cwd));
}

/** @param answer what `tagwright encoder list --json` prints; undefined comes back where it is something else. */
export function parseEncoders(answer: unknown): EncoderHere[] | undefined {
  const { encoders } = (answer ?? {}) as { encoders?: unknown };
  if (!Array.isArray(encoders)) return undefined;
  return encoders.flatMap((it: Record<string, unknown> | null) => {
    const { source, folder, files } = it ?? {};
    if (typeof source !== "string" || typeof folder !== "string") return [];
    const sizes = Object.values((files ?? {}) as Record<string, { bytes?: unknown } | null>).map((file) => file?.bytes);
    const bytes = sizes.reduce<number>((sum, size) => sum + (Number.isFinite(size) ? (size as number) : 0), 0);
    return [{ source, folder, bytes }];
  });
}

/** Whether `encoder` can be used without a download; undefined where nobody could tell. */
export function isEncoderHere(
  encoder: string,
  here: readonly EncoderHere[] | undefined,
  cwd: string,
): boolean | undefined {
  const others = namesIn(encoder, cwd).filter((it) => !isFolder(it, cwd));
  if (others.length === 0) return true;
  return here && others.every((name) => here.some((it) => it.source === name));
}

/** What a step costs, beside one of the default encoder; of several, all together. Undefined where it is not here. */
export async function costOf(
  encoder: string,
  here: readonly EncoderHere[] | undefined,
  cwd: string,
): Promise<number | undefined> {
  const costs = await Promise.all(
    namesIn(encoder, cwd).map((name) => {
      const folder = isFolder(name, cwd) ? path.resolve(cwd, name) : here?.find((it) => it.source === name)?.folder;
      return folder === undefined ? offeredEncoders.find((it) => it.source === name)?.cost : costOfFolder(folder);
    }),
  );
  return costs.reduce((sum, it) => (sum === undefined || it === undefined ? undefined : sum + it), 0);
}

/** For people: of a folder its name, and of what is offered the part after its organisation. */
export function encoderName(encoder: string): string {
  const isOffered = offeredEncoders.some((it) => it.source === encoder);
  return isOffered || path.isAbsolute(encoder) || encoder.startsWith(".") ? path.basename(encoder) : encoder;
}

/** Products of matrices take most of the time: so many layers, each as the square of its width. */
async function costOfFolder(folder: string): Promise<number | undefined> {
  try {
    const config = JSON.parse(await readFile(path.join(folder, "config.json"), "utf8")) as Record<string, unknown>;
    const layers = config["num_hidden_layers"] ?? config["n_layers"];
    const hidden = config["hidden_size"] ?? config["dim"];
    const cost = ((layers as number) * (hidden as number) ** 2) / (6 * 384 ** 2);
    return Number.isFinite(cost) && cost > 0 ? cost : undefined;
  } catch {
    return undefined;
  }
}

/** Several are named with commas; a folder may have one in its name. */
function namesIn(encoder: string, cwd: string): string[] {
  return isFolder(encoder, cwd) ? [encoder] : encoder.split(",").map((it) => it.trim());
}

function isFolder(name: string, cwd: string): boolean {
  return existsSync(path.resolve(cwd, name, "config.json"));
}
