// Floats of eight bits that share a scale: a sign, four bits of exponent, three of mantissa, every pattern a number.
// A pattern stands for its `magnitude` times 2^scale; beside the largest, numbers down to 2^-17 of it are told from zero.
// Source: microscaling formats (MXFP8), arXiv 2310.10537; without its infinity and NaN, and one scale for any number.

/** What the 128 patterns without a sign stand for at scale 0: 0 to 7 as they are, then eight steps an octave. */
const magnitude = Float64Array.from({ length: 128 }, (_, code) =>
  code < 8 ? code : (8 + (code & 7)) * 2 ** ((code >>> 3) - 1),
);

/** Of scales: below it numbers would not be normal as float32, above it the largest pattern is past its range. */
export const minFloat8Scale = -126;
export const maxFloat8Scale = 110;

const bias = 127;
/** Bits of mantissa of a float32 and of a float8. */
const [floatMantissa, fullMantissa] = [23, 3];
/** Exponent of the smallest number with a full mantissa, 8. */
const normalExponent = 3;
const largestExponent = 17;

/** The smallest scale at which `values` fit, rounded to `mantissaBits`. @throws RangeError for infinity and NaN, and what rounds past float32. */
export function float8Scale(values: Float32Array, mantissaBits = fullMantissa): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let most = 0;
  for (let i = 0; i < bits.length; i++) most = Math.max(most, bits[i]! & 0x7fffffff);
  const exponent = Math.floor(roundBits(most, mantissaBits) / 8) - bias;
  if (exponent > bias) {
    const at = values.findIndex((it) => !(Math.abs(it) < 2 ** 127));
    throw new RangeError(`float8Scale: ${values[at]} at ${at} is no number that eight bits can stand for`);
  }
  return Math.max(minFloat8Scale, exponent - largestExponent);
}

/**
 * Patterns of `values` at `scale` into `out`, rounded to nearest, ties to even. With fewer `mantissaBits` than three the last
 * ones are 0; numbers too small for a full mantissa keep what they have.
 */
export function toFloat8(values: Float32Array, scale: number, out: Uint8Array, mantissaBits = fullMantissa): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const firstNormal = (bias + normalExponent + scale) * 8;
  const unit = 2 ** -scale;
  for (let i = 0; i < bits.length; i++) {
    const rounded = roundBits(bits[i]! & 0x7fffffff, mantissaBits);
    // Below the full mantissas patterns are multiples of the unit; adding 2^52 rounds a double to an integer, ties to even.
    const code = rounded < firstNormal ? Math.abs(values[i]!) * unit + 2 ** 52 - 2 ** 52 : rounded - firstNormal + 8;
    out[i] = code === 0 ? 0 : ((bits[i]! >>> 24) & 0x80) | code;
  }
}

/** The numbers of `patterns` at `scale` into `out`; exact. */
export function fromFloat8(patterns: Uint8Array, scale: number, out: Float32Array): void {
  const table = new Float32Array(256);
  for (const [code, it] of magnitude.entries()) {
    table[code] = it * 2 ** scale;
    table[code | 0x80] = -table[code]!;
  }
  for (let i = 0; i < patterns.length; i++) out[i] = table[patterns[i]!]!;
}

/** A float32's magnitude with so many bits of mantissa left, ties to even: its exponent field times 8 plus those bits, the rest 0. */
function roundBits(bits: number, mantissaBits: number): number {
  const lost = floatMantissa - mantissaBits;
  const kept = (bits + (1 << (lost - 1)) - 1 + ((bits >>> lost) & 1)) >>> lost;
  return kept << (fullMantissa - mantissaBits);
}
