// The ranker of an open model: the index in memory, chunks read from disk when a search needs them.
// Invariant: no chunk is used before its digest and its content were checked.
import { ModelFolderError } from "../errors.ts";
import type { Chunk, Ranker, RankerLevel } from "../ranker/chunk.ts";
import type { ChunkCache } from "../ranker/chunk-cache.ts";
import { type ChildForm, MOST_CHILDREN } from "../ranker/chunk-codec.ts";
import type { DensePanel } from "../ranker/dense-panel.ts";
import { type LabelTree, numNodes, type TreeLevel } from "../tree/label-tree.ts";
import { bytesOf, openPackedChunks, openPlainChunks } from "./chunk-reader.ts";
import { checkSha256, copyAgain, sha256 } from "./files.ts";
import { encoderOfMember, fileRecord, type Manifest } from "./manifest.ts";
import { type ModelFile, type ModelFileOptions, openModelFile } from "./model-file.ts";
import { findTensor, parseTensorTable, type TensorTable, viewTensor } from "./safetensors.ts";
import { chunkDigest, denseTensor, digestBytes, indexTensors } from "./tensors.ts";

export interface RankerFile {
  /** One a tree. */
  readonly rankers: readonly Ranker[];
  dispose(): void;
}

/**
 * Opens ranker.safetensors of a real path. Reads and checks its index; memory beyond it is the cache's.
 * @throws ModelFolderError where the index is damaged or does not fit the trees.
 */
