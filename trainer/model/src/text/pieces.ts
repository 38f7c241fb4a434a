// Word pieces of a text: what an encoder reads. The tokenizer is the one published with the encoder (tokenizer.json);
// @huggingface/tokenizers runs it. Ours is what stands around it: only as much text is read as can matter, special
// pieces survive the truncation, and a text may hold anything.
import { Tokenizer } from "@huggingface/tokenizers";
import { ModelFolderError } from "../errors.ts";
import { likeReference } from "./normalisers.ts";

export interface PieceTokenizer {
  /**
   * Ids of the pieces of `text`, special ones included, at most `maxPieces`: the text's last pieces go, the closing
   * special ones stay. Never throws for a text, whatever is in it.
   * @throws RangeError where `maxPieces` has no room for the special pieces.
   */
  encode(text: string, maxPieces: number): Int32Array;
  /** The id that fills a batch's shorter rows. */
  readonly padding: number;
  /** Ids are below this. */
  readonly size: number;
}

/** UTF-16 units of a first look, for each piece that is wanted: more than most languages need. */
const unitsPerPiece = 6;
/** Of a text whose first characters hold hardly a piece (white space, base64), this much is read. */
const maxUnits = 2 ** 18;
/** Pieces before a cut that is at no white space may come out otherwise with the rest of the text. */
const unsettledPieces = 128;
const kinds = ["WordPiece", "BPE", "Unigram"];
const cure = "take tokenizer.json and tokenizer_config.json from where the encoder came from again";

/**
 * @param tokenizerJson tokenizer.json as published.
 * @param tokenizerConfig tokenizer_config.json as published, "{}" where there is none.
 * @throws ModelFolderError where they are no tokenizer, or one of an unknown kind.
 */
export function newPieceTokenizer(tokenizerJson: string, tokenizerConfig: string): PieceTokenizer {
  const definition = parseObject(tokenizerJson, "tokenizer.json");
  const config = parseObject(tokenizerConfig, "tokenizer_config.json");
  const size = countIds(definition);
  const tokenizer = newTokenizer(definition, config);
  const frame = findFrame(tokenizer);
  const padding = findPadding(definition, config, size);
  const numSpecial = frame.opening.length + frame.closing.length;

  return {
    padding,
    size,
    encode(text, maxPieces) {
      const room = maxPieces - numSpecial;
      if (!(room >= 0)) throw new RangeError(`encode: ${maxPieces} pieces, but ${numSpecial} are special`);
      const pieces = firstPieces(tokenizer, text, room);
      const ids = new Int32Array(numSpecial + pieces.length);
      ids.set(frame.opening);
      ids.set(pieces, frame.opening.length);
      ids.set(frame.closing, frame.opening.length + pieces.length);
      return ids;
    },
  };
}

/** Reads more and more of the text until it has the pieces that are wanted: time is bounded by them, not by the text. */
function firstPieces(tokenizer: Tokenizer, text: string, room: number): number[] {
  for (let units = unitsPerPiece * room; room > 0; units *= 2) {
    const { end, settled } = findCut(text, units);
    const pieces = piecesOf(tokenizer, text.slice(0, end));
    const suffice = pieces.length >= room + (settled ? 0 : unsettledPieces);
    if (suffice || end === text.length || units >= maxUnits) return pieces.slice(0, room);
  }
  return [];
}

