// One text to one unit-norm TF-IDF row, by the same n-grams that the vocabulary was fitted on.
import type { SparseRow } from "../sparse/csr.ts";
import { type NgramBuffer, newNgramBuffer, readNgrams, readWords } from "./ngrams.ts";
import type { TfidfBlock, TfidfModel } from "./tfidf.ts";

/** Turns texts into rows; owns the scratch memory, so one is needed for each thread. */
export interface Vectorizer {
  /** The row of `text`: indices ascending, unit l2 norm; empty if no n-gram is known. Valid until the next call. */
  row(text: string): SparseRow;
}

export function newVectorizer(model: TfidfModel): Vectorizer {
  const ngrams = newNgramBuffer();
  const counts = new Float32Array(model.numFeatures);
  const lookups = model.blocks.map(newLookup);
  let touched = new Uint32Array(4096);
  let values = new Float32Array(4096);

  function row(text: string): SparseRow {
    readWords(text, ngrams);
    let length = 0;
    let base = 0;
    let squares = 0;
    for (const [b, block] of model.blocks.entries()) {
      readNgrams(block.options, ngrams);
      if (touched.length < length + ngrams.length) touched = enlarged(touched, length + ngrams.length);
      const from = length;
      length = countFeatures(ngrams, lookups[b]!, base, counts, touched, length);
      if (values.length < touched.length) {
        const larger = new Float32Array(touched.length);
        larger.set(values.subarray(0, from));
        values = larger;
      }
      squares += weighBlock(block, base, counts, touched, from, length, values);
      base += block.idf.length;
    }
    scaleRow(values, length, squares);
    return { indices: touched.subarray(0, length), values: values.subarray(0, length) };
  }
  return { row };
}

/** Adds each known n-gram to `counts`; lists a feature once in `touched` from `length` on. Returns the new length. */
function countFeatures(
  ngrams: NgramBuffer,
  lookup: Lookup,
  base: number,
  counts: Float32Array,
  touched: Uint32Array,
  length: number,
): number {
  const { high, low } = ngrams;
  let end = length;
  for (let i = 0; i < ngrams.length; i++) {
    const feature = find(lookup, high[i]!, low[i]!);
    if (feature < 0) continue;
    if (counts[base + feature]! === 0) touched[end++] = base + feature;
    counts[base + feature]!++;
  }
  return end;
}

/**
 * Turns the counts of one block into unit-norm values: sorts features `touched[from, to)`, writes their `values`,
 * clears their `counts` (indexed by feature). Returns the block's squared norm: 1, or 0 where it has no feature.
 */
export function weighBlock(
  { idf, options }: TfidfBlock,
  base: number,
  counts: Float32Array,
  touched: Uint32Array,
  from: number,
  to: number,
  values: Float32Array,
): number {
  touched.subarray(from, to).sort();
  let squares = 0;
  for (let k = from; k < to; k++) {
    const feature = touched[k]!;
    const count = counts[feature]!;
    counts[feature] = 0;
    const value = (options.sublinear ? 1 + Math.log(count) : count) * idf[feature - base]!;
    values[k] = value;
    squares += value * value;
  }
  if (squares === 0) return 0;
  const scale = 1 / Math.sqrt(squares);
  for (let k = from; k < to; k++) values[k] = values[k]! * scale;
  return 1;
}

/** Scales a row of blocks that stand in ascending order to unit norm; `squares` is its squared norm so far. */
export function scaleRow(values: Float32Array, length: number, squares: number): void {
  if (squares <= 1) return;
  const scale = 1 / Math.sqrt(squares);
  for (let k = 0; k < length; k++) values[k] = values[k]! * scale;
}

interface Lookup {
  readonly hashHigh: Uint32Array;
  readonly hashLow: Uint32Array;
  /** First feature whose high hash is at least bucket << shift; the hashes are uniform, so a bucket holds about one. */
  readonly bucketStart: Uint32Array;
  readonly shift: number;
}

function newLookup({ hashHigh, hashLow }: TfidfBlock): Lookup {
  const bits = Math.min(24, Math.max(4, Math.ceil(Math.log2(hashHigh.length + 1))));
  const shift = 32 - bits;
  const bucketStart = new Uint32Array((1 << bits) + 1);
  for (let i = 0; i < hashHigh.length; i++) bucketStart[(hashHigh[i]! >>> shift) + 1]!++;
  for (let b = 0; b < 1 << bits; b++) bucketStart[b + 1]! += bucketStart[b]!;
  return { hashHigh, hashLow, bucketStart, shift };
}

function find({ hashHigh, hashLow, bucketStart, shift }: Lookup, high: number, low: number): number {
  const bucket = high >>> shift;
  const end = bucketStart[bucket + 1]!;
  for (let i = bucketStart[bucket]!; i < end; i++) {
    if (hashHigh[i] === high && hashLow[i] === low) return i;
  }
  return -1;
}

function enlarged(array: Uint32Array<ArrayBuffer>, capacity: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(capacity, array.length * 2));
  larger.set(array);
  return larger;
}
