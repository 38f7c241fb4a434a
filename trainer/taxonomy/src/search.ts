// Names to concepts: exact look-up and type-ahead over two sorted lists, whole names and their later words.
import type { Concept } from "./concept.ts";
import { compareNames, firstFrom, type Named } from "./sorted-names.ts";

/** Smaller is better; a preferred label wins over an alternative, that over a hidden one. */
type Kind = 0 | 1 | 2;

interface Entry extends Named {
  readonly concept: Concept;
  readonly kind: Kind;
}

/** A single letter may match a good part of a million names; this many are ranked, in alphabetical order. */
const maxRanked = 2000;

export interface LabelIndex {
  findByLabel(label: string): readonly Concept[];
  search(prefix: string, limit?: number): readonly Concept[];
}

/** Both lists are made on first use: a caller that only walks the hierarchy does not pay for them. */
export function labelIndex(concepts: readonly Concept[]): LabelIndex {
  let names: readonly Entry[] | undefined;
  let laterWords: readonly Entry[] | undefined;
  const allNames = () => {
    names ??= sorted(concepts.flatMap(entriesOf));
    return names;
  };
  const allLaterWords = () => {
    laterWords ??= sorted(allNames().flatMap(wordStarts));
    return laterWords;
  };
  return {
    findByLabel(label) {
      const key = fold(label);
      return key === "" ? [] : distinct(ranked(startingWith(allNames(), key).filter((it) => it.key === key)));
    },
    search(prefix, limit = 20) {
      const key = fold(prefix);
      if (key === "" || limit <= 0) return [];
      const first = distinct(ranked(startingWith(allNames(), key)));
      if (first.length >= limit) return first.slice(0, limit);
      return distinct([...first.map((concept) => ({ concept })), ...ranked(startingWith(allLaterWords(), key))]).slice(
        0,
        limit,
      );
    },
  };
}

/** One spelling for all that a reader takes for the same name. */
function fold(label: string): string {
  return label.normalize("NFC").toLowerCase().replace(/\s+/gu, " ").trim();
}

function entriesOf(concept: Concept): Entry[] {
  return [
    { key: fold(concept.prefLabel), concept, kind: 0 },
    ...concept.altLabels.map((it): Entry => ({ key: fold(it), concept, kind: 1 })),
    ...concept.hiddenLabels.map((it): Entry => ({ key: fold(it), concept, kind: 2 })),
  ];
}

function wordStarts({ key, concept, kind }: Entry): Entry[] {
  return [...key.matchAll(/(?<=[^\p{L}\p{N}])[\p{L}\p{N}]/gu)].map((it) => ({
    key: key.slice(it.index),
    concept,
    kind,
  }));
}

function sorted(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => compareNames(a, b) || a.kind - b.kind);
}

function startingWith(entries: readonly Entry[], key: string): Entry[] {
  const first = firstFrom(entries, key);
  let end = first;
  while (end < entries.length && end - first < maxRanked && entries[end]!.key.startsWith(key)) end++;
  return entries.slice(first, end);
}

/** Current concepts before deprecated ones, then by kind of name, then the shortest name. Stable: ties stay sorted. */
function ranked(entries: Entry[]): Entry[] {
  return entries.sort(
    (a, b) =>
      Number(a.concept.deprecated) - Number(b.concept.deprecated) || a.kind - b.kind || a.key.length - b.key.length,
  );
}

function distinct(entries: readonly { readonly concept: Concept }[]): Concept[] {
  return [...new Set(entries.map((it) => it.concept))];
}
