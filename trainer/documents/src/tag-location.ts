// The interface of every tag format: where tags stand in a text, and which minimal text edits add or remove some.
// Invariant: offsets are UTF-16 positions into the text as given, BOM and CRLF included.

export type FormatId = "yaml" | "toml" | "json" | "inline-hash" | "sidecar";

/** A document as the caller holds it. `path` serves format detection only; nothing is read from disk. */
export interface DocumentSource {
  readonly path: string;
  readonly text: string;
}

/** One tag where it stands. `start` and `end` span the token, quotes included. */
export interface Tag {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A place that holds tags (or could: an empty list has no tags). */
export interface TagRegion {
  readonly format: FormatId;
  readonly key: string;
  /** Span of the whole value: everything that an edit of this region may touch. */
  readonly start: number;
  readonly end: number;
  readonly tags: readonly Tag[];
  /** Present where an edit would be unsafe: why, in one sentence with the cure. */
  readonly refusal?: string;
}

export interface DocumentTags {
  /** Every region, in document order. */
  readonly regions: readonly TagRegion[];
  /** All tags of all regions, each once, in document order. */
  readonly tags: readonly string[];
}

export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

export interface TagChange {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

export type EditPlan =
  | {
      readonly kind: "edits";
      readonly edits: readonly TextEdit[];
      readonly added: readonly string[];
      readonly removed: readonly string[];
    }
  | { readonly kind: "refused"; readonly reason: string; readonly start: number; readonly end: number };

/** What stands where a list of tags was meant, and the edits that make it a list. */
export interface ListRepair {
  readonly fault: "comment" | "alias" | "text" | "duplicate";
  readonly key: string;
  /** What the list then holds: the tags that are read today, or the words of the comment. */
  readonly tags: readonly string[];
  readonly edits: readonly TextEdit[];
}

/** A caret inside a tag list: what is typed so far, and how to write tags there in the style of this very list. */
export interface TagSlot {
  readonly region: TagRegion;
  /** The half-typed tag before the caret, unquoted; empty between tags. */
  readonly prefix: string;
  /** The span that a completion replaces. */
  readonly replaceStart: number;
  readonly replaceEnd: number;
  /** The text that puts `tags` at the caret: separators, quotes and line breaks as the list has them. */
  insertText(tags: readonly string[]): string;
}

export interface TagOptions {
  /** Front matter keys that hold tags, first one preferred for writing. Dots descend: `taxonomies.tags`. */
  readonly keys?: readonly string[];
  /** Whether inline `#tags` of the body count as tags (read only). Default true for Markdown and plain text. */
  readonly inlineTags?: boolean;
}
