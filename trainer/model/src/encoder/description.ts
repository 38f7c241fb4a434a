// What a model says about an encoder of it: what is needed to run it as it was trained, and where it came from; and the
// names of its files.

export const poolings = ["mean", "first", "pooler"] as const;
/** Encoders of a model at most. */
export const maxEncoders = 16;

/** The files of an encoder, as they are called where the model has one. */
export const encoderParts = ["encoder.int8.onnx", "encoder.onnx", "tokenizer.json", "tokenizer_config.json"] as const;
export type EncoderPart = (typeof encoderParts)[number];
export type EncoderFileName =
  | EncoderPart
  | `encoder-${number}.onnx`
  | `encoder-${number}.int8.onnx`
  | `tokenizer-${number}.json`
  | `tokenizer_config-${number}.json`;

/** The name of a file of encoder `number`, counted from 1: `encoder-2.int8.onnx`; of the only one without a number. */
export function encoderFileName(part: EncoderPart, number?: number): EncoderFileName {
  return number === undefined ? part : (part.replace(".", `-${number}.`) as EncoderFileName);
}

/** Whether a graph of this name has 8-bit weights. */
export function isQuantised(name: EncoderFileName): boolean {
  return name.endsWith(".int8.onnx");
}

export interface EncoderDescription {
  /** What people call it; left out where the model has no other. */
  readonly name?: string | undefined;
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
  readonly serves: EncoderFileName;
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
