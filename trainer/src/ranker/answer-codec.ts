// Answers of ranker workers as the tensors of one file, and back: what a run that was cut off has learnt already.
import { layoutTensors, parseTensorTable, type TensorTable, viewTensor } from "@tagwright/model/internals";
import type { WorkerAnswer } from "./worker-protocol.ts";

/** What training a node, or a part of one, is answered with. */
export type TrainedAnswer = Extract<WorkerAnswer, { kind: "trained" | "part" }>;

const kinds = ["trained", "part"] as const;
/** Numbers in "jobs" for each answer: the job, its kind, and its passes. */
const FIELDS = 3;

const types = { F32: Float32Array, U32: Uint32Array, U16: Uint16Array, U8: Uint8Array, I8: Int8Array } as const;
type TypeName = keyof typeof types;
type TypedArray = Float32Array | Uint32Array | Uint16Array | Uint8Array | Int8Array;

/** The bytes of a file with `answers`, by job; in pieces that follow each other. */
export function encodeAnswers(answers: ReadonlyMap<number, TrainedAnswer>): Uint8Array[] {
  const jobs = Uint32Array.from(
    [...answers].flatMap(([job, it]) => [job, kinds.indexOf(it.kind), it.kind === "trained" ? it.passes : 0]),
  );
  const arrays: [string, TypedArray][] = [["jobs", jobs]];
  for (const [job, { bias, chunk }] of answers) {
    const { dense, ...rest } = chunk;
    for (const [name, data] of Object.entries<TypedArray>({ bias, ...rest })) arrays.push([`${job}.${name}`, data]);
    if (dense !== undefined) arrays.push([`${job}.dense`, dense.weights], [`${job}.scales`, dense.scales]);
  }
  // Large items first: then each array starts at a multiple of its own.
  arrays.sort(([, a], [, b]) => b.BYTES_PER_ELEMENT - a.BYTES_PER_ELEMENT);
  const { header } = layoutTensors(arrays.map(([name, it]) => ({ name, dtype: typeOf(it), shape: [it.length] })));
  return [header, ...arrays.map(([, it]) => new Uint8Array(it.buffer, it.byteOffset, it.byteLength))];
}

/** @throws ModelFolderError, RangeError for bytes that `encodeAnswers` did not write. */
export function decodeAnswers(place: string, bytes: Uint8Array<ArrayBuffer>): Map<number, TrainedAnswer> {
  const table = parseTensorTable(place, bytes, bytes.length);
  const jobs = read(table, bytes, "jobs", "U32");
  const answers = new Map<number, TrainedAnswer>();
  for (let at = 0; at < jobs.length; at += FIELDS) {
    const [job, kind, passes] = jobs.subarray(at, at + FIELDS) as unknown as [number, number, number];
    const get = <T extends TypeName>(name: string, ...allowed: T[]) =>
      read(table, bytes, `${job}.${name}`, ...allowed) as InstanceType<(typeof types)[T]>;
    const bias = get("bias", "F32");
    const dense = table.tensors.has(`${job}.dense`)
      ? { dense: { weights: get("dense", "I8"), scales: get("scales", "F32") } }
      : {};
    if (kinds[kind] === "trained") {
      const chunk = {
        features: get("features", "U16"),
        children: get("children", "U8", "U16"),
        weights: get("weights", "U16"),
      };
      answers.set(job, { kind: "trained", bias, chunk: { ...chunk, ...dense }, passes });
    } else if (kinds[kind] === "part") {
      const rows = { features: get("features", "U32"), rowStart: get("rowStart", "U32") };
      const chunk = { ...rows, children: get("children", "U16"), weights: get("weights", "F32") };
      answers.set(job, { kind: "part", bias, chunk: { ...chunk, ...dense } });
    } else {
      throw new RangeError(`${place}: job ${job}: kind 0 or 1 expected, ${kind} found`);
    }
  }
  return answers;
}

/** A copy of tensor `name`, of one of the types that are `allowed`. */
function read(table: TensorTable, bytes: Uint8Array<ArrayBuffer>, name: string, ...allowed: TypeName[]): TypedArray {
  const { shape, dtype } = table.tensors.get(name) ?? { shape: [0], dtype: undefined };
  return viewTensor(table, bytes, { name, dtype: allowed.find((it) => it === dtype) ?? allowed[0]!, shape }).slice();
}

function typeOf(array: TypedArray): TypeName {
  const found = (Object.keys(types) as TypeName[]).find((it) => array instanceof types[it]);
  if (found === undefined) throw new Error(`internal: no tensor type for ${array.constructor.name}`);
  return found;
}
