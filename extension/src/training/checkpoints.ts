// What a stopped training left to go on from: `<model folder>.training/checkpoint-<n>`, as the trainer writes it; with
// several encoders in a folder each, `encoder-<n>`, and where an encoder learns once more, in the folder `again`. Only looked
// at here, for a question to the user; the trainer itself decides whether the run can go on from it.
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";

export interface FoundCheckpoint {
  /** Of the level tuned then, counted from 0; undefined where fine-tuning was complete. */
  readonly level: number | undefined;
  /** Which of several encoders, counted from 1; undefined for the only one. */
  readonly encoder?: number;
  /** Of learning once more, from all documents. */
  readonly isAgain?: true;
  /** Steps done on that level. */
  readonly step: number;
  readonly writtenAt: Date;
}

/** The newest checkpoint beside a model folder; undefined where there is none that can be read. */
export async function findCheckpoint(modelFolder: string): Promise<FoundCheckpoint | undefined> {
  const folder = `${path.resolve(modelFolder)}.training`;
  const encoder = await lastNumber(folder, /^encoder-(\d+)$/u);
  if (encoder === undefined) return newestIn(folder);
  const found = await newestIn(path.join(folder, `encoder-${encoder}`));
  return found && { ...found, encoder };
}

/** The largest number in the names of a folder's entries. */
async function lastNumber(folder: string, pattern: RegExp): Promise<number | undefined> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const numbers = names.map((it) => pattern.exec(it)?.[1]).filter((it) => it !== undefined);
  return numbers.length === 0 ? undefined : Math.max(...numbers.map(Number));
}

async function newestIn(folder: string): Promise<FoundCheckpoint | undefined> {
  const again = await lastIn(path.join(folder, "again"));
  return again === undefined ? lastIn(folder) : { ...again, isAgain: true };
}

async function lastIn(folder: string): Promise<FoundCheckpoint | undefined> {
  const number = await lastNumber(folder, /^checkpoint-(\d+)$/u);
  if (number === undefined) return undefined;
  const page = path.join(folder, `checkpoint-${number}`, "position.json");
  try {
    const { mtime } = await stat(page);
    const { position } = JSON.parse(await readFile(page, "utf8")) as { position?: { level?: unknown; step?: unknown } };
    const count = (value: unknown) =>
      Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
    return { level: count(position?.level), step: count(position?.step) ?? 0, writtenAt: mtime };
  } catch {
    return undefined;
  }
}
