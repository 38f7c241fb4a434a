// Reads a text file, plain or gzipped (told by its first bytes), as batches of lines in bounded memory.
// A batch is what one block of bytes holds: decoding a block at once is several times faster than line by line.
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CorpusError, corpusErrorFrom } from "./corpus-error.ts";

export interface LineBatch {
  /** Number of the first line, from 1. */
  readonly firstLine: number;
  /** Without line ends. */
  readonly lines: readonly string[];
}

export interface ReadLinesOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes of the file (compressed ones, if so) that each block took. */
  readonly onBytes?: (count: number) => void;
  readonly maxLineBytes?: number;
}

const blockBytes = 256 * 1024;
const defaultMaxLineBytes = 64 * 1024 * 1024;
const newline = 10;

/** @throws CorpusError for a file that cannot be read, is cut short, is not UTF-8 or has a line over `maxLineBytes`. */
export async function* readLines(path: string, options: ReadLinesOptions = {}): AsyncGenerator<LineBatch> {
  const { signal, maxLineBytes = defaultMaxLineBytes } = options;
  let firstLine = 1;
  let rest: Buffer[] = [];
  let restBytes = 0;
  const decode = (block: Buffer): LineBatch => {
    const batch = { firstLine, lines: decodeLines(block, path, firstLine) };
    firstLine += batch.lines.length;
    return batch;
  };
  try {
    for await (const chunk of await openBytes(path, options)) {
      signal?.throwIfAborted();
      const bytes = chunk as Buffer;
      const end = bytes.lastIndexOf(newline);
      if (end < 0) {
        rest.push(bytes);
        restBytes += bytes.length;
      } else {
        const head = bytes.subarray(0, end);
        yield decode(restBytes === 0 ? head : Buffer.concat([...rest, head]));
        rest = [bytes.subarray(end + 1)];
        restBytes = bytes.length - end - 1;
      }
      if (restBytes > maxLineBytes) throw lineTooLong(path, firstLine, maxLineBytes);
    }
  } catch (error) {
    if (error instanceof CorpusError || signal?.aborted) throw error;
    throw corpusErrorFrom(error, path);
  }
  if (restBytes > 0) yield decode(Buffer.concat(rest));
}

async function openBytes(path: string, { onBytes }: ReadLinesOptions): Promise<Readable> {
  const gzipped = await isGzip(path);
  const source = createReadStream(path, { highWaterMark: blockBytes });
  if (onBytes !== undefined) source.on("data", (chunk) => onBytes(chunk.length));
  // The callback is required; a failure reaches the reader through the destroyed last stream.
  return gzipped ? pipeline(source, createGunzip({ chunkSize: blockBytes }), () => undefined) : source;
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const magic = Buffer.alloc(2);
    const { bytesRead } = await file.read(magic, 0, 2, 0);
    return bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    await file.close();
  }
}

function decodeLines(block: Buffer, path: string, firstLine: number): string[] {
  if (!isUtf8(block)) throw notUtf8(block, path, firstLine);
  let text = block.toString("utf8");
  if (firstLine === 1 && text.startsWith("\ufeff")) text = text.slice(1);
  const lines = text.split("\n");
  if (text.includes("\r")) {
    for (let i = 0; i < lines.length; i++) {
      if (lines[i]!.endsWith("\r")) lines[i] = lines[i]!.slice(0, -1);
    }
  }
  return lines;
}

function notUtf8(block: Buffer, path: string, firstLine: number): CorpusError {
  let line = firstLine;
  let start = 0;
  for (;;) {
    const end = block.indexOf(newline, start);
    if (end < 0 || !isUtf8(block.subarray(start, end))) break;
    start = end + 1;
    line++;
  }
  return new CorpusError(`${path}:${line}: is not UTF-8; convert the file, for example with "iconv -t UTF-8"`);
}

function lineTooLong(path: string, line: number, limit: number): CorpusError {
  const mebibytes = Math.round(limit / 1024 / 1024);
  return new CorpusError(`${path}:${line}: the line is longer than ${mebibytes} MiB; expected one document a line`);
}
