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

/**
 * Finds `features`, features of the model: the row of the i-th that has one into rows[i], its place among them into
 * places[i]. No branch depends on what is found. @returns how many there are.
 */
export function findRows(index: RowIndex, features: Uint32Array, rows: Uint32Array, places: Uint32Array): number {
  let found = 0;
  for (let k = 0; k < features.length; k++) {
    const word = 2 * (features[k]! >>> 5);
    const bit = features[k]! & 31;
    const bits = index[word]!;
    rows[found] = index[word + 1]! + countBits(bits & ((1 << bit) - 1));
    places[found] = k;
    found += (bits >>> bit) & 1;
  }
  return found;
}

function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
