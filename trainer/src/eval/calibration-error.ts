// Expected calibration error: how far stated probabilities are from what came true, averaged over bins of equal mass.

/**
 * The mean over all pairs of |mean probability − share of hits| of the bin that a pair is in.
 *
 * Pairs are sorted by probability and cut into `numBins` bins of equal size; equal probabilities stay in one bin, so
 * the figure does not depend on the order of documents. 0 of nothing.
 */
export function calibrationError(
  probabilities: ArrayLike<number>,
  outcomes: ArrayLike<boolean>,
  numBins: number,
): number {
  const total = probabilities.length;
  const order = Uint32Array.from({ length: total }, (_, i) => i).sort((i, j) => probabilities[i]! - probabilities[j]!);
  let error = 0;
  let start = 0;
  for (let bin = 1; bin <= numBins; bin++) {
    let end = Math.max(start, Math.floor((bin * total) / numBins));
    while (end > start && end < total && probabilities[order[end]!] === probabilities[order[end - 1]!]) end++;
    let stated = 0;
    let hits = 0;
    for (let i = start; i < end; i++) {
      stated += probabilities[order[i]!]!;
      if (outcomes[order[i]!]) hits++;
    }
    error += Math.abs(stated - hits);
    start = end;
  }
  return total === 0 ? 0 : error / total;
}
