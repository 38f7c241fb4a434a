// Label propensities: how likely it is that a true label was assigned at all, guessed from its frequency.
// Source: Jain, Prabhu, Varma, KDD 2016; constants as pyxclib has them for most data sets.

const a = 0.55;
const b = 1.5;

/**
 * The function label → 1/p = 1 + C (N + B)^-A, where N is the label's number of training documents and
 * C = (ln trainDocuments − 1)(B + 1)^A. Never below 1, also where a tiny corpus makes C negative.
 */
export function inversePropensities(
  labelDocuments: ReadonlyMap<string, number>,
  trainDocuments: number,
): (label: string) => number {
  const c = Math.max(0, Math.log(Math.max(trainDocuments, 1)) - 1) * (b + 1) ** a;
  return (label) => 1 + c * ((labelDocuments.get(label) ?? 0) + b) ** -a;
}
