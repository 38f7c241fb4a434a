// The door of @tagwright/model.

export { EncoderError, type Fault, ModelBusyError, ModelFolderError, ModelWriteError } from "./errors.ts";
export { previousModel } from "./folder/previous.ts";
export { restorePrevious } from "./folder/swap.ts";
export { type Verification, verifyModelFolder } from "./folder/verify.ts";
export { openModel } from "./model.ts";
export type { SparseRow } from "./sparse/csr.ts";
export type {
  EncoderState,
  Explanation,
  Model,
  ModelInfo,
  OpenOptions,
  PathStep,
  Suggestion,
  TermContribution,
} from "./types.ts";
