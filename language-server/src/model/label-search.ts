// Type-ahead over the labels of a model: whole labels first, then labels of which a later word starts so.
import { compareNames, firstFrom } from "@tagwright/taxonomy";

export interface LabelSearch {
  /** Case does not matter. An empty prefix gives the first labels of the model. */
  search(prefix: string, limit: number): string[];
}

/** Labels scanned for a later word; beyond it a key stroke would be felt. */
const maxScanned = 300_000;

/** Sorts on first use, so that a server whose user never completes does not pay. */
export function labelSearch(labels: readonly string[]): LabelSearch {
  let sorted: { key: string; label: string }[] | undefined;
  const all = () => {
    sorted ??= labels.map((label) => ({ key: label.toLowerCase(), label })).sort(compareNames);
    return sorted;
  };
  return {
    search(prefix, limit) {
      const key = prefix.toLowerCase();
      if (key === "") return labels.slice(0, limit);
      const entries = all();
      const found: string[] = [];
      for (let i = firstFrom(entries, key); i < entries.length && found.length < limit; i++) {
        if (!entries[i]!.key.startsWith(key)) break;
        found.push(entries[i]!.label);
      }
      for (let i = 0; i < Math.min(entries.length, maxScanned) && found.length < limit; i++) {
        if (startsLaterWord(entries[i]!.key, key)) found.push(entries[i]!.label);
      }
      return found;
    },
  };
}

function startsLaterWord(label: string, key: string): boolean {
  if (label.startsWith(key)) return false;
  for (let at = label.indexOf(key, 1); at > 0; at = label.indexOf(key, at + 1)) {
    if (/[^\p{L}\p{N}]/u.test(label[at - 1]!)) return true;
  }
  return false;
}
