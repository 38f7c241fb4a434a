// A pre-trained encoder from a folder in the layout of Hugging Face: config.json, tokenizer.json, model.safetensors, and
// what sentence-transformers puts beside them. Nothing in it is executed, every number is checked.
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { ModelFolderError } from "@tagwright/model";
import { newPieceTokenizer } from "@tagwright/model/internals";
import { copyAgain, EncoderSourceError } from "./encoder-source-error.ts";
import { findPrefix, type JsonObject, readShape, type WeightRule, weightRules } from "./families.ts";
import type { EncoderShape, EncoderWeights, Pooling, PretrainedEncoder } from "./pretrained.ts";
import { maxTextBytes, weightsName } from "./sources.ts";
import { openTensorFile, type TensorFile } from "./tensor-file.ts";

export interface ReadEncoderOptions {
  /** Default: the folder's name. */
  readonly name?: string;
  /** Default: the folder's name. The SHA-256 of the weights is added to it. */
  readonly origin?: string;
  readonly licence?: string;
  /** In place of what the folder says. */
  readonly pooling?: Pooling;
  /** Of model.safetensors, where it is known already: the file is not read twice. */
  readonly sha256?: string;
  readonly signal?: AbortSignal;
}

/**
 * Reads an encoder of the family BERT, MiniLM, DistilBERT, RoBERTa or XLM-RoBERTa, weights in fp32, fp16 or bf16.
 * @throws EncoderSourceError where a file or a tensor is missing, damaged, of another shape or of an unknown architecture,
 *   or where the tokenizer does not fit the vocabulary.
 */
export async function readEncoderFolder(folder: string, options: ReadEncoderOptions = {}): Promise<PretrainedEncoder> {
  const { signal } = options;
  await checkLayout(folder);
  const { numTypes, ...texts } = await readTexts(folder, options.pooling);
  const place = path.join(folder, weightsName);
  const file = await openTensorFile(place);
  try {
    const prefix = findPrefix(file.names, place);
    const weights = await readWeights(file, prefix, weightRules(texts.shape, numTypes), signal);
    const sha256 = options.sha256 ?? (await file.sha256(signal));
    const folderName = path.basename(path.resolve(folder));
    const licence = options.licence ?? (await readLicence(folder));
    return {
      name: options.name ?? folderName,
      origin: `${options.origin ?? `folder ${folderName}`}, ${weightsName} SHA-256 ${sha256}`,
      licence,
      weights,
      ...texts,
    };
  } finally {
    await file.close();
  }
}

/**
 * What the files beside the weights say, `pooling` in place of theirs; the weights need not be there yet.
 * @throws EncoderSourceError where one of them is damaged, or no encoder that can be used.
 */
export async function readTexts(folder: string, pooling?: Pooling) {
  const config = await readJson(folder, "config.json");
  const { shape, numTypes } = readShape(
    config,
    path.join(folder, "config.json"),
    pooling ?? (await readPooling(folder)),
  );
  const tokenizer = await readText(folder, "tokenizer.json");
  const tokenizerConfig = (await readIfThere(folder, "tokenizer_config.json")) ?? "{}";
  checkTokenizer(folder, tokenizer, tokenizerConfig, shape);
  const maxPieces = await readMaxPieces(folder, shape, tokenizerConfig);
  return { shape, numTypes, tokenizer, tokenizerConfig, maxPieces };
}

/** Names what a folder lacks with the way out: each is a folder that people really have. */
async function checkLayout(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  const expected = "an encoder's folder with config.json, tokenizer.json and model.safetensors";
  const fail = (what: string, cure: string) => new EncoderSourceError({ place: folder, expected, found: what, cure });
  if (found === undefined) throw fail("nothing", "check the path");
  if (!found.isDirectory()) throw fail("a file", "name the folder that holds config.json");
  const has = async (name: string) => (await stat(path.join(folder, name)).catch(() => undefined))?.isFile() ?? false;
  if (!(await has("config.json"))) throw fail("no config.json", "name the folder that holds config.json");
  if (!(await has(weightsName))) {
    const save =
      "save it again as one: python -c \"from transformers import AutoModel; AutoModel.from_pretrained('.')" +
      ".save_pretrained('.', safe_serialization=True, max_shard_size='100GB')\"";
    if (await has("model.safetensors.index.json")) throw fail("weights in several files", save);
    if (await has("pytorch_model.bin")) throw fail("pytorch_model.bin, which may run code and is never opened", save);
    throw fail(`no ${weightsName}`, "copy it from where the encoder came from");
  }
  if (!(await has("tokenizer.json"))) {
    const what = (await has("vocab.txt")) || (await has("vocab.json")) ? "a bare vocabulary" : "no tokenizer.json";
    const convert =
      "make it: python -c \"from transformers import AutoTokenizer; AutoTokenizer.from_pretrained('.')" +
      ".save_pretrained('.')\"";
    throw fail(what, convert);
  }
}

