// What all ways to fetch an encoder share.
import { statfs } from "node:fs/promises";
import { EncoderSourceError } from "./encoder-source-error.ts";

export interface FetchContext {
  /** A line for people: what will be downloaded, from where, how much; what went wrong on the way. */
  readonly onMessage?: (message: string) => void;
  /** Bytes. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** Free bytes of the disk that holds `folder`; for tests. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

/** A place that does not give what it is asked for: what came from it before is kept, for the next try to go on with. */
export class FetchError extends EncoderSourceError {}

/** A place that does not answer, so that another one is worth a try. */
export class UnreachableError extends FetchError {}

/** What the disk does to a download; the code is that of the system. */
export class EncoderDiskError extends Error {
  override readonly name = "EncoderDiskError";
  readonly code: string;

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const diskCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "EIO"]);

/** `error` of the file system with the place and the cure, any other as it is. */
export function diskErrorFrom(error: unknown, folder: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!diskCodes.has(code) || error instanceof EncoderDiskError) return error;
  const cure =
    "make room or set TAGWRIGHT_HOME to a folder on another disk; what is there already is kept for the next try";
  return new EncoderDiskError(`${folder}: the encoder could not be written (${code}); ${cure}`, code, { cause: error });
}

/** @throws EncoderDiskError where `bytes` will not fit. */
export async function checkRoom(
  folder: string,
  bytes: number,
  { freeBytes = freeBytesOf }: FetchContext,
): Promise<void> {
  const free = await freeBytes(folder);
  if (free >= bytes) return;
  const message = `${folder}: ${mebibytes(bytes)} needed, ${mebibytes(free)} free; make room or set TAGWRIGHT_HOME to a folder on another disk`;
  throw new EncoderDiskError(message, "ENOSPC");
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export function mebibytes(bytes: number): string {
  const count = Math.max(bytes / 2 ** 20, 0.1);
  return `${count.toLocaleString("en", { maximumFractionDigits: count < 10 ? 1 : 0 })} MiB`;
}
