// model.json: what a model is, and the size and SHA-256 of every other file of its folder. Plain data, strictly checked.
// Keys that this version does not know are ignored, so that a later one may add to what it says; whatever changes the
// meaning of the files, or adds one, raises formatVersion. Version 2 has an encoder; a model without one stays version 1,
// which every Tagwright opens.

import { type EncoderDescription, encoderFiles, poolings } from "../encoder/description.ts";
import { ModelFolderError } from "../errors.ts";
import type { TfidfOptions } from "../features/tfidf.ts";
import { copyAgain, type FileName, fileNames, manifestName } from "./files.ts";
import { isJsonObject, type JsonObject, parseStrictObject } from "./strict-json.ts";

const newestVersion = 2;
const maxMembers = 64;
const maxLevels = 64;

export interface FileRecord {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** Ranker files begin with their index: header, biases, chunk table. It is checked whole at opening, a chunk when it is read. */
interface RankerIndexRecord {
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  /** 2 with an encoder, 1 without. */
  readonly formatVersion: 1 | 2;
  /** Program and version that wrote the folder. */
  readonly generator: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** What people call the encoder; "none" without one. */
  readonly encoder: string;
  readonly encoderModel?: EncoderDescription | undefined;
  readonly preset: string;
  readonly seed: number;
  readonly counts: { readonly labels: number; readonly documents: number; readonly features: number };
  /** Options of each feature block; its arrays are in tfidf.safetensors. */
  readonly tfidf: readonly TfidfOptions[];
  /** One entry a tree of the ensemble. */
  readonly members: readonly { readonly numLevels: number }[];
  /** How margins are combined and become probabilities: owned by search/, opaque here. */
  readonly scoring: JsonObject;
  readonly calibration: JsonObject;
  readonly threshold: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly rankerIndex: RankerIndexRecord;
  /** Without names.txt where each name is its label, and without the encoder's files where there is none. */
  readonly files: Readonly<Partial<Record<FileName, FileRecord>>>;
}

const optionalFiles: readonly FileName[] = ["names.txt", "encoder.int8.onnx"];

function isEncoderFile(name: FileName): boolean {
  return name.startsWith("encoder.") || name.startsWith("tokenizer");
}

/** Reads model.json. `place` names the file. @throws ModelFolderError naming the first wrong key. */
export function parseManifest(bytes: Uint8Array, place: string): Manifest {
  const root = parseStrictObject(bytes, place, copyAgain);
  const formatVersion = root["formatVersion"];
  if (formatVersion !== 1 && formatVersion !== newestVersion) {
    const newer = typeof formatVersion === "number" && formatVersion > newestVersion;
    throw new ModelFolderError({
      place: `${place} (formatVersion)`,
      expected: `1 or ${newestVersion}`,
      found: show(formatVersion),
      cure: newer ? "update Tagwright or train the model again" : copyAgain,
    });
  }
  const field = <T>(from: JsonObject, key: string, expected: string, is: (value: unknown) => value is T): T => {
    const value = Object.hasOwn(from, key) ? from[key] : undefined;
    if (is(value)) return value;
    throw new ModelFolderError({ place: `${place} (${key})`, expected, found: show(value), cure: copyAgain });
  };
  const count = (from: JsonObject, key: string, max = 2 ** 32 - 1) =>
    field(from, key, `a whole number up to ${max}`, (it): it is number => isCount(it) && it <= max);
  const counts = field(root, "counts", "an object", isJsonObject);
  const analyzers = ["word", "char"] as const;
  const record = (from: JsonObject) => ({
    bytes: count(from, "bytes", Number.MAX_SAFE_INTEGER),
    sha256: field(from, "sha256", "64 hexadecimal digits", isSha256),
  });
  const files = field(root, "files", "an object", isJsonObject);
  const known: readonly string[] = fileNames.filter((it) => formatVersion > 1 || !isEncoderFile(it));
  for (const name of Object.keys(files)) {
    if (known.includes(name)) continue;
    const expected = `only ${known.join(", ")}`;
    throw new ModelFolderError({ place: `${place} (files)`, expected, found: show(name), cure: copyAgain });
  }
  const listed = fileNames.filter(
    (name) => known.includes(name) && (!optionalFiles.includes(name) || Object.hasOwn(files, name)),
  );
  const described = formatVersion > 1 ? field(root, "encoderModel", "an object", isJsonObject) : undefined;
  return {
    formatVersion,
    generator: field(root, "generator", "a text", isText),
    createdAt: field(root, "createdAt", "a date", isDate),
    encoder: field(root, "encoder", described ? "a name" : '"none"', described ? isText : (it) => it === "none"),
    ...(described && {
      encoderModel: {
        hidden: field(described, "hidden", "a number from 1 to 16384", isBetween(1, 16_384)),
        weight: field(described, "weight", "a number above 0, up to 1000", isWeight),
        pooling: field(described, "pooling", poolings.join(", "), isOneOf(poolings)),
        maxPieces: field(described, "maxPieces", "a number from 3 to 8192", isBetween(3, 8192)),
        passages: field(described, "passages", "a number from 1 to 64", isBetween(1, 64)),
        serves: field(
          described,
          "serves",
          "a graph of this folder",
          isOneOf(encoderFiles.filter((it) => listed.includes(it))),
        ),
        origin: field(described, "origin", "a text", isText),
        ...(Object.hasOwn(described, "licence") && { licence: field(described, "licence", "a text", isText) }),
      },
    }),
    preset: field(root, "preset", "a text", isText),
    seed: count(root, "seed", Number.MAX_SAFE_INTEGER),
    counts: {
      labels: count(counts, "labels"),
      documents: count(counts, "documents"),
      features: count(counts, "features"),
    },
    tfidf: field(root, "tfidf", "a list of 1 to 16 objects", isObjects(1, 16)).map((block) => {
      const minN = count(block, "minN", 64);
      const sublinear = field(block, "sublinear", "true or false", (it) => typeof it === "boolean");
      const maxN = field(block, "maxN", `a number from ${minN} to 64`, isBetween(minN, 64));
      return { analyzer: field(block, "analyzer", analyzers.join(" or "), isOneOf(analyzers)), minN, maxN, sublinear };
    }),
    members: field(root, "members", `a list of 1 to ${maxMembers} objects`, isObjects(1, maxMembers)).map((member) => {
      const isLevels = (it: unknown): it is number => isCount(it) && it >= 1 && it <= maxLevels;
      return { numLevels: field(member, "numLevels", `a number from 1 to ${maxLevels}`, isLevels) };
    }),
    scoring: field(root, "scoring", "an object", isJsonObject),
    calibration: field(root, "calibration", "an object", isJsonObject),
    threshold: field(root, "threshold", "a number from 0 to 1", isFraction),
    metrics: field(root, "metrics", "an object of numbers", isNumbers),
    rankerIndex: record(field(root, "rankerIndex", "an object", isJsonObject)),
    files: Object.fromEntries(listed.map((name) => [name, record(field(files, name, "an object", isJsonObject))])),
  };
}

/** The bytes of model.json: the same for equal content. */
export function formatManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** The record of a file that every model has, or of names.txt. @throws ModelFolderError where model.json lists none. */
export function fileRecord(manifest: Manifest, name: FileName): FileRecord {
  const record = manifest.files[name];
  if (record !== undefined) return record;
  const place = `${manifestName} (files)`;
  throw new ModelFolderError({ place, expected: name, found: "no such entry", cure: copyAgain });
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= 1000;
}

function isDate(value: unknown): value is string {
  return isText(value) && !Number.isNaN(Date.parse(value));
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isBetween(min: number, max: number): (value: unknown) => value is number {
  return (value): value is number => isCount(value) && value >= min && value <= max;
}

function isOneOf<T extends string>(known: readonly T[]): (value: unknown) => value is T {
  return (value): value is T => known.some((it) => it === value);
}

function isWeight(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value <= 1000;
}

function isFraction(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isNumbers(value: unknown): value is Readonly<Record<string, number>> {
  return isJsonObject(value) && Object.values(value).every((it) => typeof it === "number" && Number.isFinite(it));
}

function isSha256(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function isObjects(min: number, max: number): (value: unknown) => value is readonly JsonObject[] {
  return (value): value is readonly JsonObject[] =>
    Array.isArray(value) && value.length >= min && value.length <= max && value.every(isJsonObject);
}

function show(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
