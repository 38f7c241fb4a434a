// A chunk on disk: little more than a byte a weight. Features as steps, weights as float8 with one scale, children as steps
// over the table of rows and children, so that a row's end costs nothing; sorted by bytes (the lowest of all steps, then the
// next, ...), under raw DEFLATE (RFC 1951): children and weights get the short codes that their frequencies ask for, and the
// high bytes of steps are nearly all zero. Only runs are looked for, no longer matches: a fifth of the time for the same
// size, measured on the shared corpora.
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { float8Scale, fromFloat8, maxFloat8Scale, minFloat8Scale, toFloat8 } from "../sparse/float8.ts";
import type { Chunk } from "./chunk.ts";
import { badChunk, type ChunkLimits, lastEntryBit, readRows } from "./chunk-rows.ts";
import type { DensePanel } from "./dense-panel.ts";

/** Up to as many children a step over two rows, and a marked position, fit one byte. */
const NARROW_CHILDREN = 0x80;
/** The most children that a parent may have. */
export const MOST_CHILDREN = 0x8000;

/** Bits of mantissa that a weight keeps. A third takes a tenth more bytes for less than 0.1 points of nDCG@5. */
const MANTISSA_BITS = 2;

const options = { strategy: constants.Z_RLE, windowBits: 9, memLevel: 9 };

export interface EncodedChunk {
  readonly numRows: number;
  readonly numEntries: number;
  /**
   * Deflated: the scale of the weights (1 byte), steps (4 a row), weights (1 an entry), children (1, or 2 where wide): how many
   * cells of the table [rows][children] lie between an entry and the one before, none of which has a weight.
   */
  readonly packed: Uint8Array<ArrayBuffer>;
  /** Kept as it is. */
  readonly dense?: DensePanel;
}

/** In version 4 of the format children are positions, and the top bit marks the last entry of a row. */
export type ChildForm = "steps" | "marked";

/**
 * Packs the chunk of a parent with `numChildren` children. Weights are rounded to two bits of mantissa.
 * @throws RangeError for an empty row, features or children that do not ascend, a child too many, a weight that is no number.
 */
export function encodeChunk(chunk: Chunk, numChildren: number): EncodedChunk {
  const { features, rowStart, weights } = chunk;
  const numRows = features.length;
  const numEntries = rowStart[numRows] ?? 0;
  if (numChildren > MOST_CHILDREN)
    throw new RangeError(`encodeChunk: ${numChildren} children, at most ${MOST_CHILDREN}`);
  const layout = { numRows, numEntries, numChildren };
  const bytes = new Uint8Array(unpackedBytes(layout));
  const planes = viewPlanes(bytes, layout);
  let previous = -1;
  let previousChild = -1 + numChildren;
  for (let r = 0; r < numRows; r++) {
    const feature = features[r]!;
    if (feature <= previous) {
      throw new RangeError(`encodeChunk: feature ${feature} of row ${r} does not ascend from ${previous}`);
    }
    writePlanes(planes.steps, r, feature - Math.max(previous, 0));
    previous = feature;
    const [start, end] = [rowStart[r]!, rowStart[r + 1]!];
    if (end <= start) throw new RangeError(`encodeChunk: row ${r} has no entries`);
    previousChild -= numChildren;
    for (let k = start; k < end; k++) {
      const child = chunk.children[k]!;
      if ((k > start && child <= previousChild) || child >= numChildren) {
        throw new RangeError(
          `encodeChunk: child ${child} after ${previousChild} in row ${r}; must ascend below ${numChildren}`,
        );
      }
      writePlanes(planes.children, k, child - previousChild - 1);
      previousChild = child;
    }
  }
  const kept = weights.subarray(0, numEntries);
  planes.scale[0] = float8Scale(kept, MANTISSA_BITS);
  toFloat8(kept, planes.scale[0]!, planes.weights, MANTISSA_BITS);
  // A copy: the bytes of a Buffer may lie in a pool that must not be given away to another thread.
  const packed = new Uint8Array(deflateRawSync(bytes, options));
  return { numRows, numEntries, packed, ...(chunk.dense && { dense: chunk.dense }) };
}

