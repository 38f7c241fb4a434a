// The forms in which a model folder has its chunks: packed since format version 4, with children as steps since version 5;
// as plain rows before them.
import type { Chunk } from "../ranker/chunk.ts";
import { type ChildForm, decodeChunk } from "../ranker/chunk-codec.ts";
import { badChunk, type ChunkLimits, readRows } from "../ranker/chunk-rows.ts";
import type { DensePanel } from "../ranker/dense-panel.ts";
import { fromFloat16s } from "../sparse/float16.ts";
import type { ModelFile } from "./model-file.ts";
import { findTensor, type TensorTable } from "./safetensors.ts";
import { chunksTensor, plainTensors } from "./tensors.ts";

/** Where the chunks of a level are. */
export interface ChunkTable {
  readonly file: ModelFile;
  readonly table: TensorTable;
  /** The first row and the first entry of each chunk; length parents + 1. */
  readonly rows: Uint32Array;
  readonly entries: Uint32Array;
}

/** Reads and decodes chunk `parent`; `check` gets the bytes that its digest is of. */
export type ChunkReader = (
  parent: number,
  limits: ChunkLimits,
  dense: DensePanel | undefined,
  check: (parts: readonly (Uint8Array | Uint16Array)[]) => void,
) => Chunk;

/** Level `l` of member `m`; `bytes` are where each chunk begins. @throws ModelFolderError where its tensor does not fit them. */
export function openPackedChunks(
  { file, table, rows, entries }: ChunkTable,
  { bytes, form }: { bytes: Uint32Array; form: ChildForm },
  m: number,
  l: number,
): ChunkReader {
  const { start } = findTensor(table, chunksTensor(m, l, bytes[bytes.length - 1]!));
  return (parent, limits, dense, check) => {
    const packed = new Uint8Array(bytes[parent + 1]! - bytes[parent]!);
    file.read(packed, start + bytes[parent]!);
    check([packed]);
    const numRows = rows[parent + 1]! - rows[parent]!;
    const numEntries = entries[parent + 1]! - entries[parent]!;
    return decodeChunk({ numRows, numEntries, packed, ...(dense && { dense }) }, limits, form);
  };
}

/**
 * Level `l` of member `m` in versions 1 to 3, about three bytes a weight: 16-bit steps, float16 weights, and children of 16
 * bits where the level says so. A step over 65535 is bridged by filler rows: one zero weight at child 0.
 * @throws ModelFolderError where its tensors are missing or do not fit its index.
 */
export function openPlainChunks({ file, table, rows, entries }: ChunkTable, m: number, l: number): ChunkReader {
  const numParents = rows.length - 1;
  const data = plainTensors(m, l, rows[numParents]!, entries[numParents]!);
  const featuresStart = findTensor(table, data.features).start;
  const weightsStart = findTensor(table, data.weights).start;
  const wide = table.tensors.get(data.children(true).name)?.dtype === "U16";
  const childrenStart = findTensor(table, data.children(wide)).start;
  return (parent, limits, dense, check) => {
    const [row, entry] = [rows[parent]!, entries[parent]!];
    const numEntries = entries[parent + 1]! - entry;
    const steps = new Uint16Array(rows[parent + 1]! - row);
    const patterns = new Uint16Array(numEntries);
    const children = wide ? new Uint16Array(numEntries) : new Uint8Array(numEntries);
    file.read(bytesOf(steps), featuresStart + 2 * row);
    file.read(bytesOf(patterns), weightsStart + 2 * entry);
    file.read(bytesOf(children), childrenStart + children.BYTES_PER_ELEMENT * entry);
    check([steps, patterns, children]);
    const weights = new Float32Array(numEntries);
    fromFloat16s(patterns, weights);
    const bad = weights.find((it) => !Number.isFinite(it));
    if (bad !== undefined) throw badChunk(limits, "finite weights", `${bad}`);
    return readRows({ steps, children, weights, dense }, limits);
  };
}

/** The bytes of a typed array, to be read into. */
export function bytesOf(array: Uint16Array | Uint8Array | Int8Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
