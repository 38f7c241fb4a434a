// The second door: what the trainer, and nobody else, shares with the running model.

export type { Analyzer, TfidfBlock, TfidfModel, TfidfOptions } from "./features/tfidf.ts";
export type { Chunk, Ranker, RankerLevel } from "./ranker/chunk.ts";
export type { Csr, SparseRow } from "./sparse/csr.ts";
export type { LabelTree, TreeLevel } from "./tree/label-tree.ts";
export { numNodes } from "./tree/label-tree.ts";
