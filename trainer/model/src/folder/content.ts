// What a training run hands to the writer, and the files it becomes. Writes into a new folder; the swap is another's.
import path from "node:path";
import { type EncoderDescription, type EncoderPart, encoderFileName, maxEncoders } from "../encoder/description.ts";
import type { TfidfModel } from "../features/tfidf.ts";
import type { EncodedChunk } from "../ranker/chunk-codec.ts";
import type { LabelTree } from "../tree/label-tree.ts";
import { FileSink, type SinkOptions } from "./file-sink.ts";
import { type AnyFileName, type FileName, manifestName } from "./files.ts";
import { formatLine } from "./lines.ts";
import { type FileRecord, formatManifest, type Manifest, newestVersion } from "./manifest.ts";
import { layoutTensors, type TensorSpec } from "./safetensors.ts";
import {
  blockTensors,
  childStartTensor,
  chunkDigest,
  chunksTensor,
  denseTensor,
  indexTensors,
  labelOfTensor,
} from "./tensors.ts";

const textBatch = 2 ** 16;

export interface LevelContent {
  /** One a node. */
  readonly bias: Float32Array;
  /** One a parent; each with a dense panel as wide as the embedding of its encoder, or none has one. */
  readonly chunks: readonly EncodedChunk[];
}

export interface MemberContent {
  readonly tree: LabelTree;
  readonly levels: readonly LevelContent[];
  /** Which of the model's encoders it reads, counted from 0. Default: the first. */
  readonly encoder?: number | undefined;
}

/** An encoder as it goes into the model folder. The quantised graph answers where it is given. */
export interface EncoderContent extends Omit<EncoderDescription, "serves"> {
  readonly name: string;
  /** input_ids, attention_mask int64 [batch, length] to embedding float32 [batch, hidden]. */
  readonly onnx: Uint8Array;
  readonly int8?: Uint8Array | undefined;
  /** tokenizer.json and tokenizer_config.json as published. */
  readonly tokenizer: string;
  readonly tokenizerConfig: string;
}

export interface ModelContent
  extends Pick<
    Manifest,
    | "generator"
    | "createdAt"
    | "encoder"
    | "preset"
    | "seed"
    | "holdOut"
    | "scoring"
    | "calibration"
    | "threshold"
    | "metrics"
  > {
  readonly numDocuments: number;
  /** Some exactly where `encoder` is not "none". */
  readonly encoders?: readonly EncoderContent[];
  readonly tfidf: TfidfModel;
  /** The n-gram of each feature. */
  readonly vocabulary: Iterable<string>;
  readonly members: readonly MemberContent[];
  /** Identifiers, each once. */
  readonly labels: readonly string[];
  /** Same order as `labels`. */
  readonly names?: readonly string[] | undefined;
  /** The model card, Markdown. */
  readonly card: string;
}

interface TensorContent {
  readonly spec: TensorSpec;
  readonly parts: Iterable<ArrayBufferView>;
}

/**
 * Bytes of the tensor files and of the encoders: nearly all of what `writeContent` reports as written.
 * @throws RangeError where counts in `content` do not fit each other.
 */
export function contentBytes(content: ModelContent): number {
  checkContent(content);
  const files = [tfidfTensors(content), treeTensors(content), rankerTensors(content)];
  const encoderBytes = (content.encoders ?? [])
    .map(({ onnx, int8, tokenizer }) => onnx.length + (int8?.length ?? 0) + tokenizer.length)
    .reduce((total, it) => total + it, 0);
  return files.reduce((total, tensors) => total + layoutTensors(tensors.map((it) => it.spec)).fileBytes, encoderBytes);
}

