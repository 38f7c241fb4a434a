// What every format with editable lists offers: its lists, and a way to start one where there is none.
import type { TagList } from "./tag-list.ts";
import type { ListRepair, TextEdit } from "./tag-location.ts";

/** A stretch of text in one format: [start, end) holds it whole, without fences. */
export interface Block {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface FormatReading {
  /** The lists under the asked keys, in text order. */
  readonly lists: readonly TagList[];
  /** The value of the top-level `key` where it is one text. */
  text(key: string): string | undefined;
  /** What can be made a list and is none; empty where the block is broken. */
  repairs(): readonly ListRepair[];
  /** The edit that adds `key` with `tags` (at least one), or why that cannot be done safely. */
  create(key: string, tags: readonly string[]): TextEdit | { readonly refusal: string };
}

/** Where a dotted key stands: `taxonomies.tags` is `tags` in `taxonomies`. Keys of front matter ignore case. */
export function keySegments(key: string): string[] {
  return key.toLowerCase().split(".");
}
