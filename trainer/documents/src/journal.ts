// The journal of one batch: for each file what takes the change back, on disk before the first file changes. The command
// line and the editor each revert what the other wrote. Offsets and hashes refer to the file as it is on disk, byte
// order mark included. A door of its own: the editor's client knows this format and nothing else of this package.
import { createHash } from "node:crypto";
import { applyEdits, invertEdits } from "./edits.ts";
import type { TextEdit } from "./tag-location.ts";

export { applyEdits } from "./edits.ts";
export { linkedElsewhere } from "./files/links.ts";

/** Where it is kept, below the tagged folder. */
export const journalFolder = [".tags", "journal"] as const;

/** Offsets are UTF-16 positions in the text after the batch; `newText` is what stood there before. */
export interface InverseEdit extends TextEdit {
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

/** A journal that cannot be used. The message says where, what was expected and found, and the cure. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}

const suffix = ".json";
const revertedSuffix = ".reverted.json";

/** A name that sorts by time, `2026-11-22T02-16-20-123Z.json`, and is not among `taken`. */
export function journalName({ createdAt }: Pick<Journal, "createdAt">, taken: readonly string[] = []): string {
  const stem = createdAt.replace(/[:.]/gu, "-");
  let name = `${stem}${suffix}`;
  for (let i = 2; taken.includes(name) || taken.includes(retiredName(name)); i++) name = `${stem}~${i}${suffix}`;
  return name;
}

/** What a journal is called once its batch was reverted: it is kept as history, out of the way of the next revert. */
export function retiredName(name: string): string {
  return name.slice(0, -suffix.length) + revertedSuffix;
}

/** The newest journal among the `names` of its folder that was not reverted; undefined where there is none. */
export function lastJournalName(names: readonly string[]): string | undefined {
  return names
    .filter((it) => it.endsWith(suffix) && !it.endsWith(revertedSuffix) && !it.startsWith("."))
    .sort()
    .at(-1);
}

export function formatJournal(journal: Journal): string {
  return `${JSON.stringify(journal, undefined, 1)}\n`;
}

const contextLength = 32;
const contextSizes = [
  [contextLength, contextLength],
  [16, 16],
  [8, 8],
  [8, 0],
] as const;

/** What takes `edits` of one file back. @param text the file as it is; undefined for one that the batch makes. */
export function journalEntry(
  path: string,
  text: string | undefined,
  edits: readonly TextEdit[],
  added: readonly string[],
): JournalFile {
  const old = text ?? "";
  const changed = applyEdits(old, edits);
  const inverse = invertEdits(old, edits).map((it) => ({
    ...it,
    written: changed.slice(it.start, it.end),
    before: changed.slice(Math.max(0, it.start - contextLength), it.start),
    after: changed.slice(it.end, it.end + contextLength),
  }));
  return { path, created: text === undefined, sha256Before: sha256(old), sha256After: sha256(changed), added, inverse };
}

export type RevertPlan =
  /** `exact`: the file is as the batch left it, and the edits give the bytes from before. Else it was edited since. */
  | { readonly kind: "edits"; readonly edits: readonly TextEdit[]; readonly exact: boolean }
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
    return { kind: "conflict", reason: "tagging made this file and it changed since; delete it yourself" };
  }
  if (hash === file.sha256Before) return { kind: "done" };
  if (hash === file.sha256After) {
    if (leadsBack(text, file)) return { kind: "edits", edits: file.inverse, exact: true };
    return { kind: "conflict", reason: "the journal does not lead back to the text before; it was damaged" };
  }
  const edits = file.inverse.map((it) => locate(text, it)).filter((it) => it !== undefined);
  if (edits.length === file.inverse.length && !overlap(edits)) return { kind: "edits", edits, exact: false };
  return { kind: "conflict", reason: "it changed where the tags were written; take them out yourself" };
}

function leadsBack(text: string, { inverse, sha256Before }: JournalFile): boolean {
  const inside = inverse.every(({ end }) => end <= text.length) && !overlap([...inverse]);
  return inside && sha256(applyEdits(text, inverse)) === sha256Before;
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

/** Hexadecimal; a text counts as UTF-8. */
export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
