// The tensors of a model folder: their names, types and shapes, in one place for the reader and the writer.
import { createHash } from "node:crypto";
import type { DensePanel } from "../ranker/dense-panel.ts";
import type { TensorSpec } from "./safetensors.ts";

/** tfidf.safetensors: feature block `b`. */
export function blockTensors(b: number, numFeatures: number) {
  return {
    hashHigh: vector(`block.${b}.hash_high`, "U32", numFeatures),
    hashLow: vector(`block.${b}.hash_low`, "U32", numFeatures),
    idf: vector(`block.${b}.idf`, "F32", numFeatures),
  };
}

/** tree.safetensors: level `l` of ensemble member `m`. */
export function childStartTensor(m: number, l: number, numParents: number) {
  return vector(`member.${m}.level.${l}.child_start`, "U32", numParents + 1);
}

/** tree.safetensors: leaf node to label of member `m`. */
export function labelOfTensor(m: number, numLabels: number) {
  return vector(`member.${m}.label_of`, "U32", numLabels);
}

/**
 * ranker.safetensors, its index: chunk p has rows [chunk_rows[p], chunk_rows[p + 1]) of its level, entries alike, and those
 * bytes of the level's chunks from version 4 on. Scales of dense weights are there in a model with an encoder only.
 */
export function indexTensors(m: number, l: number, numParents: number, numNodes: number) {
  const level = `member.${m}.level.${l}`;
  return {
    bias: vector(`${level}.bias`, "F32", numNodes),
    denseScale: vector(`${level}.dense_scale`, "F32", numNodes),
    chunkRows: vector(`${level}.chunk_rows`, "U32", numParents + 1),
    chunkEntries: vector(`${level}.chunk_entries`, "U32", numParents + 1),
    chunkBytes: vector(`${level}.chunk_bytes`, "U32", numParents + 1),
    digest: vector(`${level}.digest`, "U8", numParents * digestBytes),
  };
}

/** ranker.safetensors, its data: the dense panels of a level, one row a node (ranker/dense-panel.ts). */
export function denseTensor(m: number, l: number, numNodes: number, width: number) {
  return { name: `member.${m}.level.${l}.dense`, dtype: "I8", shape: [numNodes, width] } as const;
}

/** ranker.safetensors, its data: the packed chunks of a level one after the other (ranker/chunk-codec.ts). */
export function chunksTensor(m: number, l: number, bytes: number) {
  return vector(`member.${m}.level.${l}.chunks`, "U8", bytes);
}

/** The same up to version 3: the rows of all chunks as they are (folder/chunk-reader.ts). */
export function plainTensors(m: number, l: number, numRows: number, numEntries: number) {
  const level = `member.${m}.level.${l}`;
  return {
    features: vector(`${level}.features`, "U16", numRows),
    weights: vector(`${level}.weights`, "F16", numEntries),
    children: (wide: boolean) =>
      wide ? vector(`${level}.children`, "U16", numEntries) : vector(`${level}.children`, "U8", numEntries),
  };
}

export const digestBytes = 8;

/** What the index keeps of a chunk: the first bytes of the SHA-256 of its parts one after the other, dense weights last. */
export function chunkDigest(parts: readonly (Uint8Array | Uint16Array)[], dense: DensePanel | undefined): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  if (dense !== undefined) hash.update(dense.weights);
  return hash.digest().subarray(0, digestBytes);
}

function vector<D extends TensorSpec["dtype"]>(name: string, dtype: D, length: number) {
  return { name, dtype, shape: [length] } as const;
}
