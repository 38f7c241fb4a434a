// Opens a model folder: sizes of all files, hashes of all that is kept in memory and every bound are checked before use.
// The model card is for people: it may be edited or missing. Ranker chunks and the vocabulary are checked when read.
import path from "node:path";
import { ModelFolderError } from "../errors.ts";
import type { TfidfBlock, TfidfModel } from "../features/tfidf.ts";
import type { Ranker } from "../ranker/chunk.ts";
import { ChunkCache, defaultCacheBytes } from "../ranker/chunk-cache.ts";
import { type Calibration, parseCalibration } from "../search/calibrate.ts";
import { parseScoring, type Scoring } from "../search/ensemble.ts";
import { type LabelTree, numNodes, type TreeLevel } from "../tree/label-tree.ts";
import type { ModelInfo } from "../types.ts";
import { type EncoderSource, openEncoderFiles } from "./encoder-reader.ts";
import { checkSha256, copyAgain, type FileName, findModelFolder, manifestName, sha256 } from "./files.ts";
import { parseLines } from "./lines.ts";
import { encoderOfMember, fileRecord, type Manifest, parseManifest } from "./manifest.ts";
import { type ModelFileOptions, readModelFile } from "./model-file.ts";
import { openRanker, type RankerFile } from "./ranker-reader.ts";
import { parseTensorTable, vectorLength, viewTensor } from "./safetensors.ts";
import { blockTensors, childStartTensor, labelOfTensor } from "./tensors.ts";
import { openVocabulary, type Vocabulary } from "./vocabulary.ts";

export interface OpenedModel {
  readonly manifest: Manifest;
  readonly info: ModelInfo;
  readonly tfidf: TfidfModel;
  /** Each with the position of its encoder in `encoders`; 0 where there is none or one. */
  readonly members: readonly { readonly tree: LabelTree; readonly ranker: Ranker; readonly encoder: number }[];
  /** Identifier of each label. */
  readonly labels: readonly string[];
  /** Name of each label; its identifier where it has no other. */
  readonly names: readonly string[];
  readonly scoring: Scoring;
  readonly calibration: Calibration;
  readonly vocabulary: Pick<Vocabulary, "term">;
  /** Read later, by who runs them; none in a model that has no encoder. */
  readonly encoders: readonly EncoderSource[];
  /** Closes the files. Chunks and terms cannot be read any more. */
  dispose(): void;
}

export interface ReadOptions extends Pick<ModelFileOptions, "keepOpen"> {
  /** Bound on decoded ranker chunks held in memory. */
  readonly cacheBytes?: number | undefined;
}

/** @throws ModelFolderError where a part of the manifest could not be parsed. */
function usable<T>(part: T | undefined, name: string, folder: string): T {
  if (part !== undefined) return part;
  throw new ModelFolderError({
    place: path.join(folder, manifestName),
    expected: `a usable "${name}"`,
    found: "something else",
    cure: "copy the model again or train it anew",
  });
}

/**
 * Opens the model in `folder`.
 * @throws ModelFolderError where the folder is no model of this version or any checked byte is wrong.
 */
export async function openModelFolder(
  folder: string,
  { cacheBytes = defaultCacheBytes(), keepOpen }: ReadOptions = {},
): Promise<OpenedModel> {
  const real = findModelFolder(folder);
  const manifestBytes = readModelFile(real, manifestName);
  const manifest = parseManifest(manifestBytes, path.join(real, manifestName));
  const { counts } = manifest;
  const scoring = usable(parseScoringOf(manifest), "scoring", real);
  const calibration = usable(parseCalibration(manifest.calibration), "calibration", real);
  const labels = parseLines(readChecked(real, manifest, "labels.txt"), counts.labels, path.join(real, "labels.txt"));
  const names = readNames(real, manifest, labels);
  const tfidf = readTfidf(real, manifest);
  const trees = readTrees(real, manifest);
  const cache = new ChunkCache(cacheBytes);
  const encoders = openEncoderFiles(real, manifest, { keepOpen });
  let vocabulary: Vocabulary | undefined;
  let ranker: RankerFile;
  try {
    vocabulary = openVocabulary(real, manifest, { keepOpen });
    ranker = openRanker(real, manifest, { trees, cache, keepOpen });
  } catch (error) {
    encoders.dispose();
    vocabulary?.dispose();
    throw error;
  }
  return {
    manifest,
    info: describeModel(manifest, sha256(manifestBytes)),
    tfidf,
    members: trees.map((tree, m) => ({ tree, ranker: ranker.rankers[m]!, encoder: encoderOfMember(manifest, m) })),
    labels,
    names,
    scoring,
    calibration,
    vocabulary,
    encoders: encoders.sources,
    dispose: once(() => {
      encoders.dispose();
      ranker.dispose();
      vocabulary.dispose();
      cache.dispose();
    }),
  };
}

/** Several encoders need a rule that makes one list of theirs. */
function parseScoringOf({ scoring, encoderModels }: Manifest): Scoring | undefined {
  const parsed = parseScoring(scoring);
  return encoderModels.length > 1 && parsed?.combine === undefined ? undefined : parsed;
}

