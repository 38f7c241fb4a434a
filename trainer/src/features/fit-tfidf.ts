// Fits TF-IDF on a corpus in one pass: n-gram statistics in flat tables, rows kept as n-gram ids until idf is known.
// A row comes out bit for bit as `newVectorizer` makes it later: both share the n-grams and the weighing.
import type { Csr, TfidfBlock, TfidfModel, TfidfOptions } from "@tagwright/model/internals";
import { newNgramBuffer, ngramText, readNgrams, readWords, scaleRow, weighBlock } from "@tagwright/model/internals";
import { GrowingBytes, GrowingUint32, sharedFloat32, sharedUint32 } from "./growing.ts";

export interface FitOptions {
  readonly blocks: readonly TfidfOptions[];
  /** An n-gram needs this many documents. */
  readonly minDocuments: number;
  /** Bound for each block; the most frequent n-grams stay. */
  readonly maxFeatures: number;
}

export interface FittedTfidf {
  readonly model: TfidfModel;
  /** Shape [documents, features], unit rows, in shared memory. */
  readonly rows: Csr;
  /** The n-gram of each feature, in feature order. */
  vocabulary(): Iterable<string>;
}

export interface TfidfFitter {
  add(text: string): void;
  /** Call once, after the last `add`. */
  finish(): FittedTfidf;
}

export function newTfidfFitter(options: FitOptions): TfidfFitter {
  const ngrams = newNgramBuffer();
  const statistics = options.blocks.map((block) => new BlockStatistics(block, options.minDocuments));
  let numDocuments = 0;
  return {
    add(text) {
      readWords(text, ngrams);
      for (const block of statistics) {
        readNgrams(block.options, ngrams);
        block.addDocument(ngrams, numDocuments);
      }
      numDocuments++;
    },
    finish() {
      const selected = statistics.map((block) => block.select(numDocuments, options.maxFeatures));
      const numFeatures = selected.reduce((sum, { block }) => sum + block.idf.length, 0);
      const model: TfidfModel = { blocks: selected.map(({ block }) => block), numFeatures };
      return {
        model,
        rows: buildRows(model, statistics, selected, numDocuments),
        *vocabulary() {
          for (const [b, { idOf }] of selected.entries()) for (const id of idOf) yield statistics[b]!.term(id);
        },
      };
    },
  };
}

interface SelectedBlock {
  readonly block: TfidfBlock;
  /** n-gram id → feature of this block, or NONE. */
  readonly featureOf: Uint32Array;
  /** Feature → n-gram id. */
  readonly idOf: Uint32Array;
}

const NONE = 0xffffffff;

/** Statistics of one block's n-grams: an open-addressing table from 64-bit hash to id, ids in order of appearance. */
class BlockStatistics {
  readonly options: TfidfOptions;
  /** Row d is entries [rowStart[d], rowStart[d + 1]). */
  readonly rowStart = new GrowingUint32([0]);
  readonly rowIds = new GrowingUint32();
  readonly rowCounts = new GrowingUint32();
  readonly #minDocuments: number;
  readonly #high = new GrowingUint32();
  readonly #low = new GrowingUint32();
  readonly #documents = new GrowingUint32();
  /** Entry of the current document's row, valid where #lastDocument says so. */
  readonly #entry = new GrowingUint32();
  readonly #lastDocument = new GrowingUint32();
  /** Terms are kept from the moment they can be selected; most n-grams never can. */
  readonly #terms = new GrowingBytes();
  readonly #termStart = new GrowingUint32();
  #table = new Uint32Array(1 << 16);

  constructor(options: TfidfOptions, minDocuments: number) {
    this.options = options;
    this.#minDocuments = Math.max(1, minDocuments);
  }

