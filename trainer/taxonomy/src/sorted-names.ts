// Names in the order of their UTF-16 code units: all that start with the same letters stand together.

export interface Named {
  /** As it is searched for: one spelling for all that a reader takes for the same name. */
  readonly key: string;
}

/** Negative where `a` comes first; 0 for equal names. */
export function compareNames(a: Named, b: Named): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** The position of the first of the sorted `names` that is not before `key`; their count where all are. */
export function firstFrom(names: readonly Named[], key: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (names[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
