// What a stopped training left to go on from: `<model folder>.training/checkpoint-<n>`, as the trainer writes it. Only
// looked at here, for a question to the user; the trainer itself decides whether the run can go on from it.
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";

export interface FoundCheckpoint {
  /** Of the level tuned then, counted from 0; undefined where fine-tuning was complete. */
  readonly level: number | undefined;
  /** Steps done on that level. */
  readonly step: number;
  readonly writtenAt: Date;
}

/** The newest checkpoint beside a model folder; undefined where there is none that can be read. */
export async function findCheckpoint(modelFolder: string): Promise<FoundCheckpoint | undefined> {
  const folder = `${path.resolve(modelFolder)}.training`;
  const names = await readdir(folder).catch(() => [] as string[]);
  const numbers = names.flatMap((it) => (/^checkpoint-\d+$/u.test(it) ? [Number(it.slice("checkpoint-".length))] : []));
  if (numbers.length === 0) return undefined;
  const page = path.join(folder, `checkpoint-${Math.max(...numbers)}`, "position.json");
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
