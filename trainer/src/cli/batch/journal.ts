// What `tag --write` is about to change, on disk before the first file changes, so that `revert` can undo it even after
// a crash: `.tags/journal/<time>.json` in the tagged folder. A reverted journal is renamed, never deleted.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { writeFileWhole } from "./write-file.ts";

/** A journal that cannot be used. The message says where, what was expected and found, and the cure. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}

/** Takes one insertion back: offsets are UTF-16 positions in the text after tagging. */
export interface InverseEdit {
  readonly start: number;
  readonly end: number;
  /** What stood here before tagging. */
  readonly newText: string;
  /** What tagging wrote, and a little of what stood around it: finds the place in a file that changed since. */
  readonly written: string;
  readonly before: string;
  readonly after: string;
}

export interface JournalFile {
  /** Below the folder, forward slashes. */
  readonly path: string;
  /** Whether tagging made this file (a sidecar). */
  readonly created: boolean;
  readonly sha256Before: string;
  readonly sha256After: string;
  readonly added: readonly string[];
  readonly inverse: readonly InverseEdit[];
}

export interface Journal {
  readonly version: 1;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly modelId: string;
  readonly files: readonly JournalFile[];
}

const revertedSuffix = ".reverted.json";

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Writes the journal into `folder` and flushes it. Returns its path. */
export async function writeJournal(folder: string, journal: Journal): Promise<string> {
  const place = journalFolder(folder);
  await mkdir(place, { recursive: true });
  await writeFile(path.join(place, ".gitignore"), "*\n");
  const existing = new Set(await readdir(place));
  const stem = journal.createdAt.replaceAll(":", "-").replace(".", "-");
  let name = `${stem}.json`;
  for (let i = 2; existing.has(name) || existing.has(name.replace(".json", revertedSuffix)); i++)
    name = `${stem}~${i}.json`;
  const file = path.join(place, name);
  await replaceJournal(file, journal);
  return file;
}

export async function replaceJournal(file: string, journal: Journal): Promise<void> {
  await writeFileWhole(file, `${JSON.stringify(journal, undefined, 1)}\n`);
}

/** Keeps the journal as history, out of the way of the next `revert`. */
export async function retireJournal(file: string): Promise<void> {
  await rename(file, file.replace(/\.json$/, revertedSuffix));
}

/** The newest journal of `folder` that was not reverted, or undefined. @throws JournalError where it is damaged. */
export async function readLastJournal(folder: string): Promise<{ file: string; journal: Journal } | undefined> {
  const place = journalFolder(folder);
  const names = await readdir(place).catch(() => [] as string[]);
  const last = names
    .filter((it) => it.endsWith(".json") && !it.endsWith(revertedSuffix) && !it.startsWith("."))
    .sort()
    .at(-1);
  if (last === undefined) return undefined;
  const file = path.join(place, last);
  return { file, journal: parseJournal(await readFile(file, "utf8"), file) };
}

function journalFolder(folder: string): string {
  return path.join(folder, ".tags", "journal");
}

function parseJournal(text: string, file: string): Journal {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(file, "JSON", { cause: error });
  }
  if (!isObject(value) || value["version"] !== 1) throw damaged(file, '"version": 1');
  if (!isText(value["createdAt"]) || !isText(value["modelId"])) throw damaged(file, "a date and a model id");
  const files = value["files"];
  if (!Array.isArray(files) || !files.every(isJournalFile)) throw damaged(file, "a list of files with their edits");
  return { version: 1, createdAt: value["createdAt"], modelId: value["modelId"], files };
}

function isJournalFile(value: unknown): value is JournalFile {
  return (
    isObject(value) &&
    isPathBelow(value["path"]) &&
    typeof value["created"] === "boolean" &&
    isText(value["sha256Before"]) &&
    isText(value["sha256After"]) &&
    Array.isArray(value["added"]) &&
    value["added"].every(isText) &&
    Array.isArray(value["inverse"]) &&
    value["inverse"].every(isInverseEdit)
  );
}

function isInverseEdit(value: unknown): value is InverseEdit {
  return (
    isObject(value) &&
    Number.isSafeInteger(value["start"]) &&
    Number.isSafeInteger(value["end"]) &&
    ["newText", "written", "before", "after"].every((it) => isText(value[it]))
  );
}

/** A journal must not reach out of its folder. */
function isPathBelow(value: unknown): value is string {
  return isText(value) && value !== "" && !/^[/\\]|^[A-Za-z]:|\0/.test(value) && !value.split(/[/\\]/).includes("..");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function damaged(file: string, expected: string, options?: ErrorOptions): JournalError {
  return new JournalError(
    `${file}: expected ${expected}; the journal is damaged, undo the batch by other means`,
    options,
  );
}
