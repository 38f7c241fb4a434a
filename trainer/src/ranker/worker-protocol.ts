// What the main thread and a ranker worker say to each other. Large arrays are shared or transferred, never copied.
import type { Chunk, EncodedChunk, LabelTree, LevelContent, Loss } from "@tagwright/model/internals";
import type { NodePart, RankerData, RankerOptions } from "./train-node.ts";

export type WorkerRequest =
  /** What the following jobs work on. No answer. */
  | { readonly kind: "load"; readonly data: RankerData }
  /** Levels above the one to be matched. No answer. */
  | {
      readonly kind: "levels";
      readonly tree: LabelTree;
      readonly levels: readonly LevelContent[];
      readonly loss: Loss;
    }
  | {
      readonly kind: "train";
      readonly level: number;
      readonly parent: number;
      readonly extra: Uint32Array;
      /** Answered by "part" where there is more than one. */
      readonly part: NodePart;
      readonly options: RankerOptions;
    }
  /** The `keep` best nodes of the loaded levels' last one for documents [from, to). */
  | { readonly kind: "match"; readonly from: number; readonly to: number; readonly keep: number };

export type WorkerAnswer =
  | { readonly kind: "trained"; readonly bias: Float32Array; readonly chunk: EncodedChunk; readonly passes: number }
  | { readonly kind: "part"; readonly bias: Float32Array; readonly chunk: Chunk }
  /** Document d's nodes are entries [(d - from) · keep, …) of `nodes`, NO_NODE where there are fewer. */
  | { readonly kind: "matched"; readonly nodes: Uint32Array }
  | { readonly kind: "failed"; readonly message: string };

export const NO_NODE = 0xffffffff;
