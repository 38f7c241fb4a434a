// The safetensors format: 8 bytes of header length, a JSON header of names, types, shapes and offsets, then the tensors.
// Invariant: tensors follow each other without holes, as the format demands. Ours start at a multiple of their item size,
// so a typed array views them in place; those of other programs need not, and may have types that no array views.
// Little-endian, like every platform Node and VS Code run on.
import { ModelFolderError } from "../errors.ts";
import { copyAgain } from "./files.ts";
import { isJsonObject, parseStrictObject } from "./strict-json.ts";

const maxHeaderBytes = 16 * 2 ** 20;
const lengthBytes = 8;
const dataAlignment = 64;

interface TensorArrays {
  readonly U8: Uint8Array<ArrayBuffer>;
  readonly I8: Int8Array<ArrayBuffer>;
  readonly U16: Uint16Array<ArrayBuffer>;
  readonly F16: Uint16Array<ArrayBuffer>;
  readonly U32: Uint32Array<ArrayBuffer>;
  readonly F32: Float32Array<ArrayBuffer>;
}
export type Dtype = keyof TensorArrays;

const arrays = {
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  F16: Uint16Array,
  U32: Uint32Array,
  F32: Float32Array,
} as const;

/** All types of the format, by their bytes an item. */
const storedBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const satisfies Record<Dtype, number> & Record<string, number>;
export type StoredDtype = keyof typeof storedBytes;

export interface TensorSpec {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export interface TensorEntry extends Omit<TensorSpec, "dtype"> {
  readonly dtype: StoredDtype;
  /** Bytes of the file: [start, end). */
  readonly start: number;
  readonly end: number;
}

export interface TensorTable {
  /** The file, for errors. */
  readonly place: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

export function itemBytes(dtype: StoredDtype): number {
  return storedBytes[dtype];
}

/**
 * Lays tensors out in the given order. Returns the bytes before the first tensor and the size of the whole file.
 * @throws RangeError where a name stands twice or a tensor would start off its alignment: order them by item size.
 */
export function layoutTensors(specs: readonly TensorSpec[]): { header: Uint8Array; fileBytes: number } {
  let offset = 0;
  const header = new Map<string, unknown>();
  for (const { name, dtype, shape } of specs) {
    const end = offset + itemBytes(dtype) * product(shape);
    if (header.has(name)) throw new RangeError(`layoutTensors: "${name}" stands twice`);
    if (offset % itemBytes(dtype) !== 0) throw new RangeError(`layoutTensors: "${name}" would start at ${offset}`);
    header.set(name, { dtype, shape, data_offsets: [offset, end] });
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const dataStart = Math.ceil((lengthBytes + json.length) / dataAlignment) * dataAlignment;
  const bytes = new Uint8Array(dataStart).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - lengthBytes), true);
  bytes.set(json, lengthBytes);
  return { header: bytes, fileBytes: dataStart + offset };
}

/**
 * Reads the table of a file of `fileBytes` bytes from `head`, its first bytes (at least the whole header).
 * @throws ModelFolderError for anything but a complete table of tensors without holes.
 */
export function parseTensorTable(place: string, head: Uint8Array, fileBytes: number): TensorTable {
  const fail = (expected: string, found: string) => new ModelFolderError({ place, expected, found, cure: copyAgain });
  if (head.length < lengthBytes) throw fail("a header of 8 bytes or more", `${head.length} bytes`);
  const length = new DataView(head.buffer, head.byteOffset, head.byteLength).getBigUint64(0, true);
  const room = Math.min(maxHeaderBytes, head.length - lengthBytes);
  if (length > BigInt(room)) throw fail(`a header of at most ${room} bytes`, `${length}`);
  const dataStart = lengthBytes + Number(length);
  const header = parseStrictObject(head.subarray(lengthBytes, dataStart), `${place} (header)`, copyAgain);
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(header)) {
    if (name !== "__metadata__")
      tensors.set(name, parseEntry(`${place} (tensor "${shorten(name)}")`, name, value, dataStart));
  }
  let position = dataStart;
  for (const { name, start, end } of [...tensors.values()].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start !== position) throw fail(`tensor "${shorten(name)}" to start at byte ${position}`, `${start}`);
    position = end;
  }
  if (position !== fileBytes) throw fail(`${position} bytes`, `${fileBytes}`);
  return { place, tensors };
}

function parseEntry(place: string, name: string, value: unknown, dataStart: number): TensorEntry {
  const fail = (expected: string, found: unknown) =>
    new ModelFolderError({ place, expected, found: shorten(JSON.stringify(found) ?? "nothing"), cure: copyAgain });
  if (!isJsonObject(value)) throw fail("an object", value);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(storedBytes, dtype)) {
    throw fail(`dtype of ${Object.keys(storedBytes).join(" ")}`, dtype);
  }
  if (!isCounts(shape) || shape.length > 8) throw fail("a shape of whole numbers", shape);
  if (!isCounts(offsets) || offsets.length !== 2) throw fail("two offsets", offsets);
  const [from, to] = offsets as [number, number];
  const bytes = itemBytes(dtype as StoredDtype) * product(shape);
  if (to - from !== bytes) throw fail(`${bytes} bytes for shape [${shape}]`, offsets);
  return { name, dtype: dtype as StoredDtype, shape, start: dataStart + from, end: dataStart + to };
}

/** Tensor `name`, checked for type, shape and alignment. @throws ModelFolderError where it is missing or different. */
export function findTensor(table: TensorTable, { name, dtype, shape }: TensorSpec): TensorEntry {
  const entry = table.tensors.get(name);
  const expected = `tensor "${name}" of ${dtype} [${shape}]`;
  if (entry === undefined) throw new ModelFolderError({ place: table.place, expected, found: "none", cure: copyAgain });
  if (entry.dtype !== dtype || entry.shape.length !== shape.length || entry.shape.some((it, i) => it !== shape[i])) {
    const found = `${entry.dtype} [${entry.shape}]`;
    throw new ModelFolderError({ place: table.place, expected, found, cure: copyAgain });
  }
  if (entry.start % itemBytes(dtype) !== 0) {
    const found = `its start at byte ${entry.start}`;
    throw new ModelFolderError({ place: table.place, expected: `${expected}, aligned`, found, cure: copyAgain });
  }
  return entry;
}

/** The one length of vector `name`, whatever it is. @throws ModelFolderError where it is missing or no vector. */
export function vectorLength(table: TensorTable, name: string): number {
  const length = table.tensors.get(name)?.shape[0];
  if (length !== undefined) return length;
  throw new ModelFolderError({ place: table.place, expected: `vector "${name}"`, found: "none", cure: copyAgain });
}

/**
 * Views a tensor within `bytes`, the first bytes of its file at offset 0 of their own buffer; not copied.
 * @throws ModelFolderError where it is missing, different or past `bytes`.
 */
export function viewTensor<D extends Dtype>(
  table: TensorTable,
  bytes: Uint8Array<ArrayBuffer>,
  spec: TensorSpec & { readonly dtype: D },
): TensorArrays[D] {
  const { start, end } = findTensor(table, spec);
  if (end > bytes.length) {
    const expected = `tensor "${spec.name}" within the first ${bytes.length} bytes`;
    throw new ModelFolderError({ place: table.place, expected, found: `its end at ${end}`, cure: copyAgain });
  }
  const array = new arrays[spec.dtype](bytes.buffer, start, (end - start) / itemBytes(spec.dtype));
  return array as TensorArrays[D];
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((it) => Number.isSafeInteger(it) && it >= 0);
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