export function openRanker(
  folder: string,
  manifest: Manifest,
  { trees, cache, keepOpen }: { trees: readonly LabelTree[]; cache: ChunkCache } & Pick<ModelFileOptions, "keepOpen">,
): RankerFile {
  const file = openModelFile(folder, "ranker.safetensors", {
    bytes: fileRecord(manifest, "ranker.safetensors").bytes,
    keepOpen,
  });
  try {
    const index = readIndex(file, manifest);
    const form = childForm(manifest);
    let firstKey = 0;
    const rankers = trees.map((tree, m) => {
      const denseWidth = manifest.encoderModels[encoderOfMember(manifest, m)]?.hidden ?? 0;
      const source = { ...index, file, cache, numFeatures: manifest.counts.features, denseWidth, form };
      return {
        levels: tree.levels.map((treeLevel, l) => {
          const level = openLevel(source, treeLevel, { m, l, firstKey });
          firstKey += treeLevel.childStart.length - 1;
          return level;
        }),
      };
    });
    return { rankers, dispose: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

interface Source {
  readonly file: ModelFile;
  readonly table: TensorTable;
  readonly prefix: Uint8Array<ArrayBuffer>;
  readonly cache: ChunkCache;
  readonly numFeatures: number;
  /** Of the dense panels, as wide as the embedding of the tree's encoder; 0 in a model without one. */
  readonly denseWidth: number;
  /** Of packed chunks; undefined where they are plain rows. */
  readonly form: ChildForm | undefined;
}

function childForm({ formatVersion }: Manifest): ChildForm | undefined {
  if (formatVersion < 4) return undefined;
  return formatVersion === 4 ? "marked" : "steps";
}

function readIndex(file: ModelFile, { rankerIndex }: Manifest): Pick<Source, "table" | "prefix"> {
  const place = `${file.place} (index)`;
  if (rankerIndex.bytes > file.bytes) {
    const expected = `at most ${file.bytes} bytes`;
    throw new ModelFolderError({ place, expected, found: `${rankerIndex.bytes} in model.json`, cure: copyAgain });
  }
  const prefix = new Uint8Array(rankerIndex.bytes);
  file.read(prefix, 0);
  checkSha256(place, sha256(prefix), rankerIndex.sha256);
  return { prefix, table: parseTensorTable(file.place, prefix, file.bytes) };
}

function openLevel(
  source: Source,
  { childStart }: TreeLevel,
  { m, l, firstKey }: { m: number; l: number; firstKey: number },
): RankerLevel {
  const { file, table, prefix, cache, numFeatures, denseWidth } = source;
  const place = `${file.place} (member ${m}, level ${l})`;
  const numParents = childStart.length - 1;
  const width = numNodes({ childStart });
  const specs = indexTensors(m, l, numParents, width);
  const bias = viewTensor(table, prefix, specs.bias);
  const rows = viewTensor(table, prefix, specs.chunkRows);
  const entries = viewTensor(table, prefix, specs.chunkEntries);
  const bytes = source.form ? viewTensor(table, prefix, specs.chunkBytes) : undefined;
  const digests = viewTensor(table, prefix, specs.digest);
  checkLevel(place, { bias, rows, entries, bytes, childStart });
  const chunks = { file, table, rows, entries };
  const read =
    bytes === undefined || source.form === undefined
      ? openPlainChunks(chunks, m, l)
      : openPackedChunks(chunks, { bytes, form: source.form }, m, l);
  const readPanel =
    denseWidth > 0 ? openPanels(source, m, l, width, viewTensor(table, prefix, specs.denseScale)) : undefined;

  const readChunk = (parent: number): Chunk => {
    const [first, end] = [childStart[parent]!, childStart[parent + 1]!];
    const dense = readPanel?.(first, end);
    const chunkPlace = `${place}, chunk ${parent}`;
    const limits = { numChildren: end - first, numFeatures, denseWidth, place: chunkPlace };
    return read(parent, limits, dense, (parts) => {
      const digest = Buffer.from(digests.buffer, digests.byteOffset + parent * digestBytes, digestBytes);
      checkSha256(chunkPlace, chunkDigest(parts, dense).toString("hex"), digest.toString("hex"));
    });
  };

  return {
    bias,
    chunk: (parent) => {
      const key = firstKey + parent;
      let chunk = cache.get(key);
      if (chunk === undefined) {
        if (!(parent >= 0 && parent < numParents)) throw new RangeError(`chunk: parent ${parent} of ${numParents}`);
        chunk = readChunk(parent);
        cache.put(key, chunk);
      }
      return chunk;
    },
  };
}

/** Gives the dense weights of nodes [first, end) of a level. */
function openPanels({ file, table, denseWidth }: Source, m: number, l: number, width: number, scales: Float32Array) {
  const { start } = findTensor(table, denseTensor(m, l, width, denseWidth));
  return (first: number, end: number): DensePanel => {
    const weights = new Int8Array((end - first) * denseWidth);
    file.read(bytesOf(weights), start + first * denseWidth);
    return { weights, scales: scales.subarray(first, end) };
  };
}

interface LevelIndex {
  readonly bias: Float32Array;
  readonly rows: Uint32Array;
  readonly entries: Uint32Array;
  readonly bytes: Uint32Array | undefined;
  readonly childStart: Uint32Array;
}

function checkLevel(place: string, { bias, rows, entries, bytes = entries, childStart }: LevelIndex): void {
  const fail = (expected: string, found: string) => new ModelFolderError({ place, expected, found, cure: copyAgain });
  if (rows[0] !== 0 || entries[0] !== 0 || bytes[0] !== 0)
    throw fail("the first chunk at 0", `${rows[0]}, ${entries[0]} and ${bytes[0]}`);
  for (let p = 0; p + 1 < rows.length; p++) {
    const numRows = rows[p + 1]! - rows[p]!;
    const numEntries = entries[p + 1]! - entries[p]!;
    const numChildren = childStart[p + 1]! - childStart[p]!;
    if (numRows < 0 || numEntries < numRows)
      throw fail(`chunk ${p} in order`, `${numRows} rows, ${numEntries} entries`);
    if (bytes[p + 1]! < bytes[p]!) throw fail(`chunk ${p} in order`, `${bytes[p + 1]! - bytes[p]!} bytes`);
    if (numChildren > MOST_CHILDREN) throw fail(`at most ${MOST_CHILDREN} children of parent ${p}`, `${numChildren}`);
  }
  const bad = bias.findIndex((it) => !Number.isFinite(it));
  if (bad >= 0) throw fail(`a finite bias of node ${bad}`, `${bias[bad]}`);
}
