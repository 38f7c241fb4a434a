// The second door: what the trainer, and nobody else, shares with the running model.

export { checkOnnx } from "./encoder/check-onnx.ts";
export { maxEncoders } from "./encoder/description.ts";
export {
  type PassageOptions,
  type Passages,
  type PieceReader,
  poolPassages,
  readPassages,
} from "./encoder/passages.ts";
export { newNgramBuffer, ngramText, readNgrams, readWords } from "./features/ngrams.ts";
export type { Analyzer, TfidfBlock, TfidfModel, TfidfOptions } from "./features/tfidf.ts";
export { newVectorizer, scaleRow, type Vectorizer, weighBlock } from "./features/vectorize.ts";
export type { EncoderContent, LevelContent, MemberContent, ModelContent } from "./folder/content.ts";
export { asWriteError } from "./folder/disk-errors.ts";
export { previousFolder } from "./folder/files.ts";
export { acquireLock } from "./folder/lock.ts";
export {
  layoutTensors,
  parseTensorTable,
  type TensorEntry,
  type TensorTable,
  viewTensor,
} from "./folder/safetensors.ts";
export { syncFolder } from "./folder/swap.ts";
export { lockModelFolder, type WriteOptions, writeModelFolder } from "./folder/writer.ts";
export { type Kernels, NUM_LANES } from "./kernels/kernels.ts";
export { type LanePositives, LaneSolver, type SolvedLanes, type SolverOptions } from "./kernels/lane-solver.ts";
export type { Loss } from "./kernels/lane-start.ts";
export { newKernels } from "./kernels/new-kernels.ts";
export { newReferenceKernels } from "./kernels/reference.ts";
export { newSimdKernels } from "./kernels/simd.ts";
export type { Chunk, Ranker, RankerLevel } from "./ranker/chunk.ts";
export { decodeChunk, type EncodedChunk, encodeChunk, MOST_CHILDREN } from "./ranker/chunk-codec.ts";
export { childWeights, type DensePanel, newPanel, quantiseChild } from "./ranker/dense-panel.ts";
export { machineMemory } from "./ranker/machine-memory.ts";
export { type Beam, type BeamOptions, BeamSearch, newBeam } from "./search/beam-search.ts";
export type { Calibration } from "./search/calibrate.ts";
export { probabilityOf } from "./search/calibrate.ts";
export { type Combination, Combiner, combinations } from "./search/combine.ts";
export { longestList } from "./search/combined-search.ts";
export { EnsembleSearch, type Member, type Scoring } from "./search/ensemble.ts";
export { type Csr, type DenseBlock, rowOf, type SparseRow } from "./sparse/csr.ts";
export { fromFloat16s } from "./sparse/float16.ts";
export { newPieceTokenizer, type PieceTokenizer } from "./text/pieces.ts";
export type { LabelTree, TreeLevel } from "./tree/label-tree.ts";
export { numNodes } from "./tree/label-tree.ts";
