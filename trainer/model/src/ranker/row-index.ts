// Where a feature's row is in a chunk, in two reads whatever the chunk's size: a bit a feature of the model, and before each
// 32 of them the number of rows so far. Source: rank over bit vectors, Jacobson, FOCS 1989.

/** Word 2 i: which of the features 32 i to 32 i + 31 have a row. Word 2 i + 1: how many features below 32 i have one. */
export type RowIndex = Uint32Array;

/** @param features ascending, below `numFeatures`. */
export function newRowIndex(features: Uint32Array, numFeatures: number): RowIndex {
  const index = new Uint32Array(2 * Math.ceil(numFeatures / 32));
  for (const feature of features) index[2 * (feature >>> 5)]! |= 1 << (feature & 31);
  let rows = 0;
  for (let word = 0; word < index.length; word += 2) {
    index[word + 1] = rows;
    rows += countBits(index[word]!);
  }
  return index;
}

/** Row of `feature`, a feature of the model; -1 where it has none. */
export function rowOfFeature(index: RowIndex, feature: number): number {
  const word = 2 * (feature >>> 5);
  const bits = index[word]!;
  const bit = 1 << (feature & 31);
  return (bits & bit) === 0 ? -1 : index[word + 1]! + countBits(bits & (bit - 1));
}

function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
