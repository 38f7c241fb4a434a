// The kernels in plain TypeScript: the oracle of the SIMD ones and the fallback where a machine has no SIMD.
// Equal bit for bit: every operation is rounded to float32 where the other one is.
import { type Kernels, NUM_LANES } from "./kernels.ts";
import { addDense, addRow, gramKernels, gramStride } from "./reference-gram.ts";
import { hingeStep, logisticStep, type Step, sigmoid } from "./reference-losses.ts";

const { fround } = Math;

export function newReferenceKernels(): Kernels {
  let memory = new ArrayBuffer(1 << 20);
  return {
    name: "reference",
    buffer: () => memory,
    reserve(bytes) {
      if (bytes <= memory.byteLength) return;
      const larger = new ArrayBuffer(bytes);
      new Uint8Array(larger).set(new Uint8Array(memory));
      memory = larger;
    },
    solveGroup(numRows, indptr, indices, values, norms, w, alpha, rowKind, kinds, state, order, active, ...rest) {
      const [eps, lazy, maxPasses, seed, dense, width, panel, logistic, gram] = rest;
      const more = { dense, width, panel, logistic, gram, numRows };
      const at: Addresses = { indptr, indices, values, norms, w, alpha, rowKind, kinds, state, ...more };
      const passes = solve(memory, numRows, at, order, active, eps, fround(lazy), maxPasses, seed);
      if (logistic) toAlphas(memory, numRows, at);
      return passes;
    },
    liftPositives(numRows, indptr, indices, values, w, rowKind, kinds, dense, width, panel, share) {
      const rows = {
        f32: new Float32Array(memory),
        u32: new Uint32Array(memory),
        indptr,
        indices,
        values,
        dense,
        width,
      };
      const lift = new Float32Array(NUM_LANES);
      for (let row = 0; row < numRows; row++) {
        const own = rows.u32[rowKind / 4 + row]!;
        if (own === 0) continue;
        const kind = kinds / 4 + own * NUM_LANES * 2;
        for (let lane = 0; lane < NUM_LANES; lane++) lift[lane] = rows.f32[kind + lane]! > 0 ? share : 0;
        addRow(rows, row, w, panel, lift);
      }
    },
    ...gramKernels(() => memory),
    collectRows: (w, numFeatures, threshold, out) => collect(memory, w, numFeatures, fround(threshold), out),
    spreadRows(w, sum, numFeatures, factor) {
      const f32 = new Float32Array(memory);
      for (let f = 0; f < numFeatures; f++) {
        const value = fround(f32[sum / 4 + f]! * fround(factor));
        f32.fill(value, w / 4 + f * NUM_LANES, w / 4 + (f + 1) * NUM_LANES);
      }
    },
    dotPanel(query, panel, width, numRows, out) {
      const x = new Int16Array(memory, query, width);
      const weights = new Int8Array(memory, panel, numRows * width);
      const sums = new Int32Array(memory, out, numRows);
      for (let row = 0; row < numRows; row++) {
        let sum = 0;
        for (let k = 0; k < width; k++) sum += weights[row * width + k]! * x[k]!;
        sums[row] = sum;
      }
    },
  };
}

interface Addresses {
  readonly indptr: number;
  readonly indices: number;
  readonly values: number;
  readonly norms: number;
  readonly w: number;
  readonly alpha: number;
  readonly rowKind: number;
  readonly kinds: number;
  readonly state: number;
  readonly dense: number;
  readonly width: number;
  readonly panel: number;
  readonly logistic: boolean;
  readonly gram: number;
  readonly numRows: number;
}

function solve(
  memory: ArrayBuffer,
  numRows: number,
  at: Addresses,
  order: number,
  active: number,
  eps: number,
  lazy: number,
  maxPasses: number,
  seed: number,
): number {
  const state = new Float32Array(memory, at.state, NUM_LANES * 4);
  const masks = new Uint32Array(memory, at.state + NUM_LANES * 4, NUM_LANES);
  const all = new Uint32Array(memory, order, numRows);
  const moving = new Uint32Array(memory, active, numRows);
  let random = seed | 1;
  let passes = 0;
  while (passes < maxPasses) {
    random = shuffle(all, numRows, random);
    let count = pass(memory, numRows, all, moving, at, lazy);
    passes++;
    if (converged(state, masks, eps, true)) break;
    while (passes < maxPasses && count > 0) {
      random = shuffle(moving, count, random);
      count = pass(memory, count, moving, moving, at, lazy);
      passes++;
      if (converged(state, masks, eps, false)) break;
    }
  }
  return passes;
}

