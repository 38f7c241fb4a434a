// What a killed run goes on from: a folder of tensors and a page of JSON, whole or not there at all. Each checkpoint is
// written beside the last one and then renamed; the last whole one is found by its number.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import path from "node:path";
import { ModelFolderError } from "@tagwright/model";
import { asWriteError, layoutTensors, parseTensorTable, syncFolder } from "@tagwright/model/internals";

type CheckpointArray = Float32Array | Uint32Array;

export interface Checkpoint {
  /** Names the run: corpus, recipe, encoder. Only the same run goes on from it. */
  readonly fingerprint: string;
  readonly position: Readonly<Record<string, number | string>>;
  readonly arrays: ReadonlyMap<string, CheckpointArray>;
}

/** A checkpoint that cannot be used; the message says what to do. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
  /** What is wrong, without what to do. */
  readonly finding: string;

  constructor(finding: string, cure = startAnew, options?: ErrorOptions) {
    super(`${finding}; ${cure}`, options);
    this.finding = finding;
  }
}

const startAnew = "train with --no-resume to start anew";

const version = 1;
const prefix = "checkpoint-";
const partialSuffix = ".partial";
const LARGEST_PAGE = 2 ** 16;
/** Of what comes before the first tensor: their names and places. */
const LARGEST_HEAD = 2 ** 20;

/** Where the checkpoints of the model at `out` are; those of encoder `number` of several, counted from 1, in a folder each. */
export function checkpointFolder(out: string, number?: number): string {
  const folder = `${path.resolve(out)}.training`;
  return number === undefined ? folder : path.join(folder, `encoder-${number}`);
}

/** All folders that may hold checkpoints of the model at `out`: its own, and those of several encoders. */
export async function checkpointFolders(out: string): Promise<string[]> {
  const folder = checkpointFolder(out);
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).filter((name) => /^encoder-\d{1,2}$/u.test(name));
  const own = [folder, ...names.map((name) => path.join(folder, name))];
  return [...own, ...own.map(againFolder)];
}

/** Whether a run can go on from what is in `folder`: a checkpoint, or a part of an embedding. */
export async function hasCheckpoint(folder: string): Promise<boolean> {
  const folders = [folder, embeddingFolder(folder)];
  return (await Promise.all(folders.map(numbersIn))).some((it) => it.length > 0);
}

/** Writes the next checkpoint, then removes those before it. @throws ModelWriteError where the disk refuses: they stay. */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    const number = Math.max(0, ...(await numbersIn(folder))) + 1;
    const target = path.join(folder, `${prefix}${number}`);
    const partial = `${target}${partialSuffix}`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial);
    await writeCheckpoint(partial, checkpoint);
    await rename(partial, target);
    await syncFolder(folder);
    await removeBefore(folder, number);
    return target;
  } catch (error) {
    await removeUnfinished(folder).catch(() => undefined);
    throw asWriteError(folder, "a checkpoint", error);
  }
}

/** Writes both files into the new `folder`; all of it is on the disk then. */
async function writeCheckpoint(folder: string, { fingerprint, position, arrays }: Checkpoint): Promise<void> {
  const specs = [...arrays].map(([name, data]) => ({
    name,
    dtype: data instanceof Float32Array ? ("F32" as const) : ("U32" as const),
    shape: [data.length],
  }));
  const { header } = layoutTensors(specs);
  const hash = createHash("sha256").update(header);
  await writeFlushed(path.join(folder, "state.safetensors"), async (file) => {
    await file.write(header);
    for (const data of arrays.values()) {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      hash.update(bytes);
      if (bytes.length > 0) await file.writeFile(bytes);
    }
  });
  const page = { version, fingerprint, position, sha256: hash.digest("hex") };
  const text = `${JSON.stringify(page, undefined, 2)}\n`;
  await writeFlushed(path.join(folder, "position.json"), (file) => file.writeFile(text));
  await syncFolder(folder);
}

async function writeFlushed(place: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(place, "wx");
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * The last whole checkpoint in `folder`; undefined where there is none.
 * @throws CheckpointError where it is of another run or version, or damaged.
 */
export async function loadCheckpoint(folder: string, fingerprint: string): Promise<Checkpoint | undefined> {
  const last = Math.max(0, ...(await numbersIn(folder)));
  if (last === 0) return undefined;
  const place = path.join(folder, `${prefix}${last}`);
  try {
    const page = parsePage(place, await readPage(path.join(place, "position.json")));
    if (page.version !== version)
      throw new CheckpointError(`${place}: version ${version} expected, ${page.version} found`);
    if (page.fingerprint !== fingerprint)
      throw new CheckpointError(
        `${place}: this run's corpus, settings and encoder expected, those of another run found`,
        `${startAnew}, or give the same ones again`,
      );
    const arrays = await readArrays(path.join(place, "state.safetensors"), page.sha256);
    return { fingerprint: page.fingerprint, position: page.position, arrays };
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isMissing && !(error instanceof ModelFolderError)) throw error;
    throw new CheckpointError(`${place}: ${isMissing ? "a file is missing" : error.message}`, undefined, {
      cause: error,
    });
  }
}

