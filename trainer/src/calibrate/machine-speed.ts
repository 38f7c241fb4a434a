// How fast this machine does what training mostly does: multiply and add over values that are scattered in memory.
// Invariant: the best of several short rounds counts, so that what else the machine is doing hardly does.

const VALUES = 1 << 18;
const ENTRIES = 1 << 16;
const ROUNDS = 12;
/** Of the machine that the estimates were fitted on, while it was: nanoseconds for one entry. */
const REFERENCE_NANOSECONDS = 5.8;
const SLOWEST = 0.25;
const FASTEST = 4;

/**
 * Under 1 for a machine slower than the one that the estimates were fitted on. Takes some milliseconds.
 *
 * The square root of what is measured, within bounds: a loop of milliseconds says little about minutes on all cores. On
 * one busy machine it varied by a factor of two from one hour to the next while whole runs varied by 1.7, the other way.
 */
export function machineSpeed(): number {
  const values = new Float32Array(VALUES).fill(1e-3);
  const indices = new Uint32Array(ENTRIES);
  for (let i = 0, at = 1; i < ENTRIES; i++) {
    at = (Math.imul(at, 1_664_525) + 1_013_904_223) >>> 0;
    indices[i] = at % VALUES;
  }
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    touch(values, indices);
    best = Math.min(best, performance.now() - start);
  }
  const measured = REFERENCE_NANOSECONDS / ((best * 1e6) / ENTRIES);
  return Math.min(FASTEST, Math.max(SLOWEST, Math.sqrt(measured)));
}

function touch(values: Float32Array, indices: Uint32Array): void {
  let sum = 0;
  for (let i = 0; i < indices.length; i++) {
    const at = indices[i]!;
    sum += values[at]!;
    values[at] = values[at]! + 1e-9 * sum;
  }
}
