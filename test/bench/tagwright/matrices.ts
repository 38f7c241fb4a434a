// The matrices that every system gets, as a folder of little-endian arrays: what NumPy reads with `fromfile`.
// X are the training rows, Y their labels, T the test rows, S the true labels of these. A true label that no training
// document has is numbered from `labels` on, so that it counts as missed.
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Csr } from "@tagwright/model/internals";
import type { LabelMatrix } from "../../../trainer/src/features/label-matrix.ts";

export interface Shape {
  readonly documents: number;
  readonly features: number;
  readonly labels: number;
  readonly testDocuments: number;
}

/** Rows of a sparse matrix whose number is not known before they are read. */
export interface Rows {
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
}

export function writeShape(folder: string, shape: Shape): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "shape.json"), JSON.stringify(shape));
}

export function readShape(folder: string): Shape {
  return JSON.parse(readFileSync(path.join(folder, "shape.json"), "utf8"));
}

export function writeArray(folder: string, name: string, { buffer, byteOffset, byteLength }: ArrayBufferView): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), new Uint8Array(buffer, byteOffset, byteLength));
}

export function writeRows(folder: string, name: string, { indptr, indices }: Rows, values?: Float32Array): void {
  writeArray(folder, `${name}.indptr.u32`, indptr);
  writeArray(folder, `${name}.indices.u32`, indices);
  if (values !== undefined) writeArray(folder, `${name}.values.f32`, values);
}

/** Rows of features in shared memory, as the trainer's own are. */
export function readFeatures(folder: string, name: "X" | "T"): Csr {
  const indptr = new Uint32Array(readShared(folder, `${name}.indptr.u32`));
  return {
    numRows: indptr.length - 1,
    numCols: readShape(folder).features,
    indptr,
    indices: new Uint32Array(readShared(folder, `${name}.indices.u32`)),
    values: new Float32Array(readShared(folder, `${name}.values.f32`)),
  };
}

export function readLabels(folder: string): LabelMatrix {
  const { indptr, indices } = readRows(folder, "Y");
  return { numDocuments: indptr.length - 1, numLabels: readShape(folder).labels, indptr, labels: indices };
}

export function readRows(folder: string, name: "Y" | "S"): Rows {
  return { indptr: readUint32(folder, `${name}.indptr.u32`), indices: readUint32(folder, `${name}.indices.u32`) };
}

export function readUint32(folder: string, name: string): Uint32Array {
  return new Uint32Array(readShared(folder, name));
}

/** Straight into shared memory: a copy on the way would count in the peak of what learns. */
function readShared(folder: string, name: string): SharedArrayBuffer {
  const file = openSync(path.join(folder, name), "r");
  try {
    const shared = new SharedArrayBuffer(fstatSync(file).size);
    const bytes = new Uint8Array(shared);
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(file, bytes, at, bytes.length - at, at);
      if (count === 0) throw new Error(`${name} of ${folder} was cut short`);
      at += count;
    }
    return shared;
  } finally {
    closeSync(file);
  }
}