  addDocument(ngrams: ReturnType<typeof newNgramBuffer>, document: number): void {
    const { high, low, length } = ngrams;
    const stamp = document + 1;
    for (let i = 0; i < length; i++) {
      const id = this.#idOf(high[i]!, low[i]!);
      if (this.#lastDocument.values[id] === stamp) {
        this.rowCounts.values[this.#entry.values[id]!]!++;
        continue;
      }
      this.#lastDocument.values[id] = stamp;
      this.#entry.values[id] = this.rowIds.length;
      this.rowIds.push(id);
      this.rowCounts.push(1);
      const documents = ++this.#documents.values[id]!;
      if (documents === this.#minDocuments) {
        this.#termStart.values[id] = this.#terms.length;
        this.#terms.pushText(ngramText(this.options, ngrams, i));
      }
    }
    this.rowStart.push(this.rowIds.length);
  }

  term(id: number): string {
    return this.#terms.textAt(this.#termStart.values[id]!);
  }

  select(numDocuments: number, maxFeatures: number): SelectedBlock {
    const documents = this.#documents.values;
    const high = this.#high.values;
    const low = this.#low.values;
    let ids = Uint32Array.from({ length: this.#documents.length }, (_, id) => id);
    ids = ids.filter((id) => documents[id]! >= this.#minDocuments);
    const byHash = (a: number, b: number) => high[a]! - high[b]! || low[a]! - low[b]!;
    if (ids.length > maxFeatures) {
      ids.sort((a, b) => documents[b]! - documents[a]! || byHash(a, b));
      ids = ids.slice(0, maxFeatures);
    }
    ids.sort(byHash);
    const featureOf = new Uint32Array(this.#documents.length).fill(NONE);
    const idf = new Float32Array(ids.length);
    for (const [feature, id] of ids.entries()) {
      featureOf[id] = feature;
      idf[feature] = Math.log((1 + numDocuments) / (1 + documents[id]!)) + 1;
    }
    const block = {
      options: this.options,
      hashHigh: ids.map((id) => high[id]!),
      hashLow: ids.map((id) => low[id]!),
      idf,
    };
    return { block, featureOf, idOf: ids };
  }

  #idOf(high: number, low: number): number {
    const mask = this.#table.length - 1;
    let slot = (high ^ Math.imul(low, 0x9e3779b1)) & mask;
    for (;;) {
      const id = this.#table[slot]! - 1;
      if (id < 0) return this.#insert(slot, high, low);
      if (this.#high.values[id] === high && this.#low.values[id] === low) return id;
      slot = (slot + 1) & mask;
    }
  }

  #insert(slot: number, high: number, low: number): number {
    const id = this.#high.length;
    this.#high.push(high);
    this.#low.push(low);
    this.#documents.push(0);
    this.#entry.push(0);
    this.#lastDocument.push(0);
    this.#termStart.push(0);
    this.#table[slot] = id + 1;
    if (id * 2 > this.#table.length) this.#growTable();
    return id;
  }

  #growTable(): void {
    const table = new Uint32Array(this.#table.length * 4);
    const mask = table.length - 1;
    for (let id = 0; id < this.#high.length; id++) {
      let slot = (this.#high.values[id]! ^ Math.imul(this.#low.values[id]!, 0x9e3779b1)) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = id + 1;
    }
    this.#table = table;
  }
}

function buildRows(
  model: TfidfModel,
  statistics: readonly BlockStatistics[],
  selected: readonly SelectedBlock[],
  numRows: number,
): Csr {
  const size = countEntries(statistics, selected);
  const indptr = sharedUint32(numRows + 1);
  const indices = sharedUint32(size);
  const values = sharedFloat32(size);
  const counts = new Float32Array(model.numFeatures);
  let at = 0;
  for (let row = 0; row < numRows; row++) {
    const start = at;
    let base = 0;
    let squares = 0;
    for (const [b, { rowStart, rowIds, rowCounts }] of statistics.entries()) {
      const { featureOf, block } = selected[b]!;
      const from = at;
      for (let e = rowStart.values[row]!; e < rowStart.values[row + 1]!; e++) {
        const feature = featureOf[rowIds.values[e]!]!;
        if (feature === NONE) continue;
        counts[base + feature] = rowCounts.values[e]!;
        indices[at++] = base + feature;
      }
      squares += weighBlock(block, base, counts, indices, from, at, values);
      base += block.idf.length;
    }
    scaleRow(values.subarray(start, at), at - start, squares);
    indptr[row + 1] = at;
  }
  return { numRows, numCols: model.numFeatures, indptr, indices, values };
}

function countEntries(statistics: readonly BlockStatistics[], selected: readonly SelectedBlock[]): number {
  let size = 0;
  for (const [b, { rowIds }] of statistics.entries()) {
    const { featureOf } = selected[b]!;
    for (let e = 0; e < rowIds.length; e++) if (featureOf[rowIds.values[e]!] !== NONE) size++;
  }
  return size;
}
