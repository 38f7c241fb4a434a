// What a model says about its encoder: what is needed to run it as it was trained, and where it came from.

export const poolings = ["mean", "first", "pooler"] as const;
export const encoderFiles = ["encoder.onnx", "encoder.int8.onnx"] as const;

export interface EncoderDescription {
  /** Numbers of an embedding. */
  readonly hidden: number;
  /** λ: the features of a text are its unit TF-IDF row beside λ times its unit embedding. */
  readonly weight: number;
  /** How the graph makes one embedding of the tokens' states; for people. */
  readonly pooling: (typeof poolings)[number];
  /** Word pieces of one passage at most, special ones included. */
  readonly maxPieces: number;
  /** Passages of one text at most. */
  readonly passages: number;
  /** The graph that answers: the quantised one only where it was found to be no worse. */
  readonly serves: (typeof encoderFiles)[number];
  /** Where the pre-trained weights came from, with revision and hash. */
  readonly origin: string;
  readonly licence?: string | undefined;
}

/** The files that make an encoder, as they are in the model folder. */
export interface EncoderFiles {
  /** The graph that answers. */
  readonly onnx: Uint8Array<ArrayBuffer>;
  readonly tokenizer: string;
  readonly tokenizerConfig: string;
}