function checkTokenizer(folder: string, json: string, config: string, { vocabulary }: EncoderShape): void {
  const place = path.join(folder, "tokenizer.json");
  try {
    const { size } = newPieceTokenizer(json, config);
    if (size <= vocabulary) return;
    const expected = `ids below ${vocabulary}, the vocabulary of config.json`;
    throw new EncoderSourceError({ place, expected, found: `${size - 1}`, cure: "take both from the same encoder" });
  } catch (error) {
    if (!(error instanceof ModelFolderError)) throw error;
    throw new EncoderSourceError({ ...error.fault, place: path.join(folder, error.fault.place) }, { cause: error });
  }
}

async function readWeights(
  file: TensorFile,
  prefix: string,
  rules: readonly WeightRule[],
  signal: AbortSignal | undefined,
): Promise<EncoderWeights> {
  const there = new Set(file.names);
  const weights = new Map<string, EncoderWeights extends ReadonlyMap<string, infer T> ? T : never>();
  for (const { name, from, shape, take } of rules) {
    signal?.throwIfAborted();
    const names = from.map((it) => `${prefix}${it}`);
    const source = names.find((it) => there.has(it)) ?? names[0];
    const [rows = 0, columns = 0] = shape;
    if (source === undefined) weights.set(name, { type: "float32", shape, data: new Float32Array(rows) });
    else {
      const data = await file.read(source, shape);
      if (take === "all") weights.set(name, { type: "float32", shape, data });
      else if (take === "first row")
        weights.set(name, { type: "float32", shape: [columns], data: data.slice(0, columns) });
      else weights.set(name, { type: "float32", shape: [columns, rows], data: transpose(data, rows, columns) });
    }
  }
  return weights;
}

const tile = 32;

/** [rows, columns] to [columns, rows], by tiles that stay in the cache. */
function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let top = 0; top < rows; top += tile) {
    const bottom = Math.min(top + tile, rows);
    for (let left = 0; left < columns; left += tile) {
      const right = Math.min(left + tile, columns);
      for (let r = top; r < bottom; r++) {
        for (let c = left; c < right; c++) out[c * rows + r] = matrix[r * columns + c]!;
      }
    }
  }
  return out;
}

/** Mean over tokens is what sentence-transformers makes of an encoder that says nothing else. */
async function readPooling(folder: string): Promise<Pooling> {
  const name = path.join("1_Pooling", "config.json");
  const text = await readIfThere(folder, name);
  if (text === undefined) return "mean";
  const place = path.join(folder, name);
  const config = parseJson(text, place);
  const modes = Object.keys(config).filter((it) => it.startsWith("pooling_mode_") && config[it] === true);
  if (modes.length === 1 && modes[0] === "pooling_mode_mean_tokens") return "mean";
  if (modes.length === 1 && modes[0] === "pooling_mode_cls_token") return "first";
  const found = modes.length === 0 ? "none" : modes.join(", ");
  const cure = "take another encoder, or delete the folder 1_Pooling: the mean over tokens is then the embedding";
  throw new EncoderSourceError({ place, expected: "the mean over tokens or the first one as pooling", found, cure });
}

async function readMaxPieces(folder: string, shape: EncoderShape, tokenizerConfig: string): Promise<number> {
  const sentence = await readIfThere(folder, "sentence_bert_config.json");
  const limits = [
    shape.positions - shape.firstPosition,
    sentence === undefined
      ? undefined
      : parseJson(sentence, path.join(folder, "sentence_bert_config.json"))["max_seq_length"],
    parseJson(tokenizerConfig, path.join(folder, "tokenizer_config.json"))["model_max_length"],
  ];
  return Math.min(...limits.filter((it): it is number => typeof it === "number" && it >= 8).map(Math.floor));
}

/** From the front matter of the model card. */
async function readLicence(folder: string): Promise<string | undefined> {
  const card = (await readIfThere(folder, "README.md")) ?? "";
  const matter = /^---\r?\n([\s\S]*?)\r?\n---/u.exec(card)?.[1] ?? "";
  return /^license:\s*["']?([\w.+ -]+?)["']?\s*$/mu.exec(matter)?.[1];
}

async function readJson(folder: string, name: string): Promise<JsonObject> {
  return parseJson(await readText(folder, name), path.join(folder, name));
}

function parseJson(text: string, place: string): JsonObject {
  let value: unknown;
  let found = text.slice(0, 40);
  try {
    value = JSON.parse(text);
  } catch (error) {
    found = error instanceof Error ? error.message : String(error);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new EncoderSourceError({ place, expected: "a JSON object", found, cure: copyAgain });
}

async function readIfThere(folder: string, name: string): Promise<string | undefined> {
  const there = await stat(path.join(folder, name)).catch(() => undefined);
  return there === undefined ? undefined : readText(folder, name);
}

async function readText(folder: string, name: string): Promise<string> {
  const place = path.join(folder, name);
  const { size } = await stat(place);
  if (size <= maxTextBytes) return readFile(place, "utf8");
  const expected = `at most ${maxTextBytes} bytes`;
  throw new EncoderSourceError({ place, expected, found: `${size}`, cure: copyAgain });
}
