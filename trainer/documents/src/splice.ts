// Turns "add these, take those out" into minimal edits of one list, whatever way it is written.
// Invariant: only bytes of the list's region change; an order, quote, comment or line break that need not change does not.
import { applyEdits, mergeEdits } from "./edits.ts";
import { endOfLine, endOfPreviousLine, lineBreakOf, startOfLine } from "./lines.ts";
import { type Dialect, isPlainSafe, type Quote, writeTag } from "./quoting.ts";
import { insertAfterLast, removeMembers, runsOf, separatorOf } from "./splice-flow.ts";
import { type ListItem, type ListShape, quoteOf, splitScalar, type TagList } from "./tag-list.ts";
import type { TextEdit } from "./tag-location.ts";

type Shape<Kind extends ListShape["kind"]> = Extract<ListShape, { kind: Kind }>;

/** The edits that take the items at `removed` (ascending positions) out of `list` and append `tags`. */
export function spliceList(
  text: string,
  list: TagList,
  removed: readonly number[],
  tags: readonly string[],
): TextEdit[] {
  const { shape } = list;
  if (shape === undefined) throw new Error("internal: a list without a shape has a refusal");
  if (removed.length === 0 && tags.length === 0) return [];
  switch (shape.kind) {
    case "flow":
      return mergeEdits(spliceFlow(text, list, shape, removed, tags));
    case "block":
      return mergeEdits(spliceBlock(text, list, shape, removed, tags));
    case "scalar":
      return mergeEdits(spliceScalar(text, list, shape, removed, tags));
    case "empty":
      return [fillEmpty(text, list, shape, tags)];
  }
}

/** The tag as it can stand in `list`: blanks become hyphens where blanks separate. */
export function fitTag(list: TagList, tag: string): string {
  return list.shape?.kind === "scalar" && list.shape.separator === " " ? tag.replaceAll(" ", "-") : tag;
}

function spliceFlow(
  text: string,
  list: TagList,
  shape: Shape<"flow">,
  removed: readonly number[],
  tags: readonly string[],
): TextEdit[] {
  const { items } = list;
  const eol = lineBreakOf(text);
  const tokens = tags.map((it) => writeTag(it, list.dialect, quoteOf(items)));
  if (tokens.length === 0) return removeMembers(text, shape, items, removed);
  if (removed.at(-1) !== items.length - 1 || items.length === 0) {
    return [...removeMembers(text, shape, items, removed), ...insertAfterLast(text, shape, items, tokens, eol)];
  }
  // The last one leaves: the first new one takes its place, separators and comments around it stay.
  const { before, after } = separatorOf(text, shape, items, eol);
  return [
    ...removeMembers(text, shape, items, removed.slice(0, -1)),
    replace(items.at(-1)!, tokens.join(`${before},${after}`)),
  ];
}

function spliceBlock(
  text: string,
  list: TagList,
  shape: Shape<"block">,
  removed: readonly number[],
  tags: readonly string[],
): TextEdit[] {
  const { items } = list;
  const tokens = tags.map((it) => writeTag(it, "yaml-block", quoteOf(items)));
  const last = items.at(-1)!;
  const takesPlace = tokens.length > 0 && removed.at(-1) === items.length - 1;
  const edits = (takesPlace ? removed.slice(0, -1) : removed).map((index) => removeRow(text, items[index]!));
  if (takesPlace) edits.push(replace(last, tokens.shift()!));
  const dashEnd = last.dash! + 1;
  const lineEnd = endOfLine(text, dashEnd);
  if (tokens.length > 0 && last.text === "" && last.quote === "" && text.slice(dashEnd, lineEnd).trim() === "") {
    // A row that somebody has begun.
    edits.push({ start: dashEnd, end: lineEnd, newText: ` ${tokens.shift()!}` });
  }
  if (tokens.length > 0) {
    const rowStart = startOfLine(text, last.dash!);
    const at = endOfLine(text, last.end);
    const gap = last.end > last.start ? text.slice(last.dash! + 1, last.start) : " ";
    const lead = `${text.slice(rowStart, last.dash!)}-${/^[ \t]+$/.test(gap) ? gap : " "}`;
    const eol = lineBreakOf(text);
    edits.push({ start: at, end: at, newText: tokens.map((it) => eol + lead + it).join("") });
  }
  if (tags.length === 0 && removed.length === items.length) {
    edits.push({ start: shape.colonEnd, end: shape.colonEnd, newText: " []" });
  }
  return edits;
}

/** Takes the row of an item out, with the line break before it. */
function removeRow(text: string, item: ListItem): TextEdit {
  const start = endOfPreviousLine(text, startOfLine(text, item.dash!));
  return { start, end: endOfLine(text, item.end), newText: "" };
}

