// Small made-up models for tests: valid in shape, meaningless in content, the same for the same arguments.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { exampleOnnx, exampleTokenizer, exampleTokenizerConfig, exampleWords } from "../encoder/example-encoder.ts";
import type { Chunk } from "../ranker/chunk.ts";
import { encodeChunk } from "../ranker/chunk-codec.ts";
import type { DensePanel } from "../ranker/dense-panel.ts";
import type { LabelTree } from "../tree/label-tree.ts";
import type { EncoderContent, MemberContent, ModelContent } from "./content.ts";

export interface ExampleShape {
  readonly labels: readonly string[];
  readonly names?: readonly string[];
  /** Features of each block. */
  readonly blocks: readonly number[];
  readonly numMembers: number;
  /** Of the embedding; a list for several encoders, whose trees come one encoder after the other. None without an encoder. */
  readonly hidden?: number | readonly number[];
  /** Changes the weights. */
  readonly seed: number;
}

export const smallShape: ExampleShape = {
  labels: ["apple", "pear", "quince", "rose", "tulip", "oak", "elm"],
  blocks: [12],
  numMembers: 1,
  seed: 1,
};

/** The chunks as they are before encoding, [member][level][parent], beside the content. */
export function exampleModel(shape: ExampleShape = smallShape): { content: ModelContent; chunks: Chunk[][][] } {
  const random = randomNumbers(shape.seed);
  const numFeatures = shape.blocks.reduce((a, b) => a + b, 0);
  const widths = shape.hidden === undefined ? [] : [shape.hidden].flat();
  const encoderOf = (m: number) => Math.floor(m / shape.numMembers);
  const numTrees = shape.numMembers * Math.max(1, widths.length);
  const trees = Array.from({ length: numTrees }, (_, m) => exampleTree(shape.labels.length, m));
  const chunks = trees.map((tree, m) =>
    tree.levels.map(({ childStart }) =>
      Array.from(childStart.subarray(1), (end, p) => {
        const numChildren = end - childStart[p]!;
        const chunk = exampleChunk(numFeatures, numChildren, random);
        const width = widths[encoderOf(m)];
        return width === undefined ? chunk : { ...chunk, dense: examplePanel(numChildren, width, random) };
      }),
    ),
  );
  const members = trees.map(
    (tree, m): MemberContent => ({
      tree,
      levels: tree.levels.map(({ childStart }, l) => ({
        bias: Float32Array.from({ length: childStart.at(-1)! }, () => random() - 0.5),
        chunks: chunks[m]![l]!.map((chunk, p) => encodeChunk(chunk, childStart[p + 1]! - childStart[p]!)),
      })),
      ...(widths.length > 1 && { encoder: encoderOf(m) }),
    }),
  );
  const content: ModelContent = {
    generator: "tagwright test",
    createdAt: "2026-01-02T03:04:05.000Z",
    encoder: widths.length === 0 ? "none" : widths.length === 1 ? "example" : `${widths.length} examples`,
    encoders: widths.map((width, e) => exampleEncoder(width, `example ${e}`)),
    preset: "fast",
    holdOut: 10,
    seed: shape.seed,
    scoring: { beam: 10, power: 3, pathWeight: 1, candidates: 50, ...(widths.length > 1 && { combine: "softmax" }) },
    calibration: { values: [0, 0.5, 1], probabilities: [0.01, 0.2, 0.9] },
    threshold: 0.25,
    metrics: { "precision@1": 0.5 },
    numDocuments: 40,
    tfidf: {
      numFeatures,
      blocks: shape.blocks.map((count) => ({
        options: { analyzer: "word", minN: 1, maxN: 2, sublinear: true },
        hashHigh: Uint32Array.from({ length: count }, (_, i) => i >>> 1),
        hashLow: Uint32Array.from({ length: count }, (_, i) => i * 7),
        idf: Float32Array.from({ length: count }, (_, i) => 1 + i / 10),
      })),
    },
    vocabulary: Array.from({ length: numFeatures }, (_, i) => `term ${i}`),
    members,
    labels: shape.labels,
    names: shape.names,
    card: "# Example\n",
  };
  return { content, chunks };
}

/** Nodes of about three labels under the root; member m lists the labels turned by m. */
function exampleTree(numLabels: number, m: number): LabelTree {
  const numNodes = Math.ceil(numLabels / 3);
  return {
    levels: [
      { childStart: Uint32Array.of(0, numNodes) },
      { childStart: Uint32Array.from({ length: numNodes + 1 }, (_, p) => Math.min(3 * p, numLabels)) },
    ],
    labelOf: Uint32Array.from({ length: numLabels }, (_, leaf) => (leaf + m) % numLabels),
  };
}

/** Every other feature or so, one to all children each; weights are multiples of 1/8 below 1, which two bits of mantissa have room for. */
function exampleChunk(numFeatures: number, numChildren: number, random: () => number): Chunk {
  const features: number[] = [];
  const rowStart = [0];
  const children: number[] = [];
  const weights: number[] = [];
  for (let feature = 0; feature < numFeatures; feature++) {
    const chosen = Array.from({ length: numChildren }, (_, child) => child).filter(() => random() < 0.4);
    if (chosen.length === 0) continue;
    features.push(feature);
    children.push(...chosen);
    weights.push(...chosen.map(() => (Math.floor(random() * 7) + 1) / 8));
    rowStart.push(children.length);
  }
  return {
    features: Uint32Array.from(features),
    rowStart: Uint32Array.from(rowStart),
    children: Uint16Array.from(children),
    weights: Float32Array.from(weights),
  };
}

function examplePanel(numChildren: number, width: number, random: () => number): DensePanel {
  return {
    weights: Int8Array.from({ length: numChildren * width }, () => Math.round(254 * random() - 127)),
    scales: Float32Array.from({ length: numChildren }, () => random() / 127),
  };
}

/** The mean of the pieces' rows in a table. */
function exampleEncoder(hidden: number, name: string): EncoderContent {
  const numPieces = 4 + exampleWords.length;
  const table = Array.from({ length: numPieces }, (_, i) => Array.from({ length: hidden }, (_, k) => Math.sin(i + k)));
  return {
    ...{ name, hidden, weight: 1, pooling: "mean", maxPieces: 128, passages: 1, origin: "a test" },
    onnx: exampleOnnx({ table }),
    tokenizer: exampleTokenizer,
    tokenizerConfig: exampleTokenizerConfig,
  };
}

/** Numbers in [0, 1): mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs `task` with the path of a new empty folder, removed afterwards. */
export async function inTemporaryFolder<T>(task: (folder: string) => Promise<T>): Promise<T> {
  const folder = newTemporaryFolder();
  try {
    return await task(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The caller removes it. The real path: a link in it would hide what a test says about links. */
export function newTemporaryFolder(): string {
  return realpathSync(mkdtempSync(path.join(os.tmpdir(), "tagwright-model-")));
}
