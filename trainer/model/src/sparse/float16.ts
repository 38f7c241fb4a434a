// IEEE 754 binary16 for runtimes without Float16Array: 16-bit patterns in a Uint16Array.

/** Weight of the last mantissa bit, by exponent field. Field 31 (infinity, NaN) is handled apart. */
const unit = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/** The number a 16-bit pattern stands for; exact. */
export function fromFloat16(pattern: number): number {
  const exponent = (pattern >>> 10) & 31;
  const mantissa = pattern & 1023;
  const sign = (pattern & 0x8000) === 0 ? 1 : -1;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? mantissa : mantissa + 1024) * unit[exponent]!;
}

/** The numbers of `patterns` into `out`; exact. Several times as fast as one by one. */
export function fromFloat16s(patterns: Uint16Array, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < patterns.length; i++) {
    const pattern = patterns[i]!;
    const magnitude = pattern & 0x7fff;
    const sign = (pattern & 0x8000) << 16;
    // Normal numbers need their exponent rebased from 15 to 127, nothing else.
    if (magnitude >= 0x400 && magnitude < 0x7c00) bits[i] = sign | ((magnitude << 13) + 0x38000000);
    else out[i] = fromFloat16(pattern);
  }
}
