// Decoded chunks under a byte budget, least recently used out first. Memory does not grow with the label count.
// A search asks for some thirty chunks a document, so a hit relinks two neighbours and allocates nothing.
import type { Chunk } from "./chunk.ts";
import { machineMemory } from "./machine-memory.ts";

const LEAST_BUDGET = 256 * 2 ** 20;
const SHARE_OF_MEMORY = 1 / 8;

/** A share of the memory that this process may use. A beam that misses the cache takes a hundred times as long. */
export function defaultCacheBytes(): number {
  return Math.max(LEAST_BUDGET, Math.floor(machineMemory() * SHARE_OF_MEMORY));
}

/** Of the four array objects, their buffers and the entry; it keeps tiny chunks from counting nothing. */
const overheadBytes = 600;

interface Entry {
  readonly key: number;
  readonly chunk: Chunk;
  readonly bytes: number;
  newer: Entry | undefined;
  older: Entry | undefined;
}

export class ChunkCache {
  readonly #maxBytes: number;
  readonly #entries = new Map<number, Entry>();
  #newest: Entry | undefined;
  #oldest: Entry | undefined;
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
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry !== this.#newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    return entry.chunk;
  }

  /** Keeps `chunk`, at the price of those unused for longest. One over the whole budget is not kept. */
  put(key: number, chunk: Chunk): void {
    const replaced = this.#entries.get(key);
    if (replaced !== undefined) this.#drop(replaced);
    const bytes = chunkBytes(chunk);
    if (bytes > this.#maxBytes) return;
    while (this.#oldest !== undefined && this.#bytes + bytes > this.#maxBytes) this.#drop(this.#oldest);
    const entry: Entry = { key, chunk, bytes, newer: undefined, older: undefined };
    this.#entries.set(key, entry);
    this.#link(entry);
    this.#bytes += bytes;
  }

  dispose(): void {
    this.#entries.clear();
    this.#newest = undefined;
    this.#oldest = undefined;
    this.#bytes = 0;
  }

  #drop(entry: Entry): void {
    this.#unlink(entry);
    this.#entries.delete(entry.key);
    this.#bytes -= entry.bytes;
  }

  #link(entry: Entry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink({ newer, older }: Entry): void {
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
  }
}

function chunkBytes({ features, rowStart, children, weights, startOf, rowIndex, dense }: Chunk): number {
  const lookUp = startOf?.buffer.byteLength ?? rowIndex?.buffer.byteLength ?? 0;
  const arrays = features.buffer.byteLength + rowStart.buffer.byteLength + lookUp;
  // Scales are a view of the level's own array.
  const panel = dense === undefined ? 0 : dense.weights.buffer.byteLength;
  return overheadBytes + arrays + children.buffer.byteLength + weights.buffer.byteLength + panel;
}
