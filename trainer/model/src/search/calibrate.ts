// From ranking values to probabilities: a monotone piecewise linear curve, fitted on documents the model had not seen.

/** Points of the curve; `values` ascend strictly, `probabilities` never fall. */
export interface Calibration {
  readonly values: readonly number[];
  readonly probabilities: readonly number[];
}

/** The calibrated chance for a ranking value: linear between points, constant beyond them. */
export function probabilityOf({ values, probabilities }: Calibration, value: number): number {
  const last = values.length - 1;
  if (value <= values[0]!) return probabilities[0]!;
  if (value >= values[last]!) return probabilities[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= value) low = middle;
    else high = middle;
  }
  const share = (value - values[low]!) / (values[high]! - values[low]!);
  return probabilities[low]! + share * (probabilities[high]! - probabilities[low]!);
}

/** The curve in a manifest. @returns undefined where it is none: of wrong shape, not monotone, or outside [0, 1]. */
export function parseCalibration(json: Readonly<Record<string, unknown>>): Calibration | undefined {
  const values = numbers(json["values"]);
  const probabilities = numbers(json["probabilities"]);
  if (values === undefined || probabilities === undefined) return undefined;
  if (values.length === 0 || values.length !== probabilities.length) return undefined;
  const ascends = values.every((value, i) => i === 0 || value > values[i - 1]!);
  const rises = probabilities.every((p, i) => p >= 0 && p <= 1 && (i === 0 || p >= probabilities[i - 1]!));
  return ascends && rises ? { values, probabilities } : undefined;
}

function numbers(json: unknown): number[] | undefined {
  return Array.isArray(json) && json.every((it) => typeof it === "number" && Number.isFinite(it)) ? json : undefined;
}
