// The families of encoders: what their config.json says in which words, and how they call the weights of the one form
// that the training graph knows (pretrained.ts). PyTorch keeps a linear layer as [outputs, inputs].
import { RELATIVE_BUCKETS } from "../graph/relative.ts";
import { EncoderSourceError } from "./encoder-source-error.ts";
import type { EncoderShape, Pooling } from "./pretrained.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** One weight of the one form, and where it is in a file. */
export interface WeightRule {
  readonly name: string;
  /** Names in the file after the prefix; the first one that is there holds it. None: zeros of `shape`. */
  readonly from: readonly string[];
  /** In the file. */
  readonly shape: readonly number[];
  readonly take: "all" | "transposed" | "first row";
}

/** `model_type` of config.json to family. */
const families: Readonly<Record<string, EncoderShape["family"]>> = {
  bert: "bert",
  camembert: "roberta",
  distilbert: "distilbert",
  mpnet: "mpnet",
  roberta: "roberta",
  "xlm-roberta": "roberta",
};

const activations: Readonly<Record<string, EncoderShape["activation"]>> = {
  gelu: "gelu",
  gelu_fast: "gelu_tanh",
  gelu_new: "gelu_tanh",
  gelu_pytorch_tanh: "gelu_tanh",
  relu: "relu",
};

const cure =
  "take an encoder of the family BERT, MiniLM, DistilBERT, RoBERTa, XLM-RoBERTa or MPNet, such as all-MiniLM-L6-v2";

/** The name that every family has, after a prefix such as `bert.`. */
const wordTable = "embeddings.word_embeddings.weight";

/**
 * What `config`, the content of config.json at `place`, says about the network; `numTypes` rows has its table of token types.
 * @throws EncoderSourceError for other architectures and for numbers that cannot be.
 */
export function readShape(
  config: JsonObject,
  place: string,
  pooling: Pooling,
): { shape: EncoderShape; numTypes: number } {
  const fail = (expected: string, found: unknown) =>
    new EncoderSourceError({ place, expected, found: JSON.stringify(found)?.slice(0, 60) ?? "nothing", cure });
  const count = (key: string, max: number, otherwise?: number) => {
    const value = config[key] ?? otherwise;
    if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= max) return value as number;
    throw fail(`"${key}" as a whole number from 1 to ${max}`, value);
  };
  const type = config["model_type"];
  const family = typeof type === "string" && Object.hasOwn(families, type) ? families[type] : undefined;
  if (family === undefined) throw fail(`"model_type" of ${Object.keys(families).join(", ")}`, type);
  const positionType = config["position_embedding_type"] ?? "absolute";
  if (positionType !== "absolute") throw fail('"position_embedding_type" absolute', positionType);
  if (family === "mpnet" && config["relative_attention_num_buckets"] !== RELATIVE_BUCKETS)
    throw fail(`"relative_attention_num_buckets" ${RELATIVE_BUCKETS}`, config["relative_attention_num_buckets"]);
  if (config["is_decoder"] === true) throw fail('"is_decoder" false', true);
  const distil = family === "distilbert";
  const activation = config[distil ? "activation" : "hidden_act"];
  if (typeof activation !== "string" || !Object.hasOwn(activations, activation)) {
    throw fail(`an activation of ${Object.keys(activations).join(", ")}`, activation);
  }
  const epsilon = distil ? 1e-12 : config["layer_norm_eps"];
  if (typeof epsilon !== "number" || !(epsilon > 0 && epsilon < 0.1)) throw fail('"layer_norm_eps" above 0', epsilon);
  const hidden = count(distil ? "dim" : "hidden_size", 2 ** 14);
  const heads = count(distil ? "n_heads" : "num_attention_heads", 2 ** 10);
  if (hidden % heads !== 0) throw fail(`heads that divide the width ${hidden}`, heads);
  // Relative positions take a square of this.
  const positions = count("max_position_embeddings", family === "mpnet" ? 2 ** 11 : 2 ** 17);
  const firstPosition = family === "roberta" ? paddingId(config) + 1 : family === "mpnet" ? 2 : 0;
  if (firstPosition >= positions) throw fail(`"pad_token_id" below ${positions}`, config["pad_token_id"]);
  return {
    shape: {
      family,
      layers: count(distil ? "n_layers" : "num_hidden_layers", 2 ** 8),
      hidden,
      heads,
      intermediate: count(distil ? "hidden_dim" : "intermediate_size", 2 ** 17),
      vocabulary: count("vocab_size", 2 ** 24),
      positions,
      firstPosition,
      epsilon,
      activation: activations[activation]!,
      pooling,
    },
    numTypes: distil || family === "mpnet" ? 0 : count("type_vocab_size", 2 ** 10, 1),
  };
}

