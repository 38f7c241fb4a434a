// model.json: what a model is, and the size and SHA-256 of every other file of its folder. Plain data, strictly checked.
// Keys that this version does not know are ignored, so that a later one may add to what it says; whatever changes the
// meaning of the files, or adds one, raises formatVersion. Version 1 has no encoder, version 2 one, version 3 several;
// version 4 has any number of them, and packed chunks; version 5, which is what is written, packs their children as steps.

import type { EncoderDescription } from "../encoder/description.ts";
import { ModelFolderError } from "../errors.ts";
import type { TfidfOptions } from "../features/tfidf.ts";
import {
  encoderEntries,
  type FormatVersion,
  isOptional,
  parseEncoder,
  parseEncoderOfTree,
  possibleFiles,
} from "./encoder-fields.ts";
import {
  isBetween,
  isCount,
  isDate,
  isFraction,
  isNumbers,
  isObjects,
  isOneOf,
  isSha256,
  isText,
  newFields,
  show,
} from "./fields.ts";
import { commonFiles, copyAgain, encoderNumbers, type FileName, fileNames, manifestName } from "./files.ts";
import { isJsonObject, type JsonObject, parseStrictObject } from "./strict-json.ts";

export const newestVersion = 5;
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
  readonly formatVersion: FormatVersion;
  /** Program and version that wrote the folder. */
  readonly generator: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** What people call the encoder or the encoders; "none" without one. */
  readonly encoder: string;
  /** In the order of their numbers. Version 2 has its only one as "encoderModel". */
  readonly encoderModels: readonly EncoderDescription[];
  readonly preset: string;
  readonly seed: number;
  readonly counts: { readonly labels: number; readonly documents: number; readonly features: number };
  /** Percentage of documents that training left out, to be measured on; none in models of former versions. */
  readonly holdOut?: number | undefined;
  /** Options of each feature block; its arrays are in tfidf.safetensors. */
  readonly tfidf: readonly TfidfOptions[];
  /** One entry a tree of the ensemble; which of several encoders it reads, counted from 1. */
  readonly members: readonly { readonly numLevels: number; readonly encoder?: number | undefined }[];
  /** How margins are combined and become probabilities: owned by search/, opaque here. */
  readonly scoring: JsonObject;
  readonly calibration: JsonObject;
  readonly threshold: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly rankerIndex: RankerIndexRecord;
  /** Without names.txt where each name is its label, and without the encoder's files where there is none. */
  readonly files: Readonly<Partial<Record<FileName, FileRecord>>>;
}

/** Reads model.json. `place` names the file. @throws ModelFolderError naming the first wrong key. */
export function parseManifest(bytes: Uint8Array, place: string): Manifest {
  const root = parseStrictObject(bytes, place, copyAgain);
  const formatVersion = parseVersion(root["formatVersion"], place);
  const fields = newFields(place);
  const { field, count, fail } = fields;
  const counts = field(root, "counts", "an object", isJsonObject);
  const analyzers = ["word", "char"] as const;
  const record = (from: JsonObject) => ({
    bytes: count(from, "bytes", Number.MAX_SAFE_INTEGER),
    sha256: field(from, "sha256", "64 hexadecimal digits", isSha256),
  });
  const files = field(root, "files", "an object", isJsonObject);
  const entries = encoderEntries(root, formatVersion, fields);
  const known: readonly string[] = [...commonFiles, ...possibleFiles(entries)];
  for (const name of Object.keys(files))
    if (!known.includes(name)) throw fail("files", `only ${known.join(", ")}`, name);
  const isNeeded = (name: FileName) => name !== "names.txt" && !isOptional(name);
  const listed = fileNames.filter((name) => known.includes(name) && (isNeeded(name) || Object.hasOwn(files, name)));
  const encoders = entries.map((it) => parseEncoder(it, listed, fields));
  const members = field(root, "members", `a list of 1 to ${maxMembers} objects`, isObjects(1, maxMembers)).map(
    (member) => {
      const isLevels = (it: unknown): it is number => isCount(it) && it >= 1 && it <= maxLevels;
      const numLevels = field(member, "numLevels", `a number from 1 to ${maxLevels}`, isLevels);
      const encoder = parseEncoderOfTree(member, encoders.length, fields);
      return { numLevels, ...(encoder !== undefined && { encoder }) };
    },
  );
  for (const number of encoderNumbers(encoders.length > 1 ? encoders.length : 0))
    if (!members.some(({ encoder }) => encoder === number))
      throw fail("members", `a tree of encoder ${number}`, undefined);
  return {
    formatVersion,
    generator: field(root, "generator", "a text", isText),
    createdAt: field(root, "createdAt", "a date", isDate),
    encoder: field(
      root,
      "encoder",
      encoders.length > 0 ? "a name" : '"none"',
      encoders.length > 0 ? isText : (it) => it === "none",
    ),
    encoderModels: encoders,
    preset: field(root, "preset", "a text", isText),
    seed: count(root, "seed", Number.MAX_SAFE_INTEGER),
    counts: {
      labels: count(counts, "labels"),
      documents: count(counts, "documents"),
      features: count(counts, "features"),
    },
    ...(Object.hasOwn(root, "holdOut") && { holdOut: count(root, "holdOut", 99) }),
    tfidf: field(root, "tfidf", "a list of 1 to 16 objects", isObjects(1, 16)).map((block) => {
      const minN = count(block, "minN", 64);
      const sublinear = field(block, "sublinear", "true or false", (it) => typeof it === "boolean");
      const maxN = field(block, "maxN", `a number from ${minN} to 64`, isBetween(minN, 64));
      return { analyzer: field(block, "analyzer", analyzers.join(" or "), isOneOf(analyzers)), minN, maxN, sublinear };
    }),
    members,
    scoring: field(root, "scoring", "an object", isJsonObject),
    calibration: field(root, "calibration", "an object", isJsonObject),
    threshold: field(root, "threshold", "a number from 0 to 1", isFraction),
    metrics: field(root, "metrics", "an object of numbers", isNumbers),
    rankerIndex: record(field(root, "rankerIndex", "an object", isJsonObject)),
    files: Object.fromEntries(listed.map((name) => [name, record(field(files, name, "an object", isJsonObject))])),
  };
}

function parseVersion(found: unknown, place: string): FormatVersion {
  if (found === 1 || found === 2 || found === 3 || found === 4 || found === newestVersion) return found;
  const newer = typeof found === "number" && found > newestVersion;
  throw new ModelFolderError({
    place: `${place} (formatVersion)`,
    expected: `1 to ${newestVersion}`,
    found: show(found),
    cure: newer ? "update Tagwright or train the model again" : copyAgain,
  });
}

/** The position of the encoder that tree `m` reads; 0 where there is none or one. */
export function encoderOfMember({ members }: Manifest, m: number): number {
  return (members[m]?.encoder ?? 1) - 1;
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
