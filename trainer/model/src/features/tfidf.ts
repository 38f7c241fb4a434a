// TF-IDF: options and the fitted vocabulary. A feature is the rank of its n-gram's 64-bit hash among all that were
// kept, so the vocabulary is two sorted arrays and needs no table to be built at load time.

export type Analyzer = "word" | "char";

export interface TfidfOptions {
  readonly analyzer: Analyzer;
  /** Inclusive n-gram lengths, in words or characters. */
  readonly minN: number;
  readonly maxN: number;
  /** tf becomes 1 + ln tf. */
  readonly sublinear: boolean;
}

export interface TfidfBlock {
  readonly options: TfidfOptions;
  /** High and low 32 bits of the n-gram hashes, sorted together ascending; length numFeatures. */
  readonly hashHigh: Uint32Array;
  readonly hashLow: Uint32Array;
  readonly idf: Float32Array;
}

/** Blocks stand side by side: block b's features start where block b - 1's end. The whole row has unit norm. */
export interface TfidfModel {
  readonly blocks: readonly TfidfBlock[];
  readonly numFeatures: number;
}
