// The weights of a published encoder: a safetensors file of any size, read tensor by tensor as float32.
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { ModelFolderError } from "@tagwright/model";
import { fromFloat16s, parseTensorTable, type TensorEntry, type TensorTable } from "@tagwright/model/internals";
import { copyAgain, EncoderSourceError } from "./encoder-source-error.ts";

const lengthBytes = 8;
const maxHeaderBytes = 16 * 2 ** 20;
const blockBytes = 4 * 2 ** 20;

export interface TensorFile {
  readonly names: readonly string[];
  /**
   * Tensor `name` as float32, row-major.
   * @throws EncoderSourceError where it is missing, has another shape, a type that holds no weights, or no finite values.
   */
  read(name: string, shape: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  /** SHA-256 of the whole file in hex. */
  sha256(signal?: AbortSignal): Promise<string>;
  close(): Promise<void>;
}

/** @throws EncoderSourceError where `place` is no complete safetensors file. */
export async function openTensorFile(place: string): Promise<TensorFile> {
  const handle = await open(place, "r");
  try {
    const table = await readTable(handle, place);
    return {
      names: [...table.tensors.keys()],
      read: (name, shape) => readTensor(handle, table, name, shape),
      sha256: (signal) => hashFile(handle, signal),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readTable(handle: FileHandle, place: string): Promise<TensorTable> {
  const { size } = await handle.stat();
  const start = await readBytes(handle, 0, Math.min(lengthBytes, size));
  const length = start.length === lengthBytes ? Number(new DataView(start.buffer).getBigUint64(0, true)) : 0;
  const head = await readBytes(handle, 0, Math.min(size, lengthBytes + Math.min(length, maxHeaderBytes)));
  try {
    return parseTensorTable(place, head, size);
  } catch (error) {
    if (error instanceof ModelFolderError) {
      throw new EncoderSourceError({ ...error.fault, cure: copyAgain }, { cause: error });
    }
    throw error;
  }
}

async function readTensor(
  handle: FileHandle,
  { place, tensors }: TensorTable,
  name: string,
  shape: readonly number[],
): Promise<Float32Array<ArrayBuffer>> {
  const entry = tensors.get(name);
  const expected = `tensor "${name}" of [${shape}]`;
  const fail = (found: string) => new EncoderSourceError({ place, expected, found, cure: copyAgain });
  if (entry === undefined) throw fail("none");
  if (entry.shape.length !== shape.length || entry.shape.some((it, i) => it !== shape[i])) {
    throw fail(`[${entry.shape}]`);
  }
  const values = toFloat32(entry, await readBytes(handle, entry.start, entry.end));
  if (values === undefined) throw fail(`${entry.dtype}, not F32, F16, BF16 or F64`);
  const bad = values.findIndex((it) => !Number.isFinite(it));
  if (bad >= 0) throw fail(`${values[bad]} at item ${bad}`);
  return values;
}

/** `bytes` start at offset 0 of their buffer. Undefined for types that are no floating-point numbers. */
function toFloat32({ dtype }: TensorEntry, { buffer }: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> | undefined {
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer);
    case "F64":
      return Float32Array.from(new Float64Array(buffer));
    case "F16": {
      const patterns = new Uint16Array(buffer);
      const values = new Float32Array(patterns.length);
      fromFloat16s(patterns, values);
      return values;
    }
    case "BF16":
      // The upper half of a float32.
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (it) => it << 16).buffer);
    default:
      return undefined;
  }
}

async function hashFile(handle: FileHandle, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  const block = new Uint8Array(blockBytes);
  for (let at = 0; ; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(block, 0, blockBytes, at);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(block.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** [start, end) of the file, which may end earlier while it is being read. */
async function readBytes(handle: FileHandle, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - start);
  for (let done = 0; done < bytes.length; ) {
    const room = Math.min(bytes.length - done, 2 ** 30);
    const { bytesRead } = await handle.read(bytes, done, room, start + done);
    if (bytesRead === 0) throw new Error(`the file ended at byte ${start + done} while it was read`);
    done += bytesRead;
  }
  return bytes;
}
