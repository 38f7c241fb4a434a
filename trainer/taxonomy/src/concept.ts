// A concept and a taxonomy as their users see them: plain data and five questions.
// Invariant: `broader` and `narrower` mirror each other and name only concepts of this taxonomy, never the concept itself.

export interface Concept {
  /** The IRI, or the first column of a TSV file. */
  readonly id: string;
  /** In the wanted language, else by the fallback chain, else the local name of the id. Never empty. */
  readonly prefLabel: string;
  /** Other names, in the language of the preferred label; without that label itself. */
  readonly altLabels: readonly string[];
  /** Misspellings and the like: found by search, not shown. */
  readonly hiddenLabels: readonly string[];
  readonly definition: string | undefined;
  /** Ids, in file order. */
  readonly broader: readonly string[];
  readonly narrower: readonly string[];
  readonly deprecated: boolean;
  readonly notation: string | undefined;
}

export interface Taxonomy {
  /** The name of the first concept scheme that has one. */
  readonly title: string | undefined;
  /** In file order. */
  readonly concepts: readonly Concept[];
  /** Concepts without a broader one. */
  readonly topConcepts: readonly Concept[];
  /** What the import had to leave out or work around, one sentence each, with counts and an example. */
  readonly warnings: readonly string[];
  get(id: string): Concept | undefined;
  /** From a top concept down to `concept` itself, by the shortest way; cycles end where they would repeat. */
  pathTo(concept: Concept): readonly Concept[];
  /** Every concept with this name, preferred labels first; case and Unicode form do not matter. */
  findByLabel(label: string): readonly Concept[];
  /** Type-ahead: concepts with a name, or a word of a name, that starts with `prefix`; best first, each once. */
  search(prefix: string, limit?: number): readonly Concept[];
}

export interface TaxonomyLimits {
  /** Bytes of text, after decompression. */
  readonly maxBytes: number;
  /** A concept takes about 2 KB of memory. */
  readonly maxConcepts: number;
  /** Characters of one label or definition; longer ones are left out and counted. */
  readonly maxTextLength: number;
}

export const defaultLimits: TaxonomyLimits = {
  maxBytes: 2 ** 30,
  maxConcepts: 500_000,
  maxTextLength: 10_000,
};

export interface LoadOptions {
  /** Wanted languages, best first (BCP 47). English, text without a language and then any language follow by themselves. */
  readonly language?: string | readonly string[];
  readonly limits?: Partial<TaxonomyLimits>;
}
