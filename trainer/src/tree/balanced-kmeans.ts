// Balanced spherical 2-means: splits labels into two halves of equal size, again and again.
// Source: the partition of Parabel (Prabhu et al., WWW 2018) as XR-Linear uses it; ours selects instead of sorting.
import type { Csr } from "@tagwright/model/internals";
import { newBreather } from "../breathe.ts";
import { childSeed, newRandom } from "../random.ts";

const MAX_ITERATIONS = 20;

/**
 * 2^depth groups of label indices, sizes differing by at most one, in heap order; each group ascending.
 * @throws the signal's reason when aborted.
 */
export async function balancedClusters(
  embedding: Csr,
  depth: number,
  seed: number,
  signal?: AbortSignal,
): Promise<Uint32Array[]> {
  const pause = newBreather(signal);
  const sums: Sums = {
    sparse: new Float32Array(embedding.numCols * 2),
    dense: new Float32Array((embedding.dense?.width ?? 0) * 2),
  };
  let groups: Uint32Array[] = [Uint32Array.from({ length: embedding.numRows }, (_, label) => label)];
  let node = 0;
  for (let level = 0; level < depth; level++) {
    const halves: Uint32Array[] = [];
    for (const group of groups) halves.push(...(await split(embedding, group, childSeed(seed, node++), sums, pause)));
    groups = halves;
  }
  return groups;
}

/** Sums of the rows of both sides: [features][2], and [width][2] for the dense block. */
interface Sums {
  readonly sparse: Float32Array;
  readonly dense: Float32Array;
}

/** Side of a label while its group is being split. */
const NEITHER = 0;
const LEFT = 1;
const RIGHT = 2;

/**
 * Two halves of `group`: floor(n/2) labels and the rest. `sums` is all zero before and after, and is kept up by the
 * labels that change sides only. Pauses between its passes over the labels.
 */
async function split(
  embedding: Csr,
  group: Uint32Array,
  seed: number,
  sums: Sums,
  pause: () => Promise<void>,
): Promise<[Uint32Array, Uint32Array]> {
  const size = group.length;
  const half = size >> 1;
  const random = newRandom(seed);
  const first = Math.floor(random() * size);
  const second = (first + 1 + Math.floor(random() * (size - 1))) % size;
  const side = new Uint8Array(size);
  const scores = new Float64Array(size);
  const order = new Uint32Array(size);
  move(embedding, group, first, RIGHT, side, sums);
  move(embedding, group, second, LEFT, side, sums);
  for (let iteration = 0; iteration <= MAX_ITERATIONS; iteration++) {
    await pause();
    scoreSides(embedding, group, side, sums, scores);
    for (let i = 0; i < size; i++) order[i] = i;
    select(order, scores, half);
    let moved = 0;
    for (let rank = 0; rank < size; rank++) {
      const i = order[rank]!;
      const next = rank < half ? LEFT : RIGHT;
      if (side[i] === next) continue;
      move(embedding, group, i, next, side, sums);
      moved++;
    }
    if (moved === 0) break;
  }
  clear(embedding, group, sums);
  return [group.filter((_, i) => side[i] === LEFT), group.filter((_, i) => side[i] === RIGHT)];
}

/** score = cosine to the right sum − cosine to the left sum, up to the label's own norm, which is 1. */
function scoreSides(
  { indptr, indices, values, dense }: Csr,
  group: Uint32Array,
  side: Uint8Array,
  sums: Sums,
  scores: Float64Array,
): void {
  const { sparse, dense: denseSums } = sums;
  const size = group.length;
  const toLeft = new Float64Array(size);
  const toRight = new Float64Array(size);
  let leftSquares = 0;
  let rightSquares = 0;
  for (let i = 0; i < size; i++) {
    const row = group[i]!;
    let left = 0;
    let right = 0;
    for (let p = indptr[row]!; p < indptr[row + 1]!; p++) {
      const at = indices[p]! * 2;
      left += values[p]! * sparse[at]!;
      right += values[p]! * sparse[at + 1]!;
    }
    if (dense !== undefined) {
      const { width, values: rows } = dense;
      const from = row * width;
      for (let k = 0; k < width; k++) {
        const value = rows[from + k]!;
        left += value * denseSums[k * 2]!;
        right += value * denseSums[k * 2 + 1]!;
      }
    }
    toLeft[i] = left;
    toRight[i] = right;
    // ‖sum‖² is the sum of its members' products with it.
    if (side[i] === LEFT) leftSquares += left;
    else if (side[i] === RIGHT) rightSquares += right;
  }
  const leftScale = leftSquares > 0 ? 1 / Math.sqrt(leftSquares) : 0;
  const rightScale = rightSquares > 0 ? 1 / Math.sqrt(rightSquares) : 0;
  for (let i = 0; i < size; i++) scores[i] = toRight[i]! * rightScale - toLeft[i]! * leftScale;
}

function move(
  embedding: Csr,
  group: Uint32Array,
  i: number,
  to: typeof LEFT | typeof RIGHT,
  side: Uint8Array,
  sums: Sums,
): void {
  const row = group[i]!;
  if (side[i] !== NEITHER) addRow(embedding, row, sums, side[i]! - LEFT, -1);
  addRow(embedding, row, sums, to - LEFT, 1);
  side[i] = to;
}

function addRow(
  { indptr, indices, values, dense }: Csr,
  row: number,
  { sparse, dense: denseSums }: Sums,
  offset: number,
  factor: number,
): void {
  const end = indptr[row + 1]!;
  for (let p = indptr[row]!; p < end; p++) {
    const at = indices[p]! * 2 + offset;
    sparse[at] = sparse[at]! + factor * values[p]!;
  }
  if (dense === undefined) return;
  const { width, values: rows } = dense;
  for (let k = 0; k < width; k++) {
    const at = k * 2 + offset;
    denseSums[at] = denseSums[at]! + factor * rows[row * width + k]!;
  }
}

function clear({ indptr, indices }: Csr, group: Uint32Array, { sparse, dense }: Sums): void {
  for (const row of group) {
    for (let p = indptr[row]!; p < indptr[row + 1]!; p++) {
      sparse[indices[p]! * 2] = 0;
      sparse[indices[p]! * 2 + 1] = 0;
    }
  }
  dense.fill(0);
}

/** Partially sorts `order` by (score, position) so that the `count` smallest come first (Hoare's selection). */
function select(order: Uint32Array, scores: Float64Array, count: number): void {
  let low = 0;
  let high = order.length - 1;
  while (low < high) {
    const pivot = order[(low + high) >> 1]!;
    const bound = scores[pivot]!;
    let i = low;
    let j = high;
    while (i <= j) {
      for (let a = order[i]!; scores[a]! < bound || (scores[a] === bound && a < pivot); a = order[i]!) i++;
      for (let b = order[j]!; scores[b]! > bound || (scores[b] === bound && b > pivot); b = order[j]!) j--;
      if (i > j) break;
      const kept = order[i]!;
      order[i++] = order[j]!;
      order[j--] = kept;
    }
    if (count <= j) high = j;
    else if (count >= i) low = i;
    else return;
  }
}
