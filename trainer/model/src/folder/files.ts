// The files of a model folder: a fixed list, each with a bound on its size. Names never come from model.json.
// Invariant: what is opened is a regular file inside the folder, and not larger than its bound.
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import path from "node:path";
import { ModelFolderError } from "../errors.ts";

export const manifestName = "model.json";
export const copyAgain = "the model is damaged: copy or train it again";
const mebibyte = 2 ** 20;

/** Largest size in bytes; the ranker and the vocabulary are read in pieces, all others whole. */
export const maxFileBytes = {
  "README.md": 16 * mebibyte,
  "labels.txt": 512 * mebibyte,
  "names.txt": 512 * mebibyte,
  "ranker.safetensors": 2 ** 40,
  "tfidf.safetensors": 4096 * mebibyte,
  "tree.safetensors": 1024 * mebibyte,
  "vocabulary.txt": 2 ** 36,
} as const;
export type FileName = keyof typeof maxFileBytes;
/** In alphabetical order. */
export const fileNames = Object.keys(maxFileBytes) as readonly FileName[];
const maxManifestBytes = 16 * mebibyte;

/** Whether `folder` holds a model.json: the sign by which a model folder is told from any other. */
export function looksLikeModelFolder(folder: string): boolean {
  return lookUp(path.join(folder, manifestName))?.isFile() ?? false;
}

/** The real path of a model folder. @throws ModelFolderError where there is none. */
export function findModelFolder(folder: string): string {
  const expected = "a model folder";
  const found = existsSync(folder) ? statSync(folder) : undefined;
  if (found === undefined) {
    const cure = looksLikeModelFolder(previousFolder(folder))
      ? `a swap was interrupted: rename "${previousFolder(folder)}" to "${folder}"`
      : "train a model first or name the folder of one";
    throw new ModelFolderError({ place: folder, expected, found: "nothing", cure });
  }
  const cure = "name the folder that holds model.json";
  if (!found.isDirectory()) throw new ModelFolderError({ place: folder, expected, found: "a file", cure });
  if (!looksLikeModelFolder(folder)) {
    throw new ModelFolderError({ place: folder, expected, found: `no ${manifestName} in it`, cure });
  }
  return realpathSync(folder);
}

/** Where the model that `folder` replaced is kept. */
export function previousFolder(folder: string): string {
  return `${folder}.previous`;
}

/** An open file of a model folder. Reads are positional and synchronous: models live in a worker thread. */
export interface ModelFile {
  readonly place: string;
  readonly fd: number;
  readonly bytes: number;
}

/**
 * Opens a file of a model folder (a real path) for reading; `bytes` is the size it must have. The caller closes it.
 * @throws ModelFolderError where it is missing, no regular file, outside the folder, of another size or over its bound.
 */
export function openModelFile(folder: string, name: FileName | typeof manifestName, bytes?: number): ModelFile {
  const place = path.join(folder, name);
  const maxBytes = name === manifestName ? maxManifestBytes : maxFileBytes[name];
  const fail = (expected: string, found: string) => new ModelFolderError({ place, expected, found, cure: copyAgain });
  const entry = lookUp(place);
  if (entry === undefined) throw fail("a file", "nothing");
  if (entry.isSymbolicLink()) {
    if (!existsSync(place)) throw fail("a file", "a link to nothing");
    const real = realpathSync(place);
    if (path.dirname(real) !== folder) throw fail("a file inside the model folder", `a link to ${real}`);
  }
  if (!statSync(place).isFile()) throw fail("a regular file", "something else");
  const fd = openSync(place, "r");
  const { size } = fstatSync(fd);
  const expected = bytes === undefined || bytes === size ? `at most ${maxBytes} bytes` : `${bytes} bytes`;
  if (size <= maxBytes && (bytes === undefined || bytes === size)) return { place, fd, bytes: size };
  closeSync(fd);
  throw fail(expected, bytes !== undefined && size < bytes ? `${size}: it was cut short` : `${size}`);
}

/** Fills `out` with the bytes from `position` on. @throws ModelFolderError where the file ends before. */
export function readFully({ fd, place }: ModelFile, out: Uint8Array, position: number): void {
  for (let at = 0; at < out.length; ) {
    const got = readSync(fd, out, at, Math.min(out.length - at, 2 ** 30), position + at);
    if (got === 0) {
      const expected = `${position + out.length} bytes`;
      throw new ModelFolderError({ place, expected, found: `${position + at}: it was cut short`, cure: copyAgain });
    }
    at += got;
  }
}

/** A whole file of a model folder; `bytes` is the size it must have. @throws ModelFolderError as `openModelFile`. */
export function readModelFile(
  folder: string,
  name: FileName | typeof manifestName,
  bytes?: number,
): Uint8Array<ArrayBuffer> {
  const file = openModelFile(folder, name, bytes);
  try {
    const content = new Uint8Array(file.bytes);
    readFully(file, content, 0);
    return content;
  } finally {
    closeSync(file.fd);
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** @throws ModelFolderError where the bytes of `place` do not have the hash that model.json names. */
export function checkSha256(place: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new ModelFolderError({
    place,
    expected: `SHA-256 ${expected.slice(0, 16)}...`,
    found: `${found.slice(0, 16)}...: its content was changed`,
    cure: copyAgain,
  });
}

/** What is at `place`, links not followed. */
export function lookUp(place: string): Stats | undefined {
  try {
    return lstatSync(place);
  } catch (error) {
    return ifMissing(undefined)(error);
  }
}

/** For `catch`: `value` where a path does not exist, any other error as it is. */
export function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return value;
    throw error;
  };
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
