// A made-up encoder for tests, small enough to work out by hand: the embedding of a text is the mean of its pieces' rows
// in a table. Written as ONNX byte by byte, so that tests can also write what no encoder of ours would hold.

type Content = Uint8Array | string | number;

/** A Protocol Buffers message: [field number, content] in order. Numbers are varints, everything else has a length. */
export function message(...fields: readonly (readonly [number, Content])[]): Uint8Array {
  const bytes: number[] = [];
  const varint = (value: number) => {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  };
  for (const [number, content] of fields) {
    if (typeof content === "number") {
      varint(number * 8);
      varint(content);
      continue;
    }
    const data = typeof content === "string" ? Buffer.from(content) : content;
    varint(number * 8 + 2);
    varint(data.length);
    for (const byte of data) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** Varints one after the other. */
function packed(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((it) => [...message([0, it])].slice(1)));
}

const slowSide = 1500;
const float = 1;
const int64 = 7;

export interface ExampleParts {
  /** Row p is the embedding of piece p. */
  readonly table: readonly (readonly number[])[];
  /** Makes a batch take some 50 ms without changing an embedding: two large matrices are multiplied. */
  readonly slow?: boolean;
  /** Fields of a TensorProto, of a NodeProto, of the GraphProto and of the ModelProto on top of what belongs there. */
  readonly tensor?: readonly (readonly [number, Content])[];
  readonly node?: readonly (readonly [number, Content])[];
  readonly graph?: readonly (readonly [number, Content])[];
  readonly model?: readonly (readonly [number, Content])[];
}

/** Opset 18: Gather, Cast, Unsqueeze, Mul, ReduceSum, Div; a slow one Expand and MatMul, too. */
export function exampleOnnx({
  table,
  slow = false,
  tensor = [],
  node = [],
  graph = [],
  model = [],
}: ExampleParts): Uint8Array {
  const width = table[0]!.length;
  const numbers = Float32Array.from(table.flat());
  const op = (type: string, inputs: readonly string[], output: string, ...attributes: Uint8Array[]) =>
    message(
      ...inputs.map((it) => [1, it] as const),
      [2, output],
      [4, type],
      ...attributes.map((it) => [5, it] as const),
      ...(type === "Gather" ? node : []),
    );
  const int = (name: string, value: number) => message([1, name], [3, value], [20, 2]);
  const axis = (name: string, value: number) => message([1, 1], [2, int64], [7, packed(value)], [8, name]);
  const value = (name: string, type: number, ...shape: readonly (string | number)[]) => {
    const dimensions = shape.map((it) => [1, typeof it === "number" ? message([1, it]) : message([2, it])] as const);
    return message([1, name], [2, message([1, message([1, type], [2, message(...dimensions)])])]);
  };
  return message(
    [1, 8],
    [
      7,
      message(
        [1, op("Gather", ["table", "input_ids"], "rows")],
        [1, op("Cast", ["attention_mask"], "flat", int("to", float))],
        [1, op("Unsqueeze", ["flat", "last"], "mask")],
        [1, op("Mul", ["rows", "mask"], "kept")],
        [1, op("ReduceSum", ["kept", "middle"], "sum", int("keepdims", 0))],
        [1, op("ReduceSum", ["mask", "middle"], "count", int("keepdims", 0))],
        ...(slow
          ? ([
              [1, op("ReduceMax", ["count"], "most", int("keepdims", 0))],
              [1, op("Expand", ["most", "side"], "square")],
              [1, op("MatMul", ["square", "square"], "product")],
              [1, op("ReduceMax", ["product"], "one", int("keepdims", 0))],
              [1, op("Sub", ["one", "one"], "nothing")],
              [1, op("Add", ["count", "nothing"], "divisor")],
              [5, message([1, 2], [2, int64], [7, packed(slowSide, slowSide)], [8, "side"])],
            ] as const)
          : []),
        [1, op("Div", ["sum", slow ? "divisor" : "count"], "embedding")],
        [2, "example"],
        [
          5,
          message(
            [1, table.length],
            [1, width],
            [2, float],
            [8, "table"],
            [9, new Uint8Array(numbers.buffer)],
            ...tensor,
          ),
        ],
        [5, axis("last", 2)],
        [5, axis("middle", 1)],
        [11, value("input_ids", int64, "batch", "length")],
        [11, value("attention_mask", int64, "batch", "length")],
        [12, value("embedding", float, "batch", width)],
        ...graph,
      ),
    ],
    [8, message([1, ""], [2, 18])],
    ...model,
  );
}

/** Words that are pieces of their own, after [PAD], [UNK], [CLS] and [SEP]. */
export const exampleWords = ["a", "sea", "boat", "bird", "bread", "salt"];

/** A tokenizer.json of BERT's kind that knows `exampleWords`. */
export const exampleTokenizer = JSON.stringify({
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
    },
  },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(["[PAD]", "[UNK]", "[CLS]", "[SEP]", ...exampleWords].map((it, id) => [it, id])),
  },
});

export const exampleTokenizerConfig = JSON.stringify({ pad_token: "[PAD]", tokenizer_class: "BertTokenizer" });
