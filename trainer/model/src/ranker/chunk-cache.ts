// Decoded chunks under a byte budget, least recently used out first. Memory does not grow with the label count.
import type { Chunk } from "./chunk.ts";

/** Of the four array objects, their buffers and the map's entry; measured roughly, it keeps tiny chunks from counting nothing. */
const overheadBytes = 600;

export class ChunkCache {
  readonly #maxBytes: number;
  /** In the order of last use, oldest first. */
  readonly #chunks = new Map<number, Chunk>();
  #bytes = 0;

  /** @throws RangeError unless `maxBytes` is a number of at least 0. */
  constructor(maxBytes: number) {
    if (!(maxBytes >= 0)) throw new RangeError(`ChunkCache: maxBytes is ${maxBytes}, must be at least 0`);
    this.#maxBytes = maxBytes;
  }

  /** Bytes held now; never over the budget. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: number): Chunk | undefined {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return undefined;
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    return chunk;
  }

  /** Keeps `chunk`, at the price of those unused for longest. One over the whole budget is not kept. */
  put(key: number, chunk: Chunk): void {
    this.#drop(key);
    const bytes = chunkBytes(chunk);
    if (bytes > this.#maxBytes) return;
    for (const oldest of this.#chunks.keys()) {
      if (this.#bytes + bytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
    this.#chunks.set(key, chunk);
    this.#bytes += bytes;
  }

  dispose(): void {
    this.#chunks.clear();
    this.#bytes = 0;
  }

  #drop(key: number): void {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return;
    this.#chunks.delete(key);
    this.#bytes -= chunkBytes(chunk);
  }
}

function chunkBytes({ features, rowStart, children, weights }: Chunk): number {
  return (
    overheadBytes +
    features.buffer.byteLength +
    rowStart.buffer.byteLength +
    children.buffer.byteLength +
    weights.buffer.byteLength
  );
}