function spliceScalar(
  text: string,
  list: TagList,
  shape: Shape<"scalar">,
  removed: readonly number[],
  tags: readonly string[],
): TextEdit[] {
  const { items, region } = list;
  const kept = items.filter((_, index) => !removed.includes(index));
  if (kept.length === 0 && tags.length === 0) return [replace(region, "[]")];
  const isSimple = tags.every((it) => fitsInScalar(it, shape.quote));
  if (shape.separator === "" || !isSimple) return toFlow(text, list, shape, removed, tags);
  const edits = spliceSeparated(text, items, shape.separator, removed, tags);
  const shifted = edits.map((it) => ({
    ...it,
    start: it.start - shape.contentStart,
    end: it.end - shape.contentStart,
  }));
  const result = applyEdits(text.slice(shape.contentStart, shape.contentEnd), mergeEdits(shifted));
  const expected = [...kept.map((it) => it.text), ...tags];
  const readBack = splitScalar(result, 0, result.length, region.key, shape.quote).items.map((it) => it.text);
  const isSame = readBack.length === expected.length && readBack.every((it, index) => it === expected[index]);
  const isSafe = shape.quote !== "" || isPlainSafe(result.replace(/\s*\n\s*/g, " "), list.dialect === "yaml-flow");
  return isSame && isSafe ? edits : toFlow(text, list, shape, removed, tags);
}

function fitsInScalar(tag: string, quote: Quote): boolean {
  return !tag.includes(",") && (quote === "" || !/["'\\\p{Cc}\u2028\u2029\ufeff]/u.test(tag));
}

function spliceSeparated(
  text: string,
  items: readonly ListItem[],
  separator: "," | " ",
  removed: readonly number[],
  tags: readonly string[],
): TextEdit[] {
  const last = items.at(-1)!;
  const previous = items.at(-2);
  const written = previous === undefined ? "" : text.slice(previous.end, last.start);
  const fallback = separator === "," ? ", " : " ";
  const gap = written === "" || written.includes("\n") || written.trim() !== separator.trim() ? fallback : written;
  const takesPlace = tags.length > 0 && removed.at(-1) === items.length - 1;
  const edits = runsOf(takesPlace ? removed.slice(0, -1) : removed).map(([from, to]) =>
    to === items.length - 1
      ? { start: items[from - 1]!.end, end: last.end, newText: "" }
      : { start: items[from]!.start, end: items[to + 1]!.start, newText: "" },
  );
  if (takesPlace) return [...edits, replace(last, tags.join(gap))];
  return [...edits, { start: last.end, end: last.end, newText: tags.map((it) => gap + it).join("") }];
}

/** A scalar that cannot take the change becomes a list; one that holds a single tag keeps its bytes inside the brackets. */
function toFlow(
  text: string,
  { items, region, dialect }: TagList,
  shape: Shape<"scalar">,
  removed: readonly number[],
  tags: readonly string[],
): TextEdit[] {
  const flow: Dialect = dialect === "yaml-block" ? "yaml-flow" : dialect;
  const tokens = tags.map((it) => writeTag(it, flow, shape.quote));
  const isKeepable =
    shape.separator === "" && removed.length === 0 && (shape.quote !== "" || isPlainSafe(items[0]!.text, true));
  if (isKeepable) {
    return [
      { start: region.start, end: region.start, newText: "[" },
      { start: region.end, end: region.end, newText: `${tokens.map((it) => `, ${it}`).join("")}]` },
    ];
  }
  const kept = items.filter((_, index) => !removed.includes(index)).map((it) => writeTag(it.text, flow, shape.quote));
  const newText = `[${[...kept, ...tokens].join(", ")}]`;
  return text.slice(region.start, region.end) === newText ? [] : [replace(region, newText)];
}

function fillEmpty(text: string, list: TagList, shape: Shape<"empty">, tags: readonly string[]): TextEdit {
  const { newLine } = shape;
  if (newLine !== undefined) {
    const eol = lineBreakOf(text);
    const rows = tags.map((it) => `${eol}${newLine.indent}- ${writeTag(it, "yaml-block", "")}`);
    return { start: newLine.at, end: newLine.at, newText: rows.join("") };
  }
  const flow: Dialect = list.dialect === "yaml-block" ? "yaml-flow" : list.dialect;
  const needsBlank = /\S/.test(text[shape.replaceStart - 1] ?? " ");
  const newText = `${needsBlank ? " " : ""}[${tags.map((it) => writeTag(it, flow, "")).join(", ")}]`;
  return { start: shape.replaceStart, end: shape.replaceEnd, newText };
}

function replace({ start, end }: { readonly start: number; readonly end: number }, newText: string): TextEdit {
  return { start, end, newText };
}