function describeModel(manifest: Manifest, id: string): ModelInfo {
  const { createdAt, counts, encoder, preset, holdOut, threshold, metrics } = manifest;
  return {
    formatVersion: manifest.formatVersion,
    id,
    createdAt,
    numLabels: counts.labels,
    numDocuments: counts.documents,
    numFeatures: counts.features,
    encoder,
    preset,
    ...(holdOut !== undefined && { holdOut }),
    threshold,
    metrics,
  };
}

/** A whole file with the size and hash that model.json names. */
function readChecked(folder: string, manifest: Manifest, name: FileName): Uint8Array<ArrayBuffer> {
  const record = fileRecord(manifest, name);
  const bytes = readModelFile(folder, name, record.bytes);
  checkSha256(path.join(folder, name), sha256(bytes), record.sha256);
  return bytes;
}

function readNames(folder: string, manifest: Manifest, labels: readonly string[]): readonly string[] {
  if (manifest.files["names.txt"] === undefined) return labels;
  const place = path.join(folder, "names.txt");
  const names = parseLines(readChecked(folder, manifest, "names.txt"), labels.length, place);
  return names.map((name, i) => (name === "" ? labels[i]! : name));
}

function readTfidf(folder: string, manifest: Manifest): TfidfModel {
  const place = path.join(folder, "tfidf.safetensors");
  const bytes = readChecked(folder, manifest, "tfidf.safetensors");
  const table = parseTensorTable(place, bytes, bytes.length);
  const blocks = manifest.tfidf.map((options, b): TfidfBlock => {
    const specs = blockTensors(b, vectorLength(table, blockTensors(b, 0).idf.name));
    const block = {
      options,
      hashHigh: viewTensor(table, bytes, specs.hashHigh),
      hashLow: viewTensor(table, bytes, specs.hashLow),
      idf: viewTensor(table, bytes, specs.idf),
    };
    checkBlock(`${place} (block ${b})`, block);
    return block;
  });
  const numFeatures = blocks.reduce((total, { idf }) => total + idf.length, 0);
  if (numFeatures !== manifest.counts.features) {
    const expected = `${manifest.counts.features} features`;
    throw new ModelFolderError({ place, expected, found: `${numFeatures}`, cure: copyAgain });
  }
  return { blocks, numFeatures };
}

function checkBlock(place: string, { hashHigh, hashLow, idf }: TfidfBlock): void {
  const fail = (expected: string, found: string) => new ModelFolderError({ place, expected, found, cure: copyAgain });
  for (let i = 0; i < idf.length; i++) {
    if (!Number.isFinite(idf[i])) throw fail(`a finite idf of feature ${i}`, `${idf[i]}`);
    if (i === 0 || hashHigh[i - 1]! < hashHigh[i]!) continue;
    if (hashHigh[i - 1] === hashHigh[i] && hashLow[i - 1]! < hashLow[i]!) continue;
    throw fail("ascending hashes", `feature ${i} out of order`);
  }
}

function readTrees(folder: string, manifest: Manifest): LabelTree[] {
  const place = path.join(folder, "tree.safetensors");
  const bytes = readChecked(folder, manifest, "tree.safetensors");
  const table = parseTensorTable(place, bytes, bytes.length);
  return manifest.members.map(({ numLevels }, m) => {
    const levels: TreeLevel[] = [];
    let numParents = 1;
    for (let l = 0; l < numLevels; l++) {
      const childStart = viewTensor(table, bytes, childStartTensor(m, l, numParents));
      checkChildStart(`${place} (member ${m}, level ${l})`, childStart);
      levels.push({ childStart });
      numParents = numNodes({ childStart });
    }
    const labelOf = viewTensor(table, bytes, labelOfTensor(m, manifest.counts.labels));
    checkPermutation(`${place} (member ${m})`, labelOf, numParents);
    return { levels, labelOf };
  });
}

function checkChildStart(place: string, childStart: Uint32Array): void {
  const ascends = childStart[0] === 0 && childStart.every((it, p) => p === 0 || it >= childStart[p - 1]!);
  if (ascends) return;
  throw new ModelFolderError({
    place,
    expected: "child_start ascending from 0",
    found: "another order",
    cure: copyAgain,
  });
}

function checkPermutation(place: string, labelOf: Uint32Array, numLeaves: number): void {
  const fail = (expected: string, found: string) => new ModelFolderError({ place, expected, found, cure: copyAgain });
  if (numLeaves !== labelOf.length) throw fail(`${labelOf.length} leaves, one a label`, `${numLeaves}`);
  const seen = new Uint8Array(labelOf.length);
  for (const label of labelOf) {
    if (label >= labelOf.length) throw fail(`labels below ${labelOf.length}`, `${label}`);
    if (seen[label] === 1) throw fail("each label at one leaf", `label ${label} at two`);
    seen[label] = 1;
  }
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