/** RoBERTa counts positions from the one after its padding token's id. */
function paddingId(config: JsonObject): number {
  const id = config["pad_token_id"] ?? 1;
  return Number.isSafeInteger(id) && (id as number) >= 0 ? (id as number) : 1;
}

/** What stands before the names of all weights: "" or, for example, `roberta.`. @throws EncoderSourceError for none or two. */
export function findPrefix(names: readonly string[], place: string): string {
  const tables = names.filter((it) => it === wordTable || it.endsWith(`.${wordTable}`));
  if (tables.length === 1) return tables[0]!.slice(0, -wordTable.length);
  const found = tables.length === 0 ? `none among ${names.length} tensors` : tables.join(", ");
  throw new EncoderSourceError({ place, expected: `one tensor "${wordTable}"`, found, cure });
}

/** Where each weight of an encoder of this shape is. */
export function weightRules(shape: EncoderShape, numTypes: number): WeightRule[] {
  const { family, layers, hidden, heads, intermediate, vocabulary, positions, pooling } = shape;
  const { body, ...names } = layerNames[family];
  const rules: WeightRule[] = [
    { name: "words", from: [wordTable], shape: [vocabulary, hidden], take: "all" },
    { name: "positions", from: ["embeddings.position_embeddings.weight"], shape: [positions, hidden], take: "all" },
    numTypes === 0
      ? { name: "types", from: [], shape: [hidden], take: "all" }
      : {
          name: "types",
          from: ["embeddings.token_type_embeddings.weight"],
          shape: [numTypes, hidden],
          take: "first row",
        },
    ...norm("norm", "embeddings.LayerNorm", hidden),
  ];
  for (let i = 0; i < layers; i++) {
    const from = `${body}.layer.${i}`;
    for (const part of ["query", "key", "value", "output"] as const) {
      rules.push(...linear(`layer.${i}.${part}`, `${from}.${names[part]}`, hidden, hidden));
    }
    rules.push(
      ...norm(`layer.${i}.attention`, `${from}.${names.attention}`, hidden),
      ...linear(`layer.${i}.up`, `${from}.${names.up}`, hidden, intermediate),
      ...linear(`layer.${i}.down`, `${from}.${names.down}`, intermediate, hidden),
      ...norm(`layer.${i}.feed`, `${from}.${names.feed}`, hidden),
    );
  }
  if (family === "mpnet") {
    const from = ["encoder.relative_attention_bias.weight"];
    rules.push({ name: "relative", from, shape: [RELATIVE_BUCKETS, heads], take: "all" });
  }
  if (pooling === "pooler") rules.push(...linear("pooler", "pooler.dense", hidden, hidden));
  return rules;
}

const bertNames = {
  body: "encoder",
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  output: "attention.output.dense",
  attention: "attention.output.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  feed: "output.LayerNorm",
} as const;

const mpnetNames = {
  ...bertNames,
  query: "attention.attn.q",
  key: "attention.attn.k",
  value: "attention.attn.v",
  output: "attention.attn.o",
  attention: "attention.LayerNorm",
} as const;

const distilNames = {
  body: "transformer",
  query: "attention.q_lin",
  key: "attention.k_lin",
  value: "attention.v_lin",
  output: "attention.out_lin",
  attention: "sa_layer_norm",
  up: "ffn.lin1",
  down: "ffn.lin2",
  feed: "output_layer_norm",
} as const;

const layerNames = { bert: bertNames, distilbert: distilNames, mpnet: mpnetNames, roberta: bertNames } as const;

function linear(name: string, from: string, inputs: number, outputs: number): WeightRule[] {
  return [
    { name: `${name}.weight`, from: [`${from}.weight`], shape: [outputs, inputs], take: "transposed" },
    { name: `${name}.bias`, from: [`${from}.bias`], shape: [outputs], take: "all" },
  ];
}

/** Checkpoints that came from TensorFlow say gamma and beta. */
function norm(name: string, from: string, hidden: number): WeightRule[] {
  return [
    { name: `${name}.scale`, from: [`${from}.weight`, `${from}.gamma`], shape: [hidden], take: "all" },
    { name: `${name}.shift`, from: [`${from}.bias`, `${from}.beta`], shape: [hidden], take: "all" },
  ];
}
