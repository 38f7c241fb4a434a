// Arrays that grow: flat memory for statistics whose size is known only at the end, and shared arrays for workers.

/** A Uint32Array that doubles. `values` may be longer than `length`, and is replaced when it grows. */
export class GrowingUint32 {
  values: Uint32Array = new Uint32Array(1024);
  length = 0;

  constructor(initial: readonly number[] = []) {
    for (const value of initial) this.push(value);
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Uint32Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }
}

/** UTF-8 strings one after another, each with its length in front. */
export class GrowingBytes {
  #bytes = Buffer.allocUnsafe(1 << 16);
  length = 0;

  /** Cut to 65,535 bytes: no n-gram that a person would read is longer. */
  pushText(text: string): void {
    const size = Math.min(Buffer.byteLength(text), 0xffff);
    const end = this.length + 2 + size;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    this.#bytes.writeUInt16LE(size, this.length);
    this.#bytes.write(text, this.length + 2, size);
    this.length = end;
  }

  textAt(offset: number): string {
    const size = this.#bytes.readUInt16LE(offset);
    return this.#bytes.toString("utf8", offset + 2, offset + 2 + size);
  }
}

export function sharedUint32(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4));
}

export function sharedFloat32(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * 4));
}
