// A chunk on disk: about three bytes a weight. Features are 16-bit steps from the row before; the top bit of a child marks
// the last entry of its row; weights are float16. A step over 65535 is bridged by filler rows: one zero weight at child 0.
import { ModelFolderError } from "../errors.ts";
import { fromFloat16s, toFloat16 } from "../sparse/float16.ts";
import type { Chunk } from "./chunk.ts";
import type { DensePanel } from "./dense-panel.ts";
import { newRowIndex } from "./row-index.ts";

const maxStep = 0xffff;
/** Share of all features from which a chunk has the start of every feature: four bytes for each of them. */
const WIDE_SHARE = 0.25;
/** From here on it has an index of its rows: a quarter of a byte for each feature. */
const INDEXED_SHARE = 1 / 64;

export interface EncodedChunk {
  /** Step to each row's feature from the one before, the first from 0; length rows. */
  readonly features: Uint16Array;
  /** Child position, top bit set on a row's last entry; length entries. 8 bits where no parent has over 128 children. */
  readonly children: Uint8Array | Uint16Array;
  /** float16 patterns; length entries. */
  readonly weights: Uint16Array;
  /** Kept as it is. */
  readonly dense?: DensePanel;
}

/** What a decoded chunk must keep to. `place` names the chunk in errors. */
export interface ChunkLimits {
  readonly numChildren: number;
  readonly numFeatures: number;
  /** Of the dense block. Default 0: there is none. */
  readonly denseWidth?: number;
  readonly place: string;
}

/** The most children a parent may have. */
export function maxChildren(wide: boolean): number {
  return wide ? 0x8000 : 0x80;
}

/**
 * Packs a chunk; `wide` for a level where some parent has more than 128 children. Weights are rounded to float16.
 * @throws RangeError for an empty row, features or children that do not ascend, a child past the width, a weight past 65504.
 */
export function encodeChunk(chunk: Chunk, wide: boolean): EncodedChunk {
  const { rowStart } = chunk;
  const numRows = chunk.features.length;
  const lastBit = maxChildren(wide);
  const numFillers = countFillers(chunk.features);
  const numEntries = (rowStart[numRows] ?? 0) + numFillers;
  const features = new Uint16Array(numRows + numFillers);
  const children = wide ? new Uint16Array(numEntries) : new Uint8Array(numEntries);
  const weights = new Uint16Array(numEntries);
  let row = 0;
  let out = 0;
  let previous = 0;
  for (let r = 0; r < numRows; r++) {
    const feature = chunk.features[r]!;
    let step = feature - previous;
    if (step < 0 || (step === 0 && r > 0)) {
      throw new RangeError(`encodeChunk: feature ${feature} of row ${r} does not ascend from ${previous}`);
    }
    for (; step > maxStep; step -= maxStep) {
      features[row++] = maxStep;
      children[out++] = lastBit;
    }
    features[row++] = step;
    previous = feature;
    const start = rowStart[r]!;
    const end = rowStart[r + 1]!;
    if (end <= start) throw new RangeError(`encodeChunk: row ${r} has no entries`);
    toFloat16(chunk.weights.subarray(start, end), weights, out);
    let before = -1;
    for (let k = start; k < end; k++) {
      const child = chunk.children[k]!;
      if (child <= before || child >= lastBit) {
        throw new RangeError(`encodeChunk: child ${child} after ${before} in row ${r}; must ascend below ${lastBit}`);
      }
      if ((weights[out]! & 0x7c00) === 0x7c00) {
        throw new RangeError(`encodeChunk: weight ${chunk.weights[k]} in row ${r} is past the float16 range`);
      }
      children[out++] = child;
      before = child;
    }
    children[out - 1]! |= lastBit;
  }
  return { features, children, weights, ...(chunk.dense && { dense: chunk.dense }) };
}

function countFillers(features: Uint32Array): number {
  let count = 0;
  let previous = 0;
  for (const feature of features) {
    if (feature - previous > maxStep) count += Math.ceil((feature - previous) / maxStep) - 1;
    previous = feature;
  }
  return count;
}

/**
 * Unpacks a chunk and checks it against `limits`. Rows that hold one zero weight at child 0 (fillers) are left out.
 * @throws ModelFolderError where the bytes are no chunk within the limits.
 */
