// An encoder at work: texts to unit embeddings, in an onnxruntime session on the CPU. The native library is loaded with
// the first session, so a model without an encoder never pays for it.
// Invariant: one session runs one batch at a time; what a text's embedding is depends on its batch by rounding only, and
// not at all with 8-bit weights, where rounding is coarse.
import type { InferenceSession } from "onnxruntime-node";
import { EncoderError } from "../errors.ts";
import type { PieceTokenizer } from "../text/pieces.ts";
import { type PassageOptions, type Passages, poolPassages, readPassages } from "./passages.ts";

export interface EncoderSessionOptions extends EncodingOptions {
  /** A graph from `input_ids`, `attention_mask` int64 [batch, length] to `embedding` float32 [batch, hidden]. */
  readonly onnx: Uint8Array;
  /** Threads of one operator; default: one a core. */
  readonly threads?: number | undefined;
}

interface EncodingOptions extends PassageOptions {
  readonly pieces: PieceTokenizer;
  /** Numbers of an embedding. */
  readonly hidden: number;
  /** With 8-bit weights all that enters a matrix shares one scale, so each passage runs alone; default: false. */
  readonly quantised?: boolean;
}

export interface EncoderSession {
  /**
   * The unit embedding of each text, zeros for one without a piece. Passages of like length run together, unless the
   * graph is quantised.
   * @throws EncoderError where the session fails, the signal's reason between two batches.
   */
  encode(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>;
  /** What `encode` reads of a text. */
  look(text: string): Passages["read"];
  /** Frees the session once a batch that runs has ended. */
  dispose(): Promise<void>;
}

type Ort = typeof import("onnxruntime-node");

const sessionConfig = {
  // Threads wait busily within a run, which takes a third off a suggestion, and sleep between two key strokes, where
  // waiting would burn a laptop's battery.
  force_spinning_stop: "1",
  // Else "ORTM" at byte 4, which an ONNX file may well have, makes it read another format, which nobody looked through.
  load_model_format: "ONNX",
};

/** Word pieces of a batch, filled ones included: enough to use two cores well, few enough to cancel soon. */
const maxBatchPieces = 2048;
const maxBatchRows = 64;

/**
 * Starts a session and runs it once, so that a graph that does not fit its description is known now.
 * @throws EncoderError where the native library is missing or the graph is not what it should be.
 */
export async function openTextEncoder({
  onnx,
  threads = 0,
  ...options
}: EncoderSessionOptions): Promise<EncoderSession> {
  const ort = await loadOrt();
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(onnx, {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "all",
      extra: { session: sessionConfig },
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new EncoderError(`the encoder's graph cannot be loaded (${firstLine(error)}); train the model again`, {
      cause: error,
    });
  }
  try {
    const encoder = new OrtEncoderSession(ort, session, options);
    await encoder.rehearse();
    return encoder;
  } catch (error) {
    await session.release();
    throw error;
  }
}

async function loadOrt(): Promise<Ort> {
  try {
    return await import("onnxruntime-node");
  } catch (error) {
    const place = `${process.platform}-${process.arch}`;
    throw new EncoderError(
      `onnxruntime-node does not load on ${place} (${firstLine(error)}); install onnxruntime-node for it`,
      {
        cause: error,
      },
    );
  }
}

class OrtEncoderSession implements EncoderSession {
  readonly #ort: Ort;
  readonly #session: InferenceSession;
  readonly #options: EncodingOptions;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(ort: Ort, session: InferenceSession, options: EncodingOptions) {
    this.#ort = ort;
    this.#session = session;
    this.#options = options;
  }

  /** Runs the longest passage that there can be. @throws EncoderError where something other than embeddings comes out. */
  async rehearse(): Promise<void> {
    const { pieces, maxPieces } = this.#options;
    const piece = pieces.encode("a", maxPieces)[0] ?? pieces.padding;
    await this.#run([new Int32Array(maxPieces).fill(piece)]);
  }

  async encode(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> {
    signal?.throwIfAborted();
    const { pieces, hidden, quantised = false } = this.#options;
    const mostRows = quantised ? 1 : maxBatchRows;
    const rows = texts.flatMap((text, owner) =>
      readPassages(text, pieces, this.#options).passages.map((ids) => ({ owner, ids })),
    );
    rows.sort((a, b) => a.ids.length - b.ids.length);
    const found = texts.map((): Float32Array[] => []);
    for (let first = 0; first < rows.length; ) {
      let end = first + 1;
      while (end < rows.length && end - first < mostRows) {
        if ((end + 1 - first) * rows[end]!.ids.length > maxBatchPieces) break;
        end++;
      }
      const batch = rows.slice(first, end);
      const embeddings = await this.#run(batch.map((it) => it.ids));
      signal?.throwIfAborted();
      for (const [i, { owner }] of batch.entries()) found[owner]!.push(embeddings[i]!);
      first = end;
    }
    return found.map((it) => poolPassages(it, hidden));
  }

  look(text: string): Passages["read"] {
    return readPassages(text, this.#options.pieces, this.#options).read;
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#last.catch(() => undefined);
    await this.#session.release();
  }

  /** One embedding a row, in order; runs one after the other. */
  #run(rows: readonly Int32Array[]): Promise<Float32Array[]> {
    const next = this.#last.catch(() => undefined).then(() => this.#runNow(rows));
    this.#last = next;
    return next;
  }

  async #runNow(rows: readonly Int32Array[]): Promise<Float32Array[]> {
    if (this.#disposed) throw new EncoderError("the encoder was closed; open the model again");
    const { pieces, hidden } = this.#options;
    const length = Math.max(...rows.map((it) => it.length));
    const ids = new BigInt64Array(rows.length * length).fill(BigInt(pieces.padding));
    const mask = new BigInt64Array(rows.length * length);
    for (const [r, row] of rows.entries()) {
      for (let i = 0; i < row.length; i++) {
        ids[r * length + i] = BigInt(row[i]!);
        mask[r * length + i] = 1n;
      }
    }
    const shape = [rows.length, length];
    let output: InferenceSession.OnnxValueMapType;
    try {
      output = await this.#session.run(
        {
          input_ids: new this.#ort.Tensor("int64", ids, shape),
          attention_mask: new this.#ort.Tensor("int64", mask, shape),
        },
        ["embedding"],
      );
    } catch (error) {
      throw new EncoderError(`the encoder failed (${firstLine(error)}); train the model again`, { cause: error });
    }
    const { data } = output["embedding"]!;
    const isSound = data instanceof Float32Array && data.length === rows.length * hidden && data.every(Number.isFinite);
    if (!isSound) {
      throw new EncoderError(
        `the encoder gave ${data.length} values, expected ${rows.length} x ${hidden} finite numbers; train the model again`,
      );
    }
    return rows.map((_, r) => data.subarray(r * hidden, (r + 1) * hidden));
  }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0]!.trim();
}
