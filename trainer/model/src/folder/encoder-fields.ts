// What model.json says about encoders, checked: each description, its files, and which trees read which encoder.
import { type EncoderDescription, encoderFileName, maxEncoders, poolings } from "../encoder/description.ts";
import { type Fields, isBetween, isObjects, isOneOf, isText } from "./fields.ts";
import { encoderNumbers, type FileName, filesOfEncoder } from "./files.ts";
import { isJsonObject, type JsonObject } from "./strict-json.ts";

/** Version 1 has no encoder, 2 one, 3 several, 4 any number. */
export type FormatVersion = 1 | 2 | 3 | 4 | 5;

export interface EncoderEntry {
  /** Counted from 1, as in the names of its files; none where it is the only one. */
  readonly number: number | undefined;
  readonly described: JsonObject;
}

/** @throws ModelFolderError where the descriptions are not those of a model of `version`. */
export function encoderEntries(root: JsonObject, version: FormatVersion, { field }: Fields): EncoderEntry[] {
  if (version === 1) return [];
  if (version === 2) return [{ number: undefined, described: field(root, "encoderModel", "an object", isJsonObject) }];
  const least = version === 3 ? 2 : 0;
  const expected = `a list of ${least} to ${maxEncoders} objects`;
  const list = field(root, "encoderModels", expected, isObjects(least, maxEncoders));
  return list.map((described, i) => ({ number: list.length > 1 ? i + 1 : undefined, described }));
}

/** All files that these encoders may have. */
export function possibleFiles(entries: readonly EncoderEntry[]): FileName[] {
  return entries.flatMap(({ number }) => filesOfEncoder(number));
}

/** Whether a model may do without a file of its encoder. */
export function isOptional(name: FileName): boolean {
  return [undefined, ...encoderNumbers(maxEncoders)].some((it) => name === encoderFileName("encoder.int8.onnx", it));
}

/** @param listed the files of the model. @throws ModelFolderError naming the first wrong key. */
export function parseEncoder(
  { number, described }: EncoderEntry,
  listed: readonly FileName[],
  { field }: Fields,
): EncoderDescription {
  const graphs = [encoderFileName("encoder.onnx", number), encoderFileName("encoder.int8.onnx", number)];
  return {
    ...(number !== undefined && { name: field(described, "name", "a text", isText) }),
    hidden: field(described, "hidden", "a number from 1 to 16384", isBetween(1, 16_384)),
    weight: field(described, "weight", "a number above 0, up to 1000", isWeight),
    pooling: field(described, "pooling", poolings.join(", "), isOneOf(poolings)),
    maxPieces: field(described, "maxPieces", "a number from 3 to 8192", isBetween(3, 8192)),
    passages: field(described, "passages", "a number from 1 to 64", isBetween(1, 64)),
    serves: field(described, "serves", "a graph of this folder", isOneOf(graphs.filter((it) => listed.includes(it)))),
    origin: field(described, "origin", "a text", isText),
    ...(Object.hasOwn(described, "licence") && { licence: field(described, "licence", "a text", isText) }),
  };
}

/** The encoder that a tree reads, counted from 1; undefined where the model has no two. */
export function parseEncoderOfTree(member: JsonObject, numEncoders: number, { field }: Fields): number | undefined {
  if (numEncoders < 2) return undefined;
  return field(member, "encoder", `the number of an encoder, 1 to ${numEncoders}`, isBetween(1, numEncoders));
}

function isWeight(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value <= 1000;
}
