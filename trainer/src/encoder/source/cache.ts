// Encoders that were fetched, one folder each, in a folder of the user: the published files and encoder.json, which says
// where they came from and their SHA-256. Invariant: a folder is written beside its place and renamed when it is whole.
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { EncoderSourceError } from "./encoder-source-error.ts";
import { wantedFiles } from "./sources.ts";

const recordName = "encoder.json";
const maxRecordBytes = 2 ** 20;

interface FileRecord {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** encoder.json. */
export interface CacheRecord {
  readonly formatVersion: 1;
  /** What a person types to get it: `all-MiniLM-L6-v2`, `org/name@revision`, `pip:name==version`. */
  readonly source: string;
  readonly origin: string;
  readonly licence?: string;
  readonly files: Readonly<Record<string, FileRecord>>;
}

export interface CachedEncoder extends CacheRecord {
  readonly folder: string;
}

/** `TAGWRIGHT_HOME`, else where the system keeps what can be fetched again. */
export function defaultCacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = os.homedir(),
): string {
  const own = env["TAGWRIGHT_HOME"];
  if (own) return path.resolve(own, "encoders");
  if (platform === "win32")
    return path.join(env["LOCALAPPDATA"] || path.join(home, "AppData", "Local"), "tagwright", "encoders");
  if (platform === "darwin") return path.join(home, "Library", "Caches", "tagwright", "encoders");
  const cache = env["XDG_CACHE_HOME"];
  // The XDG specification has relative paths ignored.
  return path.join(cache && path.isAbsolute(cache) ? cache : path.join(home, ".cache"), "tagwright", "encoders");
}

/** Where the encoder of `source` (its text) is kept. */
export function cachePlace(cacheFolder: string, source: string): string {
  return path.join(cacheFolder, source.replaceAll("/", "--").replaceAll(/[^\w.@=+-]/gu, "-"));
}

/** The folder of a fetched encoder; undefined where it was not fetched yet. Its content is not looked at. */
export async function findCachedEncoder(
  source: string,
  cacheFolder = defaultCacheFolder(),
): Promise<string | undefined> {
  const folder = cachePlace(cacheFolder, source);
  return (await isFile(path.join(folder, recordName))) ? folder : undefined;
}

/** All that were fetched, by source. A folder that cannot be read is left out: it is no encoder of ours. */
export async function listCachedEncoders(cacheFolder: string): Promise<CachedEncoder[]> {
  const names = await readdir(cacheFolder).catch(() => []);
  const found: CachedEncoder[] = [];
  for (const name of names.sort()) {
    const folder = path.join(cacheFolder, name);
    if (name.endsWith(partSuffix) || !(await isFile(path.join(folder, recordName)))) continue;
    const record = await readRecord(folder).catch(() => undefined);
    if (record !== undefined) found.push({ ...record, folder });
  }
  return found;
}

/**
 * The record of the encoder in `folder`, all files checked against it.
 * @throws EncoderSourceError where a file is missing, or has another size or content than when it was fetched.
 */
export async function checkCachedEncoder(folder: string, signal?: AbortSignal): Promise<CachedEncoder> {
  const record = await readRecord(folder);
  for (const [name, expected] of Object.entries(record.files)) {
    const place = path.join(folder, name);
    const size = (await stat(place).catch(() => undefined))?.size;
    const cure = `fetch it again: tagwright encoder get ${record.source} --refresh`;
    if (size !== expected.bytes) {
      const found = size === undefined ? "no file" : `${size}`;
      throw new EncoderSourceError({ place, expected: `${expected.bytes} bytes`, found, cure });
    }
    const sha256 = await hashOf(place, signal);
    if (sha256 !== expected.sha256) throw hashError(place, expected.sha256, sha256, cure);
  }
  return { ...record, folder };
}

export function hashError(place: string, expected: string, found: string, cure: string): EncoderSourceError {
  const short = (hash: string) => `${hash.slice(0, 16)}…`;
  return new EncoderSourceError({
    place,
    expected: `SHA-256 ${short(expected)}`,
    found: `${short(found)}: other content`,
    cure,
  });
}

/** Hash of a file in hex, streamed. */
export async function hashOf(place: string, signal?: AbortSignal, algorithm = "sha256", start = ""): Promise<string> {
  const hash = createHash(algorithm).update(start);
  for await (const chunk of createReadStream(place, { highWaterMark: 2 ** 20, signal })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

const partSuffix = ".part";

/** Where an encoder is put together; what an interrupted run left there is gone on with. */
export async function openPart(place: string): Promise<string> {
  const part = `${place}${partSuffix}`;
  await mkdir(part, { recursive: true });
  return part;
}

/** Writes encoder.json beside the files of `part` and gives the folder its place; what was there before is removed. */
export async function installPart(
  part: string,
  place: string,
  about: Pick<CacheRecord, "source" | "origin" | "licence">,
  signal?: AbortSignal,
): Promise<void> {
  const files: Record<string, FileRecord> = {};
  for (const name of wantedFiles) {
    const file = path.join(part, ...name.split("/"));
    const size = (await stat(file).catch(() => undefined))?.size;
    if (size !== undefined) files[name] = { bytes: size, sha256: await hashOf(file, signal) };
  }
  const record: CacheRecord = { formatVersion: 1, ...about, files };
  await writeFile(path.join(part, recordName), `${JSON.stringify(record, null, 2)}\n`);
  const old = `${place}.old-${randomUUID()}${partSuffix}`;
  const replaces = await rename(place, old).then(
    () => true,
    () => false,
  );
  await rename(part, place);
  if (replaces) await rm(old, { recursive: true, force: true });
}

async function readRecord(folder: string): Promise<CacheRecord> {
  const place = path.join(folder, recordName);
  const { size } = await stat(place);
  const text = size <= maxRecordBytes ? await readFile(place, "utf8") : "";
  const record = parseRecord(text);
  if (record !== undefined) return record;
  const cure = `delete the folder "${folder}" and fetch the encoder again`;
  throw new EncoderSourceError({ place, expected: "the record of a fetched encoder", found: "something else", cure });
}

function parseRecord(text: string): CacheRecord | undefined {
  let value: Partial<Record<keyof CacheRecord, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  const { formatVersion, source, origin, licence, files } = value ?? {};
  if (formatVersion !== 1 || typeof source !== "string" || typeof origin !== "string") return undefined;
  if (licence !== undefined && typeof licence !== "string") return undefined;
  if (typeof files !== "object" || files === null) return undefined;
  const wanted: readonly string[] = wantedFiles;
  for (const [name, file] of Object.entries(files as Record<string, Partial<FileRecord> | null>)) {
    if (!wanted.includes(name) || !Number.isSafeInteger(file?.bytes) || !/^[0-9a-f]{64}$/u.test(file?.sha256 ?? ""))
      return undefined;
  }
  return {
    formatVersion,
    source,
    origin,
    ...(licence !== undefined && { licence }),
    files: files as CacheRecord["files"],
  };
}

async function isFile(place: string): Promise<boolean> {
  return (await stat(place).catch(() => undefined))?.isFile() ?? false;
}
