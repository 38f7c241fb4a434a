// Expected calibration error: how far stated probabilities are from what came true, averaged over bins of equal mass.

export interface CalibrationError {
  /** The mean over all pairs of |mean probability − share of hits| of the bin that a pair is in. */
  readonly error: number;
  /**
   * What that is expected to be for probabilities that are right: with few pairs a bin misses them by chance. A bin's hits
   * have the variance Σ p (1 − p), and a normal deviate's mean distance from 0 is √(2/π) of its standard deviation.
   */
  readonly byChance: number;
}

/**
 * Pairs are sorted by probability and cut into `numBins` bins of equal size; equal probabilities stay in one bin, so
 * the figures do not depend on the order of documents. 0 of nothing.
 */
export function calibrationError(
  probabilities: ArrayLike<number>,
  outcomes: ArrayLike<boolean>,
  numBins: number,
): CalibrationError {
  const total = probabilities.length;
  const order = Uint32Array.from({ length: total }, (_, i) => i).sort((i, j) => probabilities[i]! - probabilities[j]!);
  let error = 0;
  let byChance = 0;
  let start = 0;
  for (let bin = 1; bin <= numBins; bin++) {
    let end = Math.max(start, Math.floor((bin * total) / numBins));
    while (end > start && end < total && probabilities[order[end]!] === probabilities[order[end - 1]!]) end++;
    let stated = 0;
    let hits = 0;
    let variance = 0;
    for (let i = start; i < end; i++) {
      const probability = probabilities[order[i]!]!;
      stated += probability;
      variance += probability * (1 - probability);
      if (outcomes[order[i]!]) hits++;
    }
    error += Math.abs(stated - hits);
    byChance += Math.sqrt((2 / Math.PI) * variance);
    start = end;
  }
  return total === 0 ? { error: 0, byChance: 0 } : { error: error / total, byChance: byChance / total };
}
