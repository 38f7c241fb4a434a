// The weights of a node's children for the dense block: 8 bits each, one scale a child. Rows of features are quantised
// to 16 bits when they meet a panel, so that products are sums of whole numbers: the same on every machine.

/** weight k of child c is weights[c · width + k] · scales[c]; as many scales as children. */
export interface DensePanel {
  readonly weights: Int8Array;
  readonly scales: Float32Array;
}

const MAX_WEIGHT = 127;
const MAX_SUM = 2 ** 31 - 1;

export function newPanel(numChildren: number, width: number): DensePanel {
  return { weights: new Int8Array(numChildren * width), scales: new Float32Array(numChildren) };
}

/** Rounds `weights` [width] into the row of `child`. @throws RangeError for a weight that is no finite float32. */
export function quantiseChild(panel: DensePanel, child: number, weights: Float32Array): void {
  const { weights: rows, scales } = panel;
  let largest = 0;
  for (const weight of weights) largest = Math.max(largest, Math.abs(weight));
  if (!Number.isFinite(largest)) throw new RangeError(`quantiseChild: a weight of child ${child} is ${largest}`);
  const scale = Math.fround(largest / MAX_WEIGHT);
  scales[child] = scale;
  const start = child * weights.length;
  for (let k = 0; k < weights.length; k++) rows[start + k] = scale === 0 ? 0 : Math.round(weights[k]! / scale);
}

/** The weights of `child`, to within half a step of what they were. */
export function childWeights({ weights, scales }: DensePanel, child: number): Float32Array {
  const width = weights.length / scales.length;
  return Float32Array.from(weights.subarray(child * width, (child + 1) * width), (it) => it * scales[child]!);
}

/**
 * Rounds the dense part of a row into `out` [width] and returns the step: value k is about out[k] · step. No sum of
 * products with a panel's weights passes 32 bits.
 */
export function quantiseRow(row: Float32Array, out: Int16Array): number {
  let largest = 0;
  for (let k = 0; k < row.length; k++) largest = Math.max(largest, Math.abs(row[k]!));
  const most = Math.min(32767, Math.floor(MAX_SUM / (row.length * (MAX_WEIGHT + 1))));
  const step = largest / most;
  for (let k = 0; k < row.length; k++) out[k] = step === 0 ? 0 : Math.round(row[k]! / step);
  return step;
}

/** What the dense part of a row, quantised to `row` and `step`, adds to the margin of `child`. */
export function denseMargin({ weights, scales }: DensePanel, child: number, row: Int16Array, step: number): number {
  let sum = 0;
  const start = child * row.length;
  for (let k = 0; k < row.length; k++) sum += weights[start + k]! * row[k]!;
  return sum * (step * scales[child]!);
}
