// The files of a model folder: a fixed list, each with a bound on its size. Names never come from model.json.
import { createHash, type Hash } from "node:crypto";
import { existsSync, lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import path from "node:path";
import {
  type EncoderFileName,
  type EncoderPart,
  encoderFileName,
  encoderParts,
  maxEncoders,
} from "../encoder/description.ts";
import { ModelFolderError } from "../errors.ts";

export const manifestName = "model.json";
export const copyAgain = "the model is damaged: copy or train it again";
const mebibyte = 2 ** 20;

/** Largest size in bytes; the ranker and the vocabulary are read in pieces, all others whole. ONNX ends at 2 GiB. */
const single = {
  [manifestName]: 16 * mebibyte,
  "README.md": 16 * mebibyte,
  "labels.txt": 512 * mebibyte,
  "names.txt": 512 * mebibyte,
  "ranker.safetensors": 2 ** 40,
  "tfidf.safetensors": 4096 * mebibyte,
  "tree.safetensors": 1024 * mebibyte,
  "vocabulary.txt": 2 ** 36,
} as const;
const ofEncoder: Readonly<Record<EncoderPart, number>> = {
  "encoder.int8.onnx": 2048 * mebibyte,
  "encoder.onnx": 2048 * mebibyte,
  "tokenizer.json": 128 * mebibyte,
  "tokenizer_config.json": 16 * mebibyte,
};
export type AnyFileName = keyof typeof single | EncoderFileName;
export type FileName = Exclude<AnyFileName, typeof manifestName>;

const bounds = new Map<string, number>([
  ...Object.entries(single),
  ...encoderParts.flatMap((part) =>
    [undefined, ...encoderNumbers(maxEncoders)].map(
      (number) => [encoderFileName(part, number), ofEncoder[part]] as const,
    ),
  ),
]);
/** All but model.json, in alphabetical order. */
export const fileNames = [...bounds.keys()].filter((it) => it !== manifestName).sort() as FileName[];
/** Those that no encoder has. */
export const commonFiles = fileNames.filter((it) => Object.hasOwn(single, it));

/** The files that encoder `number` may have, counted from 1; those of the only one without a number. */
export function filesOfEncoder(number: number | undefined): FileName[] {
  return encoderParts.map((part) => encoderFileName(part, number));
}

/** 1, 2, ... `count`. */
export function encoderNumbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

export function maxFileBytes(name: AnyFileName): number {
  return bounds.get(name) ?? 0;
}

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

export function sha256(bytes: Uint8Array): string {
  return newSha256().update(bytes).digest("hex");
}

export function newSha256(): Hash {
  return createHash("sha256");
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
