// The journal of one batch: for each file what takes the change back, on disk before the first file changes. The same
// format as `tagwright tag --write`: each side reverts what the other wrote. Offsets and hashes refer to the file as it
// is on disk, byte order mark included.
import { createHash } from "node:crypto";

/** Offsets are UTF-16 positions in the text after the batch. */
export interface InverseEdit {
  readonly start: number;
  readonly end: number;
  /** What stood there before. */
  readonly newText: string;
  /** What the batch wrote there, and the text around it: finds the place again in a file that was edited since. */
  readonly written: string;
  readonly before: string;
  readonly after: string;
}

export interface JournalFile {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  /** Whether the batch made this file. */
  readonly created: boolean;
  /** Hexadecimal, of the bytes. */
  readonly sha256Before: string;
  readonly sha256After: string;
  readonly added: readonly string[];
  /** Applied to the changed file they give the original. Never overlapping. */
  readonly inverse: readonly InverseEdit[];
}

export interface Journal {
  readonly version: 1;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly modelId: string;
  readonly files: readonly JournalFile[];
}

/** A journal that cannot be used, in words for the user. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}

export const revertedSuffix = ".reverted.json";

/** Sorts by time: `2026-11-22T02-16-20-123Z.json`. */
export function journalName({ createdAt }: Pick<Journal, "createdAt">): string {
  return `${createdAt.replace(/[:.]/gu, "-")}.json`;
}

const contextLength = 32;
const contextSizes = [
  [contextLength, contextLength],
  [16, 16],
  [8, 8],
  [8, 0],
] as const;

/** The inverse edits with what is around them in `changed`, the text after the batch. */
export function withContext(
  edits: readonly { readonly start: number; readonly end: number; readonly newText: string }[],
  changed: string,
): InverseEdit[] {
  return edits.map(({ start, end, newText }) => ({
    start,
    end,
    newText,
    written: changed.slice(start, end),
    before: changed.slice(Math.max(0, start - contextLength), start),
    after: changed.slice(end, end + contextLength),
  }));
}

export type RevertPlan =
  | { readonly kind: "edits"; readonly edits: readonly Pick<InverseEdit, "start" | "end" | "newText">[] }
  /** The batch made the file, and nobody touched it since. */
  | { readonly kind: "delete" }
  /** The file is as it was before the batch. */
  | { readonly kind: "done" }
  | { readonly kind: "conflict"; readonly reason: string };

/** What takes the batch back out of `text`, exactly where the file is as the batch left it, else place by place. */
export function planRevert(text: string, file: JournalFile): RevertPlan {
  const hash = sha256(text);
  if (file.created) {
    if (hash === file.sha256After) return { kind: "delete" };
    return { kind: "conflict", reason: "the batch made this file and it changed since; delete it yourself" };
  }
  if (hash === file.sha256After) return { kind: "edits", edits: file.inverse };
  if (hash === file.sha256Before) return { kind: "done" };
  const edits = file.inverse.map((it) => locate(text, it)).filter((it) => it !== undefined);
  if (edits.length === file.inverse.length && !overlap(edits)) return { kind: "edits", edits };
  return { kind: "conflict", reason: "it changed where the tags were written; take them out yourself" };
}

function overlap(edits: { readonly start: number; readonly end: number }[]): boolean {
  const sorted = edits.sort((a, b) => a.start - b.start);
  return sorted.some((it, at) => at > 0 && it.start < sorted[at - 1]!.end);
}

function locate(text: string, { written, before, after, newText }: InverseEdit) {
  // Ever less of the surroundings has to be as it was, but the place must be the only one.
  for (const [left, right] of contextSizes) {
    const lead = before.slice(-left);
    const pattern = lead + written + after.slice(0, right);
    const at = text.indexOf(pattern);
    if (at < 0 || text.indexOf(pattern, at + 1) >= 0) continue;
    return { start: at + lead.length, end: at + lead.length + written.length, newText };
  }
  return undefined;
}

/** @throws JournalError if `json` is not a journal; paths that leave the folder are refused. */
export function parseJournal(json: string, name: string): Journal {
  const fail = (expected: string, cause?: unknown) =>
    new JournalError(`${name}: expected ${expected}; the journal is damaged, undo the batch by other means`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw fail("JSON", error);
  }
  if (!isRecord(value) || value["version"] !== 1) throw fail("version 1");
  const { createdAt, modelId, files } = value;
  if (typeof createdAt !== "string" || typeof modelId !== "string") throw fail("a date and a model id");
  if (!Array.isArray(files) || !files.every(isJournalFile)) throw fail("a list of files with their edits");
  return { version: 1, createdAt, modelId, files };
}

function isJournalFile(value: unknown): value is JournalFile {
  if (!isRecord(value)) return false;
  const { path, created, sha256Before, sha256After, added, inverse } = value;
  return (
    isPathBelow(path) &&
    typeof created === "boolean" &&
    typeof sha256Before === "string" &&
    typeof sha256After === "string" &&
    Array.isArray(added) &&
    added.every((it) => typeof it === "string") &&
    Array.isArray(inverse) &&
    inverse.every(isInverseEdit)
  );
}

function isInverseEdit(value: unknown): value is InverseEdit {
  if (!isRecord(value)) return false;
  const { start, end } = value as { start: number; end: number };
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) return false;
  return ["newText", "written", "before", "after"].every((it) => typeof value[it] === "string");
}

function isPathBelow(value: unknown): boolean {
  return (
    typeof value === "string" &&
    value !== "" &&
    !/^[/\\]|^[a-z]:|\0/iu.test(value) &&
    !/(^|[/\\])\.\.([/\\]|$)/u.test(value)
  );
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
