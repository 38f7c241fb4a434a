// The embedding pass: every document's passages through the encoder, in batches of like length.
import { disposeQuietly, type Engine, type HostTensor, type Program } from "../encoder/engines/engine.ts";
import { buildEncoder } from "../encoder/graph/bert.ts";
import type { EncoderShape, EncoderWeights } from "../encoder/source/pretrained.ts";
import { copyPassage, type PieceRows, passageLength } from "./pieces.ts";

/** Word pieces in one batch, padding included: what fits well into a CPU's caches and keeps a GPU busy. */
const PIECES_A_BATCH = 4_096;
const MOST_PASSAGES = 128;

export interface EmbedOptions {
  readonly hidden: number;
  readonly maxPieces: number;
  /** Only a document's first passage, or the mean of the unit embeddings of all, as a model serves them. */
  readonly passages: "first" | "all";
  /** Whether each passage runs by itself, without padding. Default: in batches. */
  readonly alone?: boolean;
}

/** How far an embedding of many documents has come. */
export interface EmbeddingPart {
  /** Embeddings [documents, hidden], to be filled. */
  readonly values: Float32Array;
  /** So many passages, the longest first, are in `values` already. */
  readonly done: number;
  /** Called after each batch, with the passages that are done then; `isLast` where nothing more will be. */
  keep(done: number, isLast?: boolean): Promise<void>;
}

/** An embedding from its beginning, of which nothing is kept on the way. */
export function newPart(numDocuments: number, hidden: number): EmbeddingPart {
  return { values: new Float32Array(numDocuments * hidden), done: 0, keep: async () => undefined };
}

/** Raw embeddings [documents, hidden] of all passages by an encoder with `weights`. @throws as `embedDocuments`. */
export async function embedWith(
  engine: Engine,
  shape: EncoderShape,
  weights: EncoderWeights,
  pieces: PieceRows,
  maxPieces: number,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
  part: EmbeddingPart = newPart(pieces.numDocuments, shape.hidden),
): Promise<Float32Array> {
  const encoder = buildEncoder(shape);
  const program = await engine.load(encoder, new Map(encoder.state.map(({ input }) => [input, weights.get(input)!])));
  try {
    const options = { hidden: shape.hidden, maxPieces, passages: "all" } as const;
    await embedDocuments(program, pieces, options, part, onProgress, signal);
    return part.values;
  } finally {
    await disposeQuietly(program);
  }
}

/**
 * Embeddings by `program`, an inference graph, into `part`; a document without pieces gets zeros.
 * @throws EngineError, what `part.keep` throws, the signal's reason when aborted.
 */
export async function embedDocuments(
  program: Program,
  pieces: PieceRows,
  { hidden, maxPieces, passages, alone = false }: EmbedOptions,
  { values: out, done, keep }: EmbeddingPart,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { numDocuments, passageStart } = pieces;
  const most = alone ? 1 : MOST_PASSAGES;
  const end = (d: number) =>
    passages === "all" ? passageStart[d + 1]! : Math.min(passageStart[d + 1]!, passageStart[d]! + 1);
  const items: { document: number; passage: number; length: number; share: number }[] = [];
  for (let document = 0; document < numDocuments; document++) {
    const first = passageStart[document]!;
    const share = 1 / Math.max(1, end(document) - first);
    for (let passage = first; passage < end(document); passage++) {
      const length = passageLength(pieces, passage, maxPieces);
      if (length > 0) items.push({ document, passage, length, share });
    }
  }
  items.sort((a, b) => b.length - a.length || a.passage - b.passage);
  const isFitting = done <= items.length;
  if (done === 0 || !isFitting) out.fill(0);
  for (let from = isFitting ? done : 0; from < items.length; ) {
    signal?.throwIfAborted();
    const { length } = items[from]!;
    const size = Math.max(1, Math.min(most, Math.floor(PIECES_A_BATCH / length), items.length - from));
    const batch = items.slice(from, from + size);
    const ids = new BigInt64Array(size * length);
    const mask = new BigInt64Array(size * length);
    const row = new Int32Array(length);
    for (const [b, item] of batch.entries()) {
      const count = copyPassage(pieces, item.passage, maxPieces, row, 0);
      for (let k = 0; k < count; k++) ids[b * length + k] = BigInt(row[k]!);
      mask.fill(1n, b * length, b * length + count);
    }
    const feeds = new Map<string, HostTensor>([
      ["input_ids", { type: "int64", shape: [size, length], data: ids }],
      ["attention_mask", { type: "int64", shape: [size, length], data: mask }],
    ]);
    const embedding = (await program.run(feeds)).get("embedding")!.data as Float32Array;
    for (const [b, { document, share }] of batch.entries()) {
      const own = embedding.subarray(b * hidden, (b + 1) * hidden);
      const factor = passages === "all" ? share / norm(own) : 1;
      for (let k = 0; k < hidden; k++) out[document * hidden + k]! += factor * own[k]!;
    }
    from += size;
    onProgress(from, items.length);
    await keep(from);
  }
}

function norm(values: Float32Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return squares > 0 ? Math.sqrt(squares) : 1;
}

/** The rows scaled to length `scale`, in memory that workers share; a row of zeros stays one. */
export function unitRows(raw: Float32Array, width: number, scale = 1): Float32Array {
  const unit = new Float32Array(new SharedArrayBuffer(raw.length * 4));
  for (let start = 0; start < raw.length; start += width) {
    let squares = 0;
    for (let k = start; k < start + width; k++) squares += raw[k]! * raw[k]!;
    const factor = squares > 0 ? scale / Math.sqrt(squares) : 0;
    for (let k = start; k < start + width; k++) unit[k] = raw[k]! * factor;
  }
  return unit;
}