async function readPage(file: string): Promise<string> {
  if ((await stat(file)).size > LARGEST_PAGE) throw new CheckpointError(`${file}: a page expected, much more found`);
  return readFile(file, "utf8");
}

/** The tensors of `file`, each in memory of its own: the whole may be more than one read or one buffer can take. */
async function readArrays(file: string, sha256: string): Promise<Map<string, CheckpointArray>> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const head = await readBytes(handle, 0, Math.min(size, LARGEST_HEAD));
    const table = parseTensorTable(file, head, size);
    const entries = [...table.tensors.values()].sort((a, b) => a.start - b.start || a.end - b.end);
    const hash = createHash("sha256").update(head.subarray(0, entries[0]?.start ?? size));
    const arrays = new Map<string, CheckpointArray>();
    for (const { name, dtype, start, end } of entries) {
      if (dtype !== "F32" && dtype !== "U32")
        throw new CheckpointError(`${file}: tensors of F32 or U32 expected, ${dtype} found`);
      const bytes = await readBytes(handle, start, end - start);
      hash.update(bytes);
      arrays.set(name, dtype === "F32" ? new Float32Array(bytes.buffer) : new Uint32Array(bytes.buffer));
    }
    if (hash.digest("hex") !== sha256)
      throw new CheckpointError(`${file}: bytes as they were written expected, others found`);
    return arrays;
  } finally {
    await handle.close();
  }
}

async function readBytes(handle: FileHandle, from: number, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(count - at, 2 ** 30), from + at);
    if (bytesRead === 0)
      throw new CheckpointError(`${from + count} bytes expected, ${from + at} found: a file was cut`);
    at += bytesRead;
  }
  return bytes;
}

/** Where what the ranker has learnt on the encoder's embeddings is kept: beside its checkpoints in `folder`. */
export function rankerFolder(folder: string): string {
  return path.join(folder, "ranker");
}

/** Where an encoder that learns once more, from all documents, keeps its checkpoints: beside those in `folder`. */
export function againFolder(folder: string): string {
  return path.join(folder, "again");
}

/** Where the embedding of all documents is kept while it is made: beside the checkpoints in `folder`. */
export function embeddingFolder(folder: string): string {
  return path.join(folder, "embedding");
}

/** Where is kept what rankers have learnt to start a level, until its first checkpoint: beside the checkpoints in `folder`. */
export function levelStartFolder(folder: string): string {
  return path.join(folder, "level-start");
}

/** Where is kept what rankers have learnt from words alone: beside the checkpoints in `folder`. */
export function wordsFolder(folder: string): string {
  return path.join(folder, "words");
}

/** Removes what is kept of words, and leaves what an encoder's run has kept. */
export async function removeWords(folder: string): Promise<void> {
  await rm(wordsFolder(folder), { recursive: true, force: true });
  const isOther = (error: NodeJS.ErrnoException) =>
    !["ENOENT", "ENOTEMPTY", "EEXIST", "EPERM"].includes(error.code ?? "");
  await rmdir(folder).catch((error) => {
    if (isOther(error)) throw error;
  });
}

export async function removeCheckpoints(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Removes what was not written to its end. */
export async function removeUnfinished(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const name of await readdir(folder))
    if (name.endsWith(partialSuffix)) await rm(path.join(folder, name), { recursive: true, force: true });
}

interface Page {
  readonly version: number;
  readonly fingerprint: string;
  readonly position: Readonly<Record<string, number | string>>;
  readonly sha256: string;
}

function parsePage(place: string, text: string): Page {
  const bad = (cause?: unknown) =>
    new CheckpointError(
      `${place}: a page with version, fingerprint, position and sha256 expected, other text found`,
      startAnew,
      { cause },
    );
  let page: unknown;
  try {
    page = JSON.parse(text);
  } catch (error) {
    throw bad(error);
  }
  if (typeof page !== "object" || page === null) throw bad();
  const { version: found, fingerprint, position, sha256 } = page as Record<string, unknown>;
  const isPosition =
    typeof position === "object" &&
    position !== null &&
    Object.values(position).every((it) => typeof it === "string" || Number.isFinite(it));
  if (typeof found !== "number" || typeof fingerprint !== "string" || typeof sha256 !== "string" || !isPosition)
    throw bad();
  return { version: found, fingerprint, position: position as Page["position"], sha256 };
}

async function numbersIn(folder: string): Promise<number[]> {
  if (!existsSync(folder)) return [];
  const numbers = (await readdir(folder)).map((name) => /^checkpoint-(\d{1,9})$/u.exec(name)?.[1]);
  return numbers.filter((it) => it !== undefined).map(Number);
}

async function removeBefore(folder: string, number: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const found = /^checkpoint-(\d{1,9})(\.partial)?$/u.exec(name);
    if (found !== null && Number(found[1]) < number)
      await rm(path.join(folder, name), { recursive: true, force: true });
  }
}
