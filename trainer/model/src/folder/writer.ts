// Writes a model folder: beside the old one, checked by opening it, then swapped in. On any failure the old model stays.
import { mkdir, open, rm } from "node:fs/promises";
import { contentBytes, type ModelContent, writeContent } from "./content.ts";
import { asWriteError } from "./disk-errors.ts";
import type { SinkOptions } from "./file-sink.ts";
import { acquireLock } from "./lock.ts";
import { openModelFolder } from "./reader.ts";
import { partialFolder, prepareTarget, resolveTarget, swapIn, syncFolder } from "./swap.ts";

export interface WriteOptions {
  /** Bytes on the disk, and about how many it will be. */
  readonly onProgress?: ((bytes: number, totalBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Opens a new file; a test's way to a full disk. */
  readonly openFile?: SinkOptions["openFile"] | undefined;
}

/**
 * Replaces the model in `target` by `content`; what was there is kept in `<target>.previous`. Hold the lock meanwhile.
 * @throws ModelWriteError where the disk refuses, ModelFolderError where `target` is something else, RangeError where
 * the content contradicts itself, the signal's reason when cancelled. In each case the old model is as it was.
 */
export async function writeModelFolder(
  target: string,
  content: ModelContent,
  options: WriteOptions = {},
): Promise<void> {
  const totalBytes = contentBytes(content);
  const folder = await resolveTarget(target);
  const partial = partialFolder(folder);
  let bytes = 0;
  try {
    await prepareTarget(folder);
    await mkdir(partial);
    await writeContent(partial, content, {
      openFile: options.openFile ?? ((place) => open(place, "wx")),
      signal: options.signal,
      onWritten: (more) => {
        bytes += more;
        options.onProgress?.(Math.min(bytes, totalBytes), totalBytes);
      },
    });
    await syncFolder(partial);
    const opened = await openModelFolder(partial);
    try {
      for (const encoder of opened.encoders) await encoder.read();
    } finally {
      opened.dispose();
    }
    options.signal?.throwIfAborted();
    await swapIn(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw asWriteError(folder, "the model", error);
  }
}

/**
 * Reserves `target` for one training run: no other process can write it until the result is called. Made ready at once,
 * so that a folder that cannot be written is known before the training and not after it.
 * @throws ModelBusyError, ModelFolderError where it holds something that is no model, ModelWriteError.
 */
export async function lockModelFolder(target: string): Promise<() => Promise<void>> {
  const folder = await resolveTarget(target);
  let release: (() => Promise<void>) | undefined;
  try {
    release = await acquireLock(folder);
    await prepareTarget(folder);
    return release;
  } catch (error) {
    await release?.();
    throw asWriteError(folder, "the model", error);
  }
}