/** One pass over `order[0, count)`; the rows that moved are listed in `active`, their number is returned. */
function pass(
  memory: ArrayBuffer,
  count: number,
  order: Uint32Array,
  active: Uint32Array,
  at: Addresses,
  lazy: number,
): number {
  const u32 = new Uint32Array(memory);
  const f32 = new Float32Array(memory);
  const state = new Float32Array(memory, at.state, NUM_LANES * 4);
  const masks = new Uint32Array(memory, at.state + NUM_LANES * 4, NUM_LANES);
  const scores = new Float32Array(NUM_LANES);
  const delta = new Float32Array(NUM_LANES);
  const highest = state.subarray(NUM_LANES * 2, NUM_LANES * 3).fill(0);
  const lowest = state.subarray(NUM_LANES * 3, NUM_LANES * 4).fill(0);
  const takeStep = at.logistic ? logisticStep : hingeStep;
  const step: Step = { violation: 0, moves: false, value: 0, delta: 0 };
  let kept = 0;
  for (let t = 0; t < count; t++) {
    const row = order[t]!;
    if (at.gram !== 0) scores.set(f32.subarray(at.w / 4 + row * NUM_LANES, at.w / 4 + (row + 1) * NUM_LANES));
    else scoreRow(f32, u32, row, at, state, scores);
    const kind = at.kinds / 4 + u32[at.rowKind / 4 + row]! * NUM_LANES * 2;
    const a = at.alpha / 4 + row * NUM_LANES;
    const norm = f32[at.norms / 4 + row * 2]!;
    const own = f32[at.norms / 4 + row * 2 + 1]!;
    let moves = false;
    for (let lane = 0; lane < NUM_LANES; lane++) {
      const figure = f32[kind + NUM_LANES + lane]!;
      const open = masks[lane] !== 0;
      takeStep(
        { y: f32[kind + lane]!, figure, value: f32[a + lane]!, score: scores[lane]!, norm, own, open },
        lazy,
        step,
      );
      highest[lane] = Math.max(highest[lane]!, step.violation);
      lowest[lane] = Math.min(lowest[lane]!, step.violation);
      f32[a + lane] = step.value;
      delta[lane] = step.delta;
      if (step.moves) moves = true;
    }
    if (!moves) continue;
    active[kept++] = row;
    if (at.gram !== 0) {
      addDense(f32, at.gram / 4 + row * gramStride(at.numRows), at.w / 4, at.numRows, delta);
      continue;
    }
    for (let lane = 0; lane < NUM_LANES; lane++) state[lane]! += delta[lane]!;
    addRow({ f32, u32, ...at }, row, at.w, at.panel, delta);
  }
  return kept;
}

/** What a row's weights and the biases, the start of `state`, give: 16 scores. */
function scoreRow(
  f32: Float32Array,
  u32: Uint32Array,
  row: number,
  at: Addresses,
  state: Float32Array,
  scores: Float32Array,
): void {
  const others = new Float32Array(NUM_LANES);
  const start = u32[at.indptr / 4 + row]!;
  const end = u32[at.indptr / 4 + row + 1]!;
  scores.set(state.subarray(0, NUM_LANES));
  others.fill(0);
  for (let p = start; p < end; p++) {
    const weights = at.w / 4 + u32[at.indices / 4 + p]! * NUM_LANES;
    const x = f32[at.values / 4 + p]!;
    // Every second product, counted from the end, goes to the other sum: the order that the SIMD twin adds in.
    const sum = p > start && (end - p) % 2 === 1 ? others : scores;
    for (let lane = 0; lane < NUM_LANES; lane++) sum[lane]! += fround(x * f32[weights + lane]!);
  }
  for (let lane = 0; lane < NUM_LANES; lane++) scores[lane]! += others[lane]!;
  others.fill(0);
  for (let k = 0; k < at.width; k++) {
    const weights = at.panel / 4 + k * NUM_LANES;
    const x = f32[at.dense / 4 + row * at.width + k]!;
    const sum = k % 2 === 1 ? others : scores;
    for (let lane = 0; lane < NUM_LANES; lane++) sum[lane]! += fround(x * f32[weights + lane]!);
  }
  for (let lane = 0; lane < NUM_LANES; lane++) scores[lane]! += others[lane]!;
}

/** Turns logits [rows][16] into what they stand for. */
function toAlphas(memory: ArrayBuffer, numRows: number, { alpha, rowKind, kinds }: Addresses): void {
  const f32 = new Float32Array(memory);
  const kindOf = new Uint32Array(memory, rowKind, numRows);
  for (let row = 0; row < numRows; row++) {
    const costs = kinds / 4 + (kindOf[row]! * 2 + 1) * NUM_LANES;
    const at = alpha / 4 + row * NUM_LANES;
    for (let lane = 0; lane < NUM_LANES; lane++) f32[at + lane] = f32[costs + lane]! * sigmoid(f32[at + lane]!);
  }
}

function converged(state: Float32Array, masks: Uint32Array, eps: number, close: boolean): boolean {
  let all = true;
  for (let lane = 0; lane < NUM_LANES; lane++) {
    const span = fround(state[NUM_LANES * 2 + lane]! - state[NUM_LANES * 3 + lane]!);
    if (span > fround(eps)) all = false;
    else if (close) masks[lane] = 0;
  }
  return all;
}

/** Rows that keep together when a pass is shuffled. */
const BLOCK = 4;

function shuffle(order: Uint32Array, count: number, seed: number): number {
  const kept = new Uint32Array(BLOCK);
  let state = seed;
  for (let i = Math.floor(count / BLOCK) - 1; i > 0; i--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = Math.floor(((state >>> 0) * (i + 1)) / 0x100000000);
    kept.set(order.subarray(i * BLOCK, (i + 1) * BLOCK));
    order.copyWithin(i * BLOCK, j * BLOCK, (j + 1) * BLOCK);
    order.set(kept, j * BLOCK);
  }
  return state;
}

function collect(memory: ArrayBuffer, w: number, numFeatures: number, threshold: number, out: number): number {
  const f32 = new Float32Array(memory);
  const u32 = new Uint32Array(memory);
  let count = 0;
  for (let f = 0; f < numFeatures; f++) {
    const row = f32.subarray(w / 4 + f * NUM_LANES, w / 4 + (f + 1) * NUM_LANES);
    if (row.some((weight) => Math.abs(weight) >= threshold)) u32[out / 4 + count++] = f;
  }
  return count;
}
