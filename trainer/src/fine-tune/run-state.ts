// What a checkpoint holds of a run: the encoder in the middle of a level with its head; the encoder when all levels are
// done; or what it made of the documents, when these are embedded, too. All of it is checked when it is read again.
import type { EncoderWeights, PretrainedEncoder } from "../encoder/source/pretrained.ts";
import { type Checkpoint, CheckpointError } from "./checkpoint.ts";
import type { TuningPosition } from "./fine-tune.ts";
import type { Table } from "./table.ts";
import type { TunedEncoder } from "./tuned-encoder.ts";

export type RunState = Omit<Checkpoint, "fingerprint">;

/** In place of the number of a level. */
const TUNED = -1;
const EMBEDDED = -2;

/** The encoder as it is now, with its moments. */
export async function tuningState(encoder: TunedEncoder, now: TuningPosition | "done"): Promise<RunState> {
  const arrays = new Map<string, Float32Array | Uint32Array>(await encoder.snapshot());
  if (now === "done") return { position: { level: TUNED }, arrays };
  const { level, position, head, predicted } = now;
  for (const part of ["rows", "first", "second"] as const) {
    arrays.set(`head.weights.${part}`, head.weights[part]);
    arrays.set(`head.bias.${part}`, head.bias[part]);
  }
  if (predicted !== undefined) arrays.set("predicted", predicted.nodes);
  const { step, updates, rateScale } = position;
  return {
    position: { level, step, updates, rateScale, keep: predicted?.keep ?? 0, hidden: head.weights.width },
    arrays,
  };
}

/** Puts the encoder into the state of the checkpoint. @throws CheckpointError where it does not fit the encoder. */
export async function restoreTuning(
  encoder: TunedEncoder,
  { position, arrays }: Checkpoint,
): Promise<TuningPosition | "done"> {
  try {
    await encoder.restore(arrays);
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new CheckpointError(`the checkpoint: ${cause.message}`, undefined, { cause });
    throw cause;
  }
  if (position["level"] === TUNED) return "done";
  const count = (name: string) => {
    const value = position[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong(`a whole number as "${name}"`, value);
    return value as number;
  };
  const table = (name: string, width: number): Table => {
    const part = (it: string) => floatsOf(arrays, `${name}.${it}`);
    const [rows, first, second] = [part("rows"), part("first"), part("second")];
    if (first.length !== rows.length || second.length !== rows.length || rows.length % width !== 0)
      throw wrong(`rows of ${width} in "${name}"`, `${rows.length}, ${first.length} and ${second.length} numbers`);
    return { rows, first, second, width, numRows: rows.length / width };
  };
  const { rateScale } = position;
  if (typeof rateScale !== "number" || !(rateScale > 0 && rateScale <= 1))
    throw wrong('a share as "rateScale"', rateScale);
  const nodes = arrays.get("predicted");
  if (nodes !== undefined && !(nodes instanceof Uint32Array)) throw wrong('whole numbers as "predicted"', "others");
  return {
    level: count("level"),
    position: { step: count("step"), updates: count("updates"), rateScale },
    head: { weights: table("head.weights", Math.max(1, count("hidden"))), bias: table("head.bias", 1) },
    predicted: nodes === undefined ? undefined : { keep: count("keep"), nodes },
  };
}

interface Embedded {
  readonly weights: EncoderWeights;
  readonly embeddings: { readonly width: number; readonly values: Float32Array };
}

/** What an encoder made of all documents, and its weights where they are not those that were published. */
export function embeddedState({ weights, embeddings }: Embedded, isFrozen: boolean): RunState {
  const arrays = new Map([["embeddings", embeddings.values]]);
  if (!isFrozen) for (const [name, { data }] of weights) arrays.set(`weights.${name}`, data as Float32Array);
  return { position: { level: EMBEDDED }, arrays };
}

/** The same again; undefined for a checkpoint from before that. @throws CheckpointError where it does not fit. */
export function readEmbedded(
  { position, arrays }: Checkpoint,
  { weights, shape }: PretrainedEncoder,
  numDocuments: number,
): Embedded | undefined {
  if (position["level"] !== EMBEDDED) return undefined;
  const take = (name: string, length: number) => {
    const data = floatsOf(arrays, name);
    if (data.length !== length) throw wrong(`${length} numbers as "${name}"`, data.length);
    return data;
  };
  const isFrozen = arrays.size === 1;
  const tuned = [...weights].map(
    ([name, it]) => [name, isFrozen ? it : { ...it, data: take(`weights.${name}`, it.data.length) }] as const,
  );
  const values = take("embeddings", numDocuments * shape.hidden);
  return { weights: new Map(tuned), embeddings: { width: shape.hidden, values } };
}

function floatsOf(arrays: Checkpoint["arrays"], name: string): Float32Array {
  const data = arrays.get(name);
  if (data instanceof Float32Array) return data;
  throw wrong(`numbers as "${name}"`, data === undefined ? "none" : "others");
}

function wrong(expected: string, found: unknown): CheckpointError {
  return new CheckpointError(`the checkpoint: ${expected} expected, ${String(found)} found`);
}
