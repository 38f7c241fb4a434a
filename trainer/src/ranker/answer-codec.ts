// Answers of ranker workers as the tensors of one file, and back: what a run that was cut off has learnt already.
import { type Chunk, layoutTensors, parseTensorTable, type TensorTable, viewTensor } from "@tagwright/model/internals";
import type { WorkerAnswer } from "./worker-protocol.ts";

/** What training a node, or a part of one, is answered with. */
export type TrainedAnswer = Extract<WorkerAnswer, { kind: "trained" | "part" }>;

const kinds = ["trained", "part"] as const;
/** Numbers in "jobs" for each answer: the job, its kind, its passes, and rows and entries of its chunk. */
const FIELDS = 5;

const types = { F32: Float32Array, U32: Uint32Array, U16: Uint16Array, U8: Uint8Array, I8: Int8Array } as const;
type TypeName = keyof typeof types;
type TypedArray = Float32Array | Uint32Array | Uint16Array | Uint8Array | Int8Array;

/** The bytes of a file with `answers`, by job; in pieces that follow each other. */
export function encodeAnswers(answers: ReadonlyMap<number, TrainedAnswer>): Uint8Array[] {
  const jobs = Uint32Array.from(
    [...answers].flatMap(([job, it]) => {
      const counts = it.kind === "trained" ? [it.passes, it.chunk.numRows, it.chunk.numEntries] : [0, 0, 0];
      return [job, kinds.indexOf(it.kind), ...counts];
    }),
  );
  const arrays: [string, TypedArray][] = [["jobs", jobs]];
  for (const [job, answer] of answers) {
    const { dense } = answer.chunk;
    const parts = answer.kind === "trained" ? { packed: answer.chunk.packed } : rowsOf(answer.chunk);
    for (const [name, data] of Object.entries<TypedArray>({ bias: answer.bias, ...parts }))
      arrays.push([`${job}.${name}`, data]);
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
    const [job, kind, passes, numRows, numEntries] = [...jobs.subarray(at, at + FIELDS)] as [
      number,
      number,
      number,
      number,
      number,
    ];
    const get = <T extends TypeName>(name: string, type: T) => read(table, bytes, `${job}.${name}`, type);
    const bias = get("bias", "F32");
    const dense = table.tensors.has(`${job}.dense`)
      ? { dense: { weights: get("dense", "I8"), scales: get("scales", "F32") } }
      : {};
    if (kinds[kind] === "trained") {
      const chunk = { numRows, numEntries, packed: get("packed", "U8"), ...dense };
      answers.set(job, { kind: "trained", bias, chunk, passes });
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

function rowsOf({ features, rowStart, children, weights }: Chunk) {
  return { features, rowStart, children, weights };
}

/** A copy of tensor `name`. */
function read<T extends TypeName>(table: TensorTable, bytes: Uint8Array<ArrayBuffer>, name: string, dtype: T) {
  const shape = table.tensors.get(name)?.shape ?? [0];
  return viewTensor(table, bytes, { name, dtype, shape }).slice() as InstanceType<(typeof types)[T]>;
}

function typeOf(array: TypedArray): TypeName {
  const found = (Object.keys(types) as TypeName[]).find((it) => array instanceof types[it]);
  if (found === undefined) throw new Error(`internal: no tensor type for ${array.constructor.name}`);
  return found;
}
