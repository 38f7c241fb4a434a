// An embedding of all documents that a run which was cut off need not make again: kept beside its checkpoints, and known by
// the weights that made it and the pieces that they read.
import { createHash } from "node:crypto";
import type { EncoderWeights } from "../encoder/source/pretrained.ts";
import { type Checkpoint, CheckpointError, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import type { PieceRows } from "./pieces.ts";

export interface EmbeddingTask {
  readonly weights: EncoderWeights;
  readonly pieces: PieceRows;
  readonly maxPieces: number;
  /** Numbers of one embedding. */
  readonly hidden: number;
}

/** What `folder` holds of this very task, else what `make` makes, kept there. @throws as `make` and `saveCheckpoint`. */
export async function keepEmbedding(
  folder: string,
  task: EmbeddingTask,
  make: () => Promise<Float32Array>,
): Promise<Float32Array> {
  const fingerprint = fingerprintOf(task);
  const kept = (await load(folder, fingerprint))?.arrays.get("embedding");
  if (kept instanceof Float32Array && kept.length === task.pieces.numDocuments * task.hidden) return kept;
  const embedding = await make();
  await saveCheckpoint(folder, { fingerprint, position: {}, arrays: new Map([["embedding", embedding]]) });
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
