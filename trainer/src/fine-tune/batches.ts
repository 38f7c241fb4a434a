// Which documents a step sees, and which passage of each. Passages of about the same length share a batch, so that little
// is padded; each epoch is a permutation of its own, with passages of its own, a function of the seed alone, so that a
// resumed run goes on with the very same batches.
import { childSeed, newRandom, type Random } from "../random.ts";
import { type PieceRows, passageLength } from "./pieces.ts";

/** Entry i is a document and the passage of it that is read; `passages` index into the corpus' `PieceRows`. */
export interface Batch {
  readonly documents: Uint32Array;
  readonly passages: Uint32Array;
}

export interface BatchPlan {
  readonly numSteps: number;
  /** Step `step`, of at most `size` documents. */
  batch(step: number): Batch;
}

/** Batches that are sorted by length together: fewer would pad more, more would show long texts in a row. */
const WINDOW = 50;

export interface BatchOptions {
  /** Word pieces that are read of a passage at most. */
  readonly maxPieces: number;
  readonly size: number;
  readonly epochs: number;
  readonly seed: number;
}

/** As many batches as `epochs` passes over all documents with a passage take, at least one; none without such a document. */
export function planBatches(pieces: PieceRows, options: BatchOptions): BatchPlan {
  const { size, epochs, seed } = options;
  const { passageStart } = pieces;
  const documents = passageStart
    .subarray(1)
    .map((_, d) => d)
    .filter((d) => passageStart[d]! < passageStart[d + 1]!);
  const perEpoch = Math.ceil(documents.length / size);
  const numSteps = Math.max(Math.sign(perEpoch), Math.round(perEpoch * epochs));
  let known: { epoch: number; batches: Batch[] } | undefined;
  return {
    numSteps,
    batch(step) {
      const epoch = Math.floor(step / perEpoch);
      if (known?.epoch !== epoch)
        known = { epoch, batches: cutEpoch(documents, pieces, options, childSeed(seed, epoch)) };
      return known.batches[step % perEpoch]!;
    },
  };
}

function cutEpoch(documents: Uint32Array, pieces: PieceRows, { maxPieces, size }: BatchOptions, seed: number): Batch[] {
  const random = newRandom(seed);
  const order = documents.slice();
  shuffle(order, random);
  const passage = new Map(Array.from(order, (d) => [d, drawPassage(pieces, d, random)]));
  const length = (d: number) => passageLength(pieces, passage.get(d)!, maxPieces);
  const batches: Batch[] = [];
  for (let from = 0; from < order.length; from += size * WINDOW) {
    const window = order.slice(from, from + size * WINDOW);
    window.sort((a, b) => length(a) - length(b) || a - b);
    for (let k = 0; k < window.length; k += size) {
      const own = window.slice(k, k + size);
      batches.push({ documents: own, passages: own.map((d) => passage.get(d)!) });
    }
  }
  shuffle(batches, random);
  return batches;
}

/** Any passage of document `d`, each as likely: what a document is served by is the mean over all of them. */
function drawPassage({ passageStart }: PieceRows, d: number, random: Random): number {
  const [first, end] = [passageStart[d]!, passageStart[d + 1]!];
  return first + Math.floor(random() * (end - first));
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
