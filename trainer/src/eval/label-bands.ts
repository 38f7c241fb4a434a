// Figures by how frequent a label is: averages over documents hide how rare labels fare.
import type { Ranked } from "./metrics.ts";

type BandName = "head" | "middle" | "tail";

export interface Band {
  readonly name: BandName;
  readonly labels: number;
  /** Training documents of the band's rarest and most frequent label. */
  readonly minDocuments: number;
  readonly maxDocuments: number;
  /** True labels of the evaluated documents that are in the band. */
  readonly assignments: number;
  /** Share of those that are among the first five and ten suggestions. */
  readonly recall: Readonly<Record<"5" | "10", number>>;
  /** Share of the band's suggestions at or over the threshold that are right; 0 where none was taken. */
  readonly precision: number;
}

export interface BandAccumulator {
  /** As `MetricsAccumulator.add`. */
  add(suggestions: readonly Ranked[], truth: readonly string[]): void;
  /** Head, middle, tail; bands without labels are left out. */
  result(): Band[];
}

const names: readonly BandName[] = ["head", "middle", "tail"];

/**
 * Bands of equal weight: the most frequent labels that make up a third of all label assignments in training, the next
 * third, and the rest. A label that is not in `labelDocuments` was never seen and belongs to no band.
 */
export function createBands(labelDocuments: ReadonlyMap<string, number>, threshold: number): BandAccumulator {
  const sorted = [...labelDocuments].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const total = sorted.reduce((sum, it) => sum + it[1], 0);
  const bandOf = new Map<string, number>();
  const counts = names.map(() => ({
    labels: 0,
    min: Infinity,
    max: 0,
    truths: 0,
    hits5: 0,
    hits10: 0,
    taken: 0,
    right: 0,
  }));
  let before = 0;
  for (const [label, documents] of sorted) {
    const band = Math.min(names.length - 1, Math.floor((names.length * before) / Math.max(total, 1)));
    before += documents;
    bandOf.set(label, band);
    const it = counts[band]!;
    it.labels++;
    it.min = Math.min(it.min, documents);
    it.max = Math.max(it.max, documents);
  }

  function add(suggestions: readonly Ranked[], truth: readonly string[]): void {
    const rankOf = new Map(suggestions.map((it, rank) => [it.id, rank]));
    for (const label of truth) {
      const it = counts[bandOf.get(label) ?? -1];
      if (it === undefined) continue;
      const rank = rankOf.get(label) ?? Infinity;
      it.truths++;
      if (rank < 5) it.hits5++;
      if (rank < 10) it.hits10++;
    }
    const wanted = new Set(truth);
    for (const { id, probability } of suggestions) {
      const it = counts[bandOf.get(id) ?? -1];
      if (it === undefined || probability < threshold) continue;
      it.taken++;
      if (wanted.has(id)) it.right++;
    }
  }

  function result(): Band[] {
    return names.flatMap((name, i) => {
      const it = counts[i]!;
      const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
      const band: Band = {
        name,
        labels: it.labels,
        minDocuments: it.min,
        maxDocuments: it.max,
        assignments: it.truths,
        recall: { 5: share(it.hits5, it.truths), 10: share(it.hits10, it.truths) },
        precision: share(it.right, it.taken),
      };
      return it.labels === 0 ? [] : [band];
    });
  }

  return { add, result };
}
