// Writes one new file: buffered, hashed as it goes, on the disk when finished.
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { FileRecord } from "./manifest.ts";

const bufferBytes = 2 ** 20;

export interface SinkOptions {
  /** Opens a new file for writing. */
  readonly openFile: (place: string) => Promise<FileHandle>;
  /** After each write to the disk, with its bytes. */
  readonly onWritten?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class FileSink {
  readonly #handle: FileHandle;
  readonly #options: SinkOptions;
  readonly #buffer = new Uint8Array(bufferBytes);
  readonly #hash = createHash("sha256");
  #filled = 0;
  #written = 0;

  private constructor(handle: FileHandle, options: SinkOptions) {
    this.#handle = handle;
    this.#options = options;
  }

  static async open(place: string, options: SinkOptions): Promise<FileSink> {
    return new FileSink(await options.openFile(place), options);
  }

  /** Bytes given so far. */
  get bytes(): number {
    return this.#written + this.#filled;
  }

  /** @throws the signal's reason when cancelled, the file system's error when a write fails. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + bufferBytes - this.#filled);
      this.#buffer.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === bufferBytes) await this.#flush();
    }
  }

  /** Size and SHA-256 of everything given so far. */
  async record(): Promise<FileRecord> {
    await this.#flush();
    return { bytes: this.#written, sha256: this.#hash.copy().digest("hex") };
  }

  /** Waits until the bytes are on the disk. */
  async finish(): Promise<FileRecord> {
    const record = await this.record();
    await this.#handle.sync();
    return record;
  }

  async dispose(): Promise<void> {
    await this.#handle.close();
  }

  async #flush(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    for (let at = 0; at < this.#filled; ) {
      const { bytesWritten } = await this.#handle.write(this.#buffer, at, this.#filled - at, null);
      at += bytesWritten;
    }
    this.#hash.update(this.#buffer.subarray(0, this.#filled));
    this.#options.onWritten?.(this.#filled);
    this.#written += this.#filled;
    this.#filled = 0;
  }
}