export function decodeChunk(encoded: EncodedChunk, limits: ChunkLimits): Chunk {
  const { features: steps, children: marked, weights: patterns } = encoded;
  const numEntries = marked.length;
  const lastBit = maxChildren(marked instanceof Uint16Array);
  const { numChildren, numFeatures } = limits;
  checkPanel(encoded.dense, limits);
  const features = new Uint32Array(steps.length);
  const rowStart = new Uint32Array(steps.length + 1);
  const children = new Uint16Array(numEntries);
  const weights = new Float32Array(numEntries);
  fromFloat16s(patterns, weights);
  let rows = 0;
  let kept = 0;
  let entry = 0;
  let feature = 0;
  for (let r = 0; r < steps.length; r++) {
    const step = steps[r]!;
    feature += step;
    if (step === 0 && r > 0) throw badChunk(limits, "ascending features", `feature ${feature} twice`);
    if (feature >= numFeatures) throw badChunk(limits, `features below ${numFeatures}`, `${feature}`);
    const start = kept;
    let before = -1;
    for (let last = false; !last; entry++, kept++) {
      if (entry === numEntries) throw badChunk(limits, `${steps.length} rows`, `${r} that end`);
      const mark = marked[entry]!;
      const child = mark & (lastBit - 1);
      last = mark !== child;
      if (child <= before) throw badChunk(limits, "ascending children in a row", `${child} after ${before}`);
      if ((patterns[entry]! & 0x7c00) === 0x7c00) throw badChunk(limits, "finite weights", `${weights[entry]}`);
      children[kept] = child;
      weights[kept] = weights[entry]!;
      before = child;
    }
    if (before >= numChildren) throw badChunk(limits, `children below ${numChildren}`, `${before}`);
    if (kept - start === 1 && before === 0 && weights[start] === 0) {
      kept = start;
      continue;
    }
    features[rows++] = feature;
    rowStart[rows] = kept;
  }
  if (entry !== numEntries) throw badChunk(limits, `${entry} entries in ${steps.length} rows`, `${numEntries}`);
  const chunk = {
    features: features.subarray(0, rows),
    rowStart: rowStart.subarray(0, rows + 1),
    children: children.subarray(0, kept),
    weights: weights.subarray(0, kept),
    ...(encoded.dense && { dense: encoded.dense }),
  };
  if (rows >= numFeatures * WIDE_SHARE) return { ...chunk, startOf: startsOf(chunk, numFeatures) };
  if (rows >= numFeatures * INDEXED_SHARE) return { ...chunk, rowIndex: newRowIndex(chunk.features, numFeatures) };
  return chunk;
}

/** Where the entries of each of `numFeatures` features begin; shape [features + 1]. */
function startsOf({ features, rowStart }: Chunk, numFeatures: number): Uint32Array {
  const startOf = new Uint32Array(numFeatures + 1);
  let feature = 0;
  for (let row = 0; row < features.length; row++) {
    startOf.fill(rowStart[row]!, feature, features[row]! + 1);
    feature = features[row]! + 1;
  }
  return startOf.fill(rowStart[features.length]!, feature);
}

function checkPanel(dense: DensePanel | undefined, limits: ChunkLimits): void {
  const { numChildren, denseWidth = 0 } = limits;
  if ((dense === undefined) !== (denseWidth === 0)) {
    throw badChunk(limits, denseWidth === 0 ? "no dense panel" : "a dense panel", dense === undefined ? "none" : "one");
  }
  if (dense === undefined) return;
  const { weights, scales } = dense;
  if (scales.length !== numChildren) throw badChunk(limits, `${numChildren} scales`, `${scales.length}`);
  if (weights.length !== numChildren * denseWidth)
    throw badChunk(limits, `${numChildren} x ${denseWidth} dense weights`, `${weights.length}`);
  const bad = scales.find((scale) => !(scale >= 0 && scale < Number.POSITIVE_INFINITY));
  if (bad !== undefined) throw badChunk(limits, "finite scales of at least 0", `${bad}`);
}

function badChunk({ place }: ChunkLimits, expected: string, found: string): ModelFolderError {
  return new ModelFolderError({ place, expected, found, cure: "the file is damaged; copy or train the model again" });
}