/** Writes all files of a model into the empty `folder`, model.json last. @throws what the file system or the signal does. */
export async function writeContent(folder: string, content: ModelContent, options: SinkOptions): Promise<void> {
  const files: Partial<Record<FileName, FileRecord>> = {};
  const write = async <T>(name: AnyFileName, fill: (sink: FileSink) => Promise<T>): Promise<T> => {
    const sink = await FileSink.open(path.join(folder, name), options);
    try {
      const result = await fill(sink);
      const record = await sink.finish();
      if (name !== manifestName) files[name] = record;
      return result;
    } finally {
      await sink.dispose();
    }
  };
  const { labels, names, card, vocabulary, encoders = [] } = content;
  const writeText = (name: FileName, text: string) => write(name, (sink) => sink.write(new TextEncoder().encode(text)));
  await writeText("README.md", card);
  for (const [i, { onnx, int8, tokenizer, tokenizerConfig }] of encoders.entries()) {
    const file = (part: EncoderPart) => encoderFileName(part, numberOf(i, content));
    if (int8 !== undefined) await write(file("encoder.int8.onnx"), (sink) => sink.write(int8));
    await write(file("encoder.onnx"), (sink) => sink.write(onnx));
    await writeText(file("tokenizer.json"), tokenizer);
    await writeText(file("tokenizer_config.json"), tokenizerConfig);
  }
  await write("labels.txt", (sink) => writeLines(sink, labels));
  if (names?.some((name, i) => name !== labels[i])) {
    await write("names.txt", (sink) =>
      writeLines(
        sink,
        names.map((name, i) => (name === labels[i] ? "" : name)),
      ),
    );
  }
  const rankerIndex = await write("ranker.safetensors", (sink) => writeTensors(sink, rankerTensors(content)));
  await write("tfidf.safetensors", (sink) => writeTensors(sink, tfidfTensors(content)));
  await write("tree.safetensors", (sink) => writeTensors(sink, treeTensors(content)));
  const numTerms = await write("vocabulary.txt", (sink) => writeLines(sink, vocabulary));
  checkCount("vocabulary", numTerms, content.tfidf.numFeatures);
  const manifest = describeContent(content, { rankerIndex, files });
  await write(manifestName, (sink) => sink.write(formatManifest(manifest)));
}

/** Of the encoder at position `i`, as in the names of its files; none for the only one. */
function numberOf(i: number, { encoders = [] }: ModelContent): number | undefined {
  return encoders.length > 1 ? i + 1 : undefined;
}

function describeContent(content: ModelContent, written: Pick<Manifest, "rankerIndex" | "files">): Manifest {
  const { encoders = [] } = content;
  const described = encoders.map((it, i) => describeEncoder(it, numberOf(i, content)));
  return {
    formatVersion: newestVersion,
    generator: content.generator,
    createdAt: content.createdAt,
    encoder: content.encoder,
    encoderModels: described,
    preset: content.preset,
    seed: content.seed,
    counts: {
      labels: content.labels.length,
      documents: content.numDocuments,
      features: content.tfidf.numFeatures,
    },
    ...(content.holdOut !== undefined && { holdOut: content.holdOut }),
    tfidf: content.tfidf.blocks.map(({ options }) => options),
    members: content.members.map(({ tree, encoder = 0 }) => ({
      numLevels: tree.levels.length,
      ...(described.length > 1 && { encoder: encoder + 1 }),
    })),
    scoring: content.scoring,
    calibration: content.calibration,
    threshold: content.threshold,
    metrics: content.metrics,
    ...written,
  };
}

function describeEncoder(encoder: EncoderContent, number: number | undefined): EncoderDescription {
  const { name, onnx: _onnx, int8, tokenizer: _tokenizer, tokenizerConfig: _config, ...description } = encoder;
  const graph = int8 === undefined ? "encoder.onnx" : "encoder.int8.onnx";
  return { ...(number !== undefined && { name }), ...description, serves: encoderFileName(graph, number) };
}

function checkContent({ tfidf, members, labels, names, encoder: called, encoders = [], scoring }: ModelContent): void {
  if ((called === "none") !== (encoders.length === 0)) {
    throw new RangeError(`writeModelFolder: encoder "${called}" with the files of ${encoders.length}`);
  }
  if (encoders.length > maxEncoders)
    throw new RangeError(`writeModelFolder: ${encoders.length} encoders, expected ${maxEncoders} at most`);
  if (encoders.length > 1 !== (scoring["combine"] !== undefined))
    throw new RangeError(`writeModelFolder: ${encoders.length} encoders, rule to combine them "${scoring["combine"]}"`);
  const used = new Set(members.map(({ encoder = 0 }) => encoder));
  checkCount("encoders that no tree reads", encoders.filter((_, i) => !used.has(i)).length, 0);
  const numFeatures = tfidf.blocks.reduce((total, { idf }) => total + idf.length, 0);
  checkCount("features of all blocks", numFeatures, tfidf.numFeatures);
  checkCount("different labels", new Set(labels).size, labels.length);
  if (names !== undefined) checkCount("names", names.length, labels.length);
  for (const { tree, levels, encoder = 0 } of members) {
    const width = encoders[encoder]?.hidden ?? 0;
    checkCount("ranker levels", levels.length, tree.levels.length);
    checkCount("leaves", tree.labelOf.length, labels.length);
    for (const [l, { bias, chunks }] of levels.entries()) {
      const { childStart } = tree.levels[l]!;
      checkCount(`biases of level ${l}`, bias.length, childStart[childStart.length - 1]!);
      checkCount(`chunks of level ${l}`, chunks.length, childStart.length - 1);
      for (const [p, { dense }] of chunks.entries()) {
        const numChildren = childStart[p + 1]! - childStart[p]!;
        checkCount(`dense weights of chunk ${p} of level ${l}`, dense?.weights.length ?? 0, numChildren * width);
        if (dense !== undefined) checkCount(`scales of chunk ${p} of level ${l}`, dense.scales.length, numChildren);
      }
    }
  }
}