/** Where to cut: at the end of the text, before white space, or anywhere but within a character. */
function findCut(text: string, units: number): { end: number; settled: boolean } {
  if (units >= text.length) return { end: text.length, settled: true };
  const space = /\s\S*$/u.exec(text.slice(units - (units >>> 2), units));
  const wordEnd = space === null ? 0 : units - (units >>> 2) + space.index;
  if (wordEnd > 0) return { end: wordEnd, settled: true };
  return { end: isLowSurrogate(text.charCodeAt(units)) ? units + 1 : units, settled: false };
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/**
 * Without special pieces. A piece that has no id is left out, as the reference does; half a surrogate pair, which is no
 * character, counts as U+FFFD.
 */
function piecesOf(tokenizer: Tokenizer, text: string): number[] {
  const characters = text.replace(/\p{Surrogate}/gu, "\ufffd");
  return withoutGaps(tokenizer.encode(characters, { add_special_tokens: false }).ids);
}

/** The tokenizer's own types do not say that an id may be missing. */
function withoutGaps(ids: readonly (number | null | undefined)[]): number[] {
  return ids.filter((id) => typeof id === "number");
}

function newTokenizer(definition: JsonObject, config: JsonObject): Tokenizer {
  try {
    return new Tokenizer({ ...definition, normalizer: likeReference(definition["normalizer"]) }, config);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new ModelFolderError({ place: "tokenizer.json", expected: "a tokenizer", found, cure }, { cause: error });
  }
}

/** The special pieces around a text. */
function findFrame(tokenizer: Tokenizer): { opening: readonly number[]; closing: readonly number[] } {
  const probe = "a";
  const inner = piecesOf(tokenizer, probe);
  const whole = tokenizer.encode(probe).ids;
  const ids = withoutGaps(whole);
  if (ids.length === whole.length) {
    for (let start = 0; start + inner.length <= ids.length; start++) {
      if (inner.every((id, i) => ids[start + i] === id)) {
        return { opening: ids.slice(0, start), closing: ids.slice(start + inner.length) };
      }
    }
  }
  const expected = "special pieces around a text, each with an id";
  throw new ModelFolderError({ place: "tokenizer.json", expected, found: `${whole} for "${probe}"`, cure });
}

function findPadding({ padding, added_tokens: added }: JsonObject, config: JsonObject, size: number): number {
  const token = tokenText(config["pad_token"]);
  const declared = Array.isArray(added) ? added.find((it) => isObject(it) && it["content"] === token) : undefined;
  const id = token !== undefined && isObject(declared) ? declared["id"] : isObject(padding) ? padding["pad_id"] : 0;
  if (isId(id) && id < size) return id;
  const expected = `the id of the padding token, below ${size}`;
  throw new ModelFolderError({ place: "tokenizer.json", expected, found: JSON.stringify(id) ?? "none", cure });
}

/** `"[PAD]"` or `{ content: "[PAD]", ... }`. */
function tokenText(token: unknown): string | undefined {
  const text = isObject(token) ? token["content"] : token;
  return typeof text === "string" ? text : undefined;
}

/** One more than the largest id. @throws ModelFolderError where there is no vocabulary or an id is none. */
function countIds({ model, added_tokens: added }: JsonObject): number {
  const place = "tokenizer.json";
  const { type, vocab: vocabulary, unk_id: unknown } = isObject(model) ? model : {};
  if (type !== undefined && !kinds.includes(String(type))) {
    throw new ModelFolderError({ place, expected: `a model of ${kinds.join(", ")}`, found: String(type), cure });
  }
  if (typeof vocabulary !== "object" || vocabulary === null || Object.keys(vocabulary).length === 0) {
    throw new ModelFolderError({ place, expected: "a vocabulary", found: "none", cure });
  }
  const isUnigram = Array.isArray(vocabulary);
  if (type !== undefined && isUnigram !== (type === "Unigram")) {
    const found = `${isUnigram ? "a list" : "ids"} in a model of ${type}`;
    throw new ModelFolderError({ place, expected: "a list of pieces for Unigram, else their ids", found, cure });
  }
  const isNamed = unknown !== undefined && unknown !== null;
  if (isUnigram && isNamed && !(isId(unknown) && unknown < vocabulary.length)) {
    const expected = `"unk_id" below ${vocabulary.length}, the pieces of the vocabulary`;
    throw new ModelFolderError({ place, expected, found: JSON.stringify(unknown), cure });
  }
  if (!Array.isArray(added) || !added.every((it) => isObject(it) && typeof it["content"] === "string")) {
    throw new ModelFolderError({ place, expected: "a list of added tokens", found: "none", cure });
  }
  const ids: unknown[] = isUnigram ? [vocabulary.length - 1] : Object.values(vocabulary);
  let size = 0;
  for (const id of [...ids, ...added.map((it) => it.id)]) {
    if (!isId(id)) {
      throw new ModelFolderError({ place, expected: "ids of pieces", found: JSON.stringify(id) ?? "none", cure });
    }
    size = Math.max(size, id + 1);
  }
  return size;
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseObject(text: string, place: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new ModelFolderError({ place, expected: "a JSON object", found, cure }, { cause: error });
  }
  if (isObject(value)) return value;
  throw new ModelFolderError({ place, expected: "a JSON object", found: text.slice(0, 40), cure });
}
