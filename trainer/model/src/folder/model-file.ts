// One file of a model folder, open for reading. Reads are positional and synchronous: models live in a worker thread.
// Invariant: what is read is a regular file inside the folder, of the right size, and the same file all the time.
import { closeSync, existsSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { ModelFolderError } from "../errors.ts";
import { type AnyFileName, copyAgain, lookUp, maxFileBytes } from "./files.ts";

export interface ModelFile {
  readonly place: string;
  readonly bytes: number;
  /** Fills `out` with the bytes from `position` on. @throws ModelFolderError where the file ends before or was replaced. */
  read(out: Uint8Array, position: number): void;
  close(): void;
}

export interface ModelFileOptions {
  /** The size it must have. */
  readonly bytes?: number | undefined;
  /**
   * Keep the file open between reads. Windows renames no folder with an open file in it, so there a model that is in
   * use would keep the next one from taking its place; elsewhere the old model stays readable after a swap.
   */
  readonly keepOpen?: boolean | undefined;
}

/**
 * Opens a file of a model folder (a real path).
 * @throws ModelFolderError where it is missing, no regular file, outside the folder, of another size or over its bound.
 */
export function openModelFile(
  folder: string,
  name: AnyFileName,
  { bytes, keepOpen = process.platform !== "win32" }: ModelFileOptions = {},
): ModelFile {
  const place = path.join(folder, name);
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
  const { size, ino, mtimeMs } = fstatSync(fd);
  const isRightSize = bytes === undefined || bytes === size;
  if (!isRightSize || size > maxFileBytes(name)) {
    closeSync(fd);
    const expected = isRightSize ? `at most ${maxFileBytes(name)} bytes` : `${bytes} bytes`;
    throw fail(expected, bytes !== undefined && size < bytes ? `${size}: it was cut short` : `${size}`);
  }
  if (keepOpen) {
    return { place, bytes: size, read: (out, from) => readFully(place, fd, out, from), close: () => closeSync(fd) };
  }
  closeSync(fd);
  const read = (out: Uint8Array, position: number) => {
    const again = openSync(place, "r");
    try {
      const now = fstatSync(again);
      if (now.ino !== ino || now.size !== size || now.mtimeMs !== mtimeMs) {
        const cure = "open the model again";
        throw new ModelFolderError({ place, expected: "the file that was opened", found: "a newer one", cure });
      }
      readFully(place, again, out, position);
    } finally {
      closeSync(again);
    }
  };
  return { place, bytes: size, read, close: () => undefined };
}

function readFully(place: string, fd: number, out: Uint8Array, position: number): void {
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
export function readModelFile(folder: string, name: AnyFileName, bytes?: number): Uint8Array<ArrayBuffer> {
  const file = openModelFile(folder, name, { bytes });
  try {
    const content = new Uint8Array(file.bytes);
    file.read(content, 0);
    return content;
  } finally {
    file.close();
  }
}
