// A pre-trained encoder in one form for all families: BERT, MiniLM, DistilBERT, RoBERTa, XLM-R and MPNet are the same network
// with other names; MPNet adds what distances are worth. Whoever reads weights brings them into this form; the training graph knows no other.
import type { HostTensor } from "../engines/engine.ts";

export type Pooling = "mean" | "first" | "pooler";

/** The shape of a post-norm transformer encoder. */
export interface EncoderShape {
  readonly family: "bert" | "distilbert" | "mpnet" | "roberta";
  readonly layers: number;
  /** Width H of the hidden states. */
  readonly hidden: number;
  readonly heads: number;
  /** Width F of the feed-forward layer. */
  readonly intermediate: number;
  readonly vocabulary: number;
  /** Rows of the position table. */
  readonly positions: number;
  /** Row of the first position: 0, or 2 for RoBERTa and MPNet. */
  readonly firstPosition: number;
  readonly epsilon: number;
  readonly activation: "gelu" | "gelu_tanh" | "relu";
  /** How token states become one embedding: mean over tokens, the first token, or tanh of a layer over the first one. */
  readonly pooling: Pooling;
}

/**
 * Weights by name, all float32; a matrix is [inputs, outputs], so that a row vector is multiplied from the left:
 * `words` [V, H] (for families with token types: with the row of type 0 NOT added), `positions` [P, H], `types` [H]
 * (zeros where the family has none), `norm.scale`, `norm.shift` [H]; for each layer i `layer.i.` with
 * `query|key|value|output.weight` [H, H] and `.bias` [H], `attention.scale|shift` [H] (the norm after attention),
 * `up.weight` [H, F], `up.bias` [F], `down.weight` [F, H], `down.bias` [H], `feed.scale|shift` [H] (the norm after the
 * feed-forward layer); `pooler.weight` [H, H], `pooler.bias` [H] with pooling "pooler"; for MPNet `relative` [32, heads],
 * what the distance of two pieces adds to the score of one for the other.
 */
export type EncoderWeights = ReadonlyMap<string, HostTensor>;

export interface PretrainedEncoder {
  /** What a person calls it: `all-MiniLM-L6-v2`, a hub id, a folder's name. */
  readonly name: string;
  /** Where it came from, with revision or version and hash, for the model card. */
  readonly origin: string;
  readonly licence: string | undefined;
  readonly shape: EncoderShape;
  readonly weights: EncoderWeights;
  /** tokenizer.json as published. */
  readonly tokenizer: string;
  /** tokenizer_config.json as published, "{}" where there is none. */
  readonly tokenizerConfig: string;
  /** Longest input in word pieces, special ones included. */
  readonly maxPieces: number;
}