/**
 * Unpacks a chunk and checks it against `limits`.
 * @throws ModelFolderError where the bytes are no chunk within the limits.
 */
export function decodeChunk(
  { numRows, numEntries, packed, dense }: EncodedChunk,
  limits: ChunkLimits,
  form: ChildForm = "steps",
): Chunk {
  const { numChildren, numFeatures } = limits;
  if (numRows > numFeatures) throw badChunk(limits, `at most ${numFeatures} rows`, `${numRows}`);
  const most = numRows * numChildren;
  if (numEntries > most) throw badChunk(limits, `at most ${most} entries`, `${numEntries}`);
  const layout = { numRows, numEntries, numChildren };
  const planes = viewPlanes(inflate(packed, unpackedBytes(layout), limits), layout);
  const scale = planes.scale[0]!;
  if (scale < minFloat8Scale || scale > maxFloat8Scale)
    throw badChunk(limits, `a scale from ${minFloat8Scale} to ${maxFloat8Scale}`, `${scale}`);
  const steps = new Uint32Array(numRows);
  readPlanes(planes.steps, steps);
  const children = childBytes(layout) === 1 ? new Uint8Array(layout.numEntries) : new Uint16Array(layout.numEntries);
  readPlanes(planes.children, children);
  if (form === "steps") markChildren(children, limits);
  const weights = new Float32Array(numEntries);
  fromFloat8(planes.weights, scale, weights);
  return readRows({ steps, children, weights, dense }, limits);
}

/** Steps over the table become positions in its rows, with the mark of `StoredRows` where a row ends. */
function markChildren(steps: Uint8Array | Uint16Array, limits: ChunkLimits): void {
  const { numChildren } = limits;
  const lastBit = lastEntryBit(steps);
  let child = -1;
  for (let k = 0; k < steps.length; k++) {
    child += 1 + steps[k]!;
    if (child >= numChildren) {
      child -= numChildren;
      if (k === 0 || child >= numChildren) throw badChunk(limits, "an entry in each row", `none before entry ${k}`);
      steps[k - 1]! |= lastBit;
    }
    steps[k] = child;
  }
  if (steps.length > 0) steps[steps.length - 1]! |= lastBit;
}

function inflate(packed: Uint8Array, length: number, limits: ChunkLimits): Uint8Array<ArrayBuffer> {
  const expected = `a stream of ${length} bytes`;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = inflateRawSync(packed, { maxOutputLength: length });
  } catch (error) {
    throw badChunk(limits, expected, error instanceof Error ? error.message : String(error));
  }
  if (bytes.length !== length) throw badChunk(limits, expected, `${bytes.length}`);
  return bytes;
}

interface Layout {
  readonly numRows: number;
  readonly numEntries: number;
  readonly numChildren: number;
}

function childBytes({ numChildren }: Layout): number {
  return numChildren > NARROW_CHILDREN ? 2 : 1;
}

function unpackedBytes(layout: Layout): number {
  return 1 + 4 * layout.numRows + (1 + childBytes(layout)) * layout.numEntries;
}

/** Views of unpacked bytes. Of planes the first has the lowest byte of each value. */
function viewPlanes(bytes: Uint8Array<ArrayBuffer>, layout: Layout) {
  let end = 1;
  const next = (length: number) => {
    const start = end;
    end += length;
    return bytes.subarray(start, end);
  };
  const planes = (count: number, length: number) => Array.from({ length: count }, () => next(length));
  return {
    scale: new Int8Array(bytes.buffer, bytes.byteOffset, 1),
    steps: planes(4, layout.numRows),
    weights: next(layout.numEntries),
    children: planes(childBytes(layout), layout.numEntries),
  };
}

function writePlanes(planes: readonly Uint8Array[], at: number, value: number): void {
  for (let b = 0; b < planes.length; b++) planes[b]![at] = value >>> (8 * b);
}

function readPlanes(planes: readonly Uint8Array[], out: Uint8Array | Uint16Array | Uint32Array): void {
  for (const [b, plane] of planes.entries()) {
    const shift = 8 * b;
    for (let i = 0; i < out.length; i++) out[i]! |= plane[i]! << shift;
  }
}
