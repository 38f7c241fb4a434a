// What a format reader knows of one tag list beyond the public TagRegion: how it is written, so that an edit can copy its style.
// Invariant: `items` stand in text order and span their tokens; `region.tags` are the items that have text.
import type { Dialect, Quote } from "./quoting.ts";
import type { Tag, TagRegion } from "./tag-location.ts";

/** One member of a list. `fixed` says why it cannot be taken out; an empty `text` is a member without a value. */
export interface ListItem extends Tag {
  readonly quote: Quote;
  /** Block lists: where its dash stands. */
  readonly dash?: number;
  readonly fixed?: string;
}

export type ListShape =
  /** `[a, b]`, on one line or several: positions of the brackets. */
  | { readonly kind: "flow"; readonly open: number; readonly close: number }
  /** `- a` lines. `colonEnd` is where `[]` goes once the list is empty. */
  | { readonly kind: "block"; readonly colonEnd: number }
  /** `a, b` or `a b` in one scalar whose text is [contentStart, contentEnd); `""`: one tag that fills it. */
  | {
      readonly kind: "scalar";
      readonly separator: "," | " " | "";
      readonly quote: Quote;
      readonly contentStart: number;
      readonly contentEnd: number;
    }
  /** No value yet: `replace` spans a written null or is empty; `newLine` is set where a block item may follow on the next line. */
  | {
      readonly kind: "empty";
      readonly replaceStart: number;
      readonly replaceEnd: number;
      readonly newLine?: { readonly at: number; readonly indent: string };
    };

export interface TagList {
  readonly region: TagRegion;
  readonly items: readonly ListItem[];
  /** Absent where `region.refusal` says why there is nothing to edit. */
  readonly shape?: ListShape;
  readonly dialect: Dialect;
}

/** A list whose text could not be taken apart, or must not be touched. */
export function refusedList(
  region: Omit<TagRegion, "tags" | "refusal">,
  refusal: string,
  dialect: Dialect,
  items: readonly ListItem[] = [],
): TagList {
  return { region: { ...region, tags: tagsOf(items), refusal }, items, dialect };
}

export function tagsOf(items: readonly ListItem[]): Tag[] {
  return items.filter((it) => it.text !== "").map(({ text, start, end }) => ({ text, start, end }));
}

/** The quote to write new items with: the last one's where every item has quotes, none otherwise. */
export function quoteOf(items: readonly ListItem[]): Quote {
  const written = items.filter((it) => it.text !== "" && it.fixed === undefined);
  return written.length > 0 && written.every((it) => it.quote !== "") ? written.at(-1)!.quote : "";
}

/**
 * The members of a scalar that lists its tags, by position. `separator` "" where it holds a single one.
 */
export function splitScalar(
  text: string,
  start: number,
  end: number,
  key: string,
  quote: Quote,
): { readonly separator: "," | " " | ""; readonly items: ListItem[] } {
  const raw = text.slice(start, end);
  const separator = raw.includes(",") ? "," : splitsOnBlanks(key) && /\S\s+\S/.test(raw) ? " " : "";
  const pattern = separator === "," ? /[^,]+/g : separator === " " ? /\S+/g : /[\s\S]+/g;
  const items: ListItem[] = [];
  for (const match of raw.matchAll(pattern)) {
    const token = match[0].trim();
    if (token === "") continue;
    const at = start + match.index + match[0].indexOf(token);
    items.push({ text: token.replace(/\s+/g, " "), start: at, end: at + token.length, quote });
  }
  return { separator, items };
}

/** Whether blanks separate tags under `key`, as in Jekyll and Obsidian; `keywords: machine learning` is one tag. */
export function splitsOnBlanks(key: string): boolean {
  return /(?:^|\.)(?:tags?|categor(?:y|ies))$/i.test(key);
}
