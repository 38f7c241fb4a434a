// An embedding of all documents that a run which was cut off need not make again: kept beside its checkpoints, now and then
// while it is made and when it is whole, and known by the weights that make it and the pieces that they read.
import { createHash } from "node:crypto";
import type { EncoderWeights } from "../encoder/source/pretrained.ts";
import { type Checkpoint, CheckpointError, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { type EmbeddingPart, newPart } from "./embed.ts";
import type { PieceRows } from "./pieces.ts";

export interface EmbeddingTask {
  readonly weights: EncoderWeights;
  readonly pieces: PieceRows;
  readonly maxPieces: number;
  /** Numbers of one embedding. */
  readonly hidden: number;
}

/** Where no number of batches is asked for. */
const SECONDS_BETWEEN = 60;

/**
 * What `folder` holds of this very task; where that is a part of it or nothing, `make` goes on from there.
 * A part is kept every so many `batches`, or else about once a minute. @throws as `make` and `saveCheckpoint`.
 */
export async function keepEmbedding(
  folder: string,
  task: EmbeddingTask,
  make: (part: EmbeddingPart) => Promise<Float32Array>,
  batches?: number,
): Promise<Float32Array> {
  const { pieces, hidden } = task;
  const fingerprint = fingerprintOf(task);
  const save = async (values: Float32Array, position: Checkpoint["position"]) => {
    await saveCheckpoint(folder, { fingerprint, position, arrays: new Map([["embedding", values]]) });
  };
  const found = await load(folder, fingerprint);
  const kept = found?.arrays.get("embedding");
  const isFitting = kept instanceof Float32Array && kept.length === pieces.numDocuments * hidden;
  const done = found?.position["done"];
  if (isFitting && done === undefined) return kept;
  const isPart = isFitting && Number.isSafeInteger(done) && (done as number) > 0;
  const part = isPart ? { values: kept, done: done as number } : newPart(pieces.numDocuments, hidden);
  let savedAt = performance.now();
  let since = 0;
  const embedding = await make({
    ...part,
    async keep(now, isLast = false) {
      since++;
      const isDue = batches === undefined ? performance.now() - savedAt >= SECONDS_BETWEEN * 1000 : since >= batches;
      if (!isDue && !isLast) return;
      await save(part.values, { done: now });
      savedAt = performance.now();
      since = 0;
    },
  });
  await save(embedding, {});
  return embedding;
}

/** What is damaged, or of another task, is made again. */
async function load(folder: string, fingerprint: string): Promise<Checkpoint | undefined> {
  try {
    return await loadCheckpoint(folder, fingerprint);
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}

function fingerprintOf({ weights, pieces, maxPieces, hidden }: EmbeddingTask): string {
  const hash = createHash("sha256").update(JSON.stringify([maxPieces, hidden, [...weights.keys()]]));
  const arrays = [...weights.values()].map(({ data }) => data as Float32Array);
  for (const { buffer, byteOffset, byteLength } of [...arrays, pieces.ids, pieces.start, pieces.passageStart])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
}
