// Which documents a step sees. Documents of about the same length share a batch, so that little is padded; each epoch is
// a permutation of its own, a function of the seed alone, so that a resumed run goes on with the very same batches.
import { childSeed, newRandom, type Random } from "../random.ts";

export interface BatchPlan {
  readonly numSteps: number;
  /** Documents of step `step`, at most `size`. */
  batch(step: number): Uint32Array;
}

/** Batches that are sorted by length together: fewer would pad more, more would show long texts in a row. */
const WINDOW = 50;

/** As many batches as `epochs` passes over all documents take, at least one. */
export function planBatches(lengths: Uint32Array, size: number, epochs: number, seed: number): BatchPlan {
  const perEpoch = Math.max(1, Math.ceil(lengths.length / size));
  const numSteps = Math.max(1, Math.round(perEpoch * epochs));
  let known: { epoch: number; batches: Uint32Array[] } | undefined;
  return {
    numSteps,
    batch(step) {
      const epoch = Math.floor(step / perEpoch);
      if (known?.epoch !== epoch) known = { epoch, batches: cutEpoch(lengths, size, childSeed(seed, epoch)) };
      return known.batches[step % perEpoch]!;
    },
  };
}

function cutEpoch(lengths: Uint32Array, size: number, seed: number): Uint32Array[] {
  const random = newRandom(seed);
  const order = Uint32Array.from(lengths.keys());
  shuffle(order, random);
  const batches: Uint32Array[] = [];
  for (let from = 0; from < order.length; from += size * WINDOW) {
    const window = order.slice(from, from + size * WINDOW);
    window.sort((a, b) => lengths[a]! - lengths[b]! || a - b);
    for (let k = 0; k < window.length; k += size) batches.push(window.slice(k, k + size));
  }
  shuffle(batches, random);
  return batches;
}

/** Source: Fisher and Yates. */
function shuffle<T>(items: { [i: number]: T; readonly length: number }, random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const kept = items[i]!;
    items[i] = items[j]!;
    items[j] = kept;
  }
}