function checkCount(what: string, found: number, expected: number): void {
  if (found !== expected) throw new RangeError(`writeModelFolder: ${found} ${what}, expected ${expected}`);
}

function tfidfTensors({ tfidf }: ModelContent): TensorContent[] {
  return tfidf.blocks.flatMap(({ hashHigh, hashLow, idf }, b) => {
    const specs = blockTensors(b, idf.length);
    return [
      { spec: specs.hashHigh, parts: [hashHigh] },
      { spec: specs.hashLow, parts: [hashLow] },
      { spec: specs.idf, parts: [idf] },
    ];
  });
}

function treeTensors({ members }: ModelContent): TensorContent[] {
  return members.flatMap(({ tree }, m) => [
    ...tree.levels.map(({ childStart }, l) => ({
      spec: childStartTensor(m, l, childStart.length - 1),
      parts: [childStart],
    })),
    { spec: labelOfTensor(m, tree.labelOf.length), parts: [tree.labelOf] },
  ]);
}

/** The index first, then the bytes that are read on demand. */
function rankerTensors({ members, encoders = [] }: ModelContent): TensorContent[] {
  const index: TensorContent[] = [];
  const data: TensorContent[] = [];
  for (const [m, { levels, encoder = 0 }] of members.entries()) {
    const width = encoders[encoder]?.hidden ?? 0;
    for (const [l, { bias, chunks }] of levels.entries()) {
      const specs = indexTensors(m, l, chunks.length, bias.length);
      const bytes = runningTotal(chunks.map(({ packed }) => packed.length));
      index.push({ spec: specs.bias, parts: [bias] });
      data.push({ spec: chunksTensor(m, l, bytes[chunks.length]!), parts: chunks.map(({ packed }) => packed) });
      if (width > 0) {
        const panels = chunks.flatMap((it) => it.dense ?? []);
        index.push({ spec: specs.denseScale, parts: panels.map((it) => it.scales) });
        data.push({ spec: denseTensor(m, l, bias.length, width), parts: panels.map((it) => it.weights) });
      }
      index.push(
        { spec: specs.chunkRows, parts: [runningTotal(chunks.map(({ numRows }) => numRows))] },
        { spec: specs.chunkEntries, parts: [runningTotal(chunks.map(({ numEntries }) => numEntries))] },
        { spec: specs.chunkBytes, parts: [bytes] },
        { spec: specs.digest, parts: mapLazily(chunks, ({ packed, dense }) => chunkDigest([packed], dense)) },
      );
    }
  }
  return [...index, ...data];
}

/** Writes a safetensors file; gives the record of its bytes before the first tensor of 8 bits that is no digest. */
async function writeTensors(sink: FileSink, tensors: readonly TensorContent[]): Promise<FileRecord> {
  const { header, fileBytes } = layoutTensors(tensors.map(({ spec }) => spec));
  let index: FileRecord | undefined;
  await sink.write(header);
  for (const { spec, parts } of tensors) {
    if (index === undefined && spec.dtype !== "F32" && spec.dtype !== "U32" && !spec.name.endsWith(".digest")) {
      index = await sink.record();
    }
    for (const { buffer, byteOffset, byteLength } of parts) {
      await sink.write(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }
  if (sink.bytes !== fileBytes) throw new Error(`internal: wrote ${sink.bytes} bytes of ${fileBytes}`);
  return index ?? sink.record();
}

async function writeLines(sink: FileSink, entries: Iterable<string>): Promise<number> {
  const encoder = new TextEncoder();
  let count = 0;
  let batch = "";
  for (const entry of entries) {
    batch += formatLine(entry);
    count++;
    if (batch.length < textBatch) continue;
    await sink.write(encoder.encode(batch));
    batch = "";
  }
  await sink.write(encoder.encode(batch));
  return count;
}

/** [0, a, a + b, ...]. @throws RangeError past 32 bits. */
function runningTotal(lengths: readonly number[]): Uint32Array {
  const totals = new Uint32Array(lengths.length + 1);
  let total = 0;
  for (const [i, length] of lengths.entries()) {
    total += length;
    totals[i + 1] = total;
  }
  if (total >= 2 ** 32)
    throw new RangeError(`writeModelFolder: ${total} entries or bytes in one level, at most 2^32 - 1`);
  return totals;
}

function mapLazily<T, U>(items: readonly T[], map: (item: T) => U): Iterable<U> {
  return {
    *[Symbol.iterator]() {
      for (const item of items) yield map(item);
    },
  };
}
