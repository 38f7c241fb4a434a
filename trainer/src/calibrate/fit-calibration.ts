// The curve from ranking values to probabilities: isotonic regression on suggestions for documents the model had not
// seen. Source: pool adjacent violators, Zadrozny and Elkan, KDD 2002.
import type { Calibration } from "@tagwright/model/internals";

/** One suggestion for a held-out document. */
export interface Outcome {
  readonly value: number;
  readonly isRight: boolean;
}

/** Points of the curve, at most: more would follow chance. */
const MAX_POINTS = 40;
/** Suggestions that a point stands for, at least. */
const MIN_MASS = 20;

/** A monotone curve through pooled outcomes; without outcomes, one that says little: 0.1 for everything. */
export function fitCalibration(outcomes: readonly Outcome[]): Calibration {
  if (outcomes.length === 0) return { values: [0], probabilities: [0.1] };
  const blocks = pool(bins([...outcomes].sort((a, b) => a.value - b.value)));
  return {
    values: blocks.map(({ value, mass }) => value / mass),
    // Half an outcome of each kind, so that no suggestion is ever certain or impossible.
    probabilities: blocks.map(({ right, mass }) => (right + 0.5) / (mass + 1)),
  };
}

interface Block {
  /** Sum of values. */
  value: number;
  right: number;
  mass: number;
}

/** Bins of equal mass, in order of value; equal values are never parted. */
function bins(sorted: readonly Outcome[]): Block[] {
  const size = Math.max(MIN_MASS, sorted.length / (MAX_POINTS * 4));
  const result: Block[] = [];
  let last = Number.NaN;
  for (const { value, isRight } of sorted) {
    let bin = result[result.length - 1];
    if (bin === undefined || (bin.mass >= size && value !== last)) {
      bin = { value: 0, right: 0, mass: 0 };
      result.push(bin);
    }
    bin.value += value;
    bin.right += isRight ? 1 : 0;
    bin.mass++;
    last = value;
  }
  return result;
}

/** Merges neighbours until shares of right outcomes, smoothed as they are written, rise strictly with the value. */
function pool(ordered: readonly Block[]): Block[] {
  const share = ({ right, mass }: Block) => (right + 0.5) / (mass + 1);
  const stack: Block[] = [];
  for (const block of ordered) {
    let next = { ...block };
    for (
      let top = stack[stack.length - 1];
      top !== undefined && share(top) >= share(next);
      top = stack[stack.length - 1]
    ) {
      stack.pop();
      next = { value: top.value + next.value, right: top.right + next.right, mass: top.mass + next.mass };
    }
    stack.push(next);
  }
  return thin(stack);
}

/** Merges the lightest neighbours until at most MAX_POINTS are left. */
function thin(blocks: Block[]): Block[] {
  while (blocks.length > MAX_POINTS) {
    let lightest = 0;
    for (let i = 1; i + 1 < blocks.length; i++) {
      if (blocks[i]!.mass + blocks[i + 1]!.mass < blocks[lightest]!.mass + blocks[lightest + 1]!.mass) lightest = i;
    }
    const [a, b] = [blocks[lightest]!, blocks[lightest + 1]!];
    blocks.splice(lightest, 2, { value: a.value + b.value, right: a.right + b.right, mass: a.mass + b.mass });
  }
  return blocks;
}

/**
 * The probability from which on suggestions are taken so that micro-F1 is best; `numTrue` counts the true labels of all
 * documents, suggested or not.
 */
export function bestThreshold(
  suggestions: readonly { probability: number; isRight: boolean }[],
  numTrue: number,
): number {
  const sorted = [...suggestions].sort((a, b) => b.probability - a.probability);
  let right = 0;
  let best = 0;
  let threshold = 0.5;
  for (const [i, { probability, isRight }] of sorted.entries()) {
    if (isRight) right++;
    if (sorted[i + 1]?.probability === probability) continue;
    const f1 = (2 * right) / (i + 1 + numTrue);
    if (f1 > best) {
      best = f1;
      threshold = probability;
    }
  }
  return threshold;
}
