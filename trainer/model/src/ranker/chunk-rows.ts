// The rows of a chunk as they are stored, checked and made ready for a search. In storage a feature is a step from the one
// before, and the top bit of a child marks the last entry of its row.
import { ModelFolderError } from "../errors.ts";
import type { Chunk } from "./chunk.ts";
import type { DensePanel } from "./dense-panel.ts";
import { newRowIndex } from "./row-index.ts";

/** Share of all features from which a chunk has the start of every feature: four bytes for each of them. */
const WIDE_SHARE = 0.25;
/** From here on it has an index of its rows: a quarter of a byte for each feature. */
const INDEXED_SHARE = 1 / 64;

export interface StoredRows {
  /** Step to each row's feature from the one before, the first from 0; length rows. */
  readonly steps: Uint16Array | Uint32Array;
  /** Child position, top bit set on a row's last entry; length entries. */
  readonly children: Uint8Array | Uint16Array;
  /** Length entries. The chunk takes this array over. */
  readonly weights: Float32Array;
  readonly dense?: DensePanel | undefined;
}

/** What a decoded chunk must keep to. `place` names the chunk in errors. */
export interface ChunkLimits {
  readonly numChildren: number;
  readonly numFeatures: number;
  /** Of the dense block. Default 0: there is none. */
  readonly denseWidth?: number;
  readonly place: string;
}

/** The bit that marks the last entry of a row, one more than the largest child position. */
export function lastEntryBit(children: Uint8Array | Uint16Array): number {
  return children instanceof Uint16Array ? 0x8000 : 0x80;
}

/**
 * The chunk of these rows. A row of one zero weight at child 0 is left out.
 * @throws ModelFolderError where they are no chunk within the limits.
 */
export function readRows({ steps, children: marked, weights, dense }: StoredRows, limits: ChunkLimits): Chunk {
  const numEntries = marked.length;
  const lastBit = lastEntryBit(marked);
  const { numChildren, numFeatures } = limits;
  checkPanel(dense, limits);
  const features = new Uint32Array(steps.length);
  const rowStart = new Uint32Array(steps.length + 1);
  const children = new Uint16Array(numEntries);
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
    ...(dense && { dense }),
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

export function badChunk({ place }: ChunkLimits, expected: string, found: string): ModelFolderError {
  return new ModelFolderError({ place, expected, found, cure: "the file is damaged; copy or train the model again" });
}
