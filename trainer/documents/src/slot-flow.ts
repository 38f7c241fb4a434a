// A caret between brackets: `[a, |]` in YAML, TOML and JSON, closed or not yet.
import { endOfLine, lineBreakOf } from "./lines.ts";
import { type Dialect, type Quote, writeTag } from "./quoting.ts";
import type { Caret } from "./slot-place.ts";
import { separatorOf } from "./splice-flow.ts";
import { type ListItem, quoteOf } from "./tag-list.ts";

/** What a caret needs to be completed, and the list around it as far as it can be made out. */
export interface SlotParts {
  readonly prefix: string;
  readonly replaceStart: number;
  readonly replaceEnd: number;
  insertText(tags: readonly string[]): string;
  readonly items: readonly ListItem[];
  readonly start: number;
  readonly end: number;
}

interface Lexed {
  readonly items: readonly ListItem[];
  readonly commas: readonly number[];
  readonly comments: readonly (readonly [number, number])[];
  readonly close: number | undefined;
}

/** The slot of a caret in the list that opens at `open` and reaches no further than `limit`. */
export function flowSlot(caret: Caret, open: number, limit: number, dialect: Dialect): SlotParts | undefined {
  const { text, offset } = caret;
  const complete = lex(text, open, limit, dialect);
  const lexed = complete.close === undefined ? lex(text, open, endOfLine(text, offset), dialect) : complete;
  const { items, commas, comments, close } = lexed;
  const end = close ?? Math.max(offset, items.at(-1)?.end ?? 0);
  if (offset <= open || offset > end || comments.some(([from, to]) => offset > from && offset <= to)) return undefined;
  const closer = close === undefined ? "]" : "";
  const list = { items, start: open, end: close === undefined ? end : close + 1 };
  const current = items.find((it) => holds(text, it, offset, commas));
  const others = items.filter((it) => it !== current);
  const eol = lineBreakOf(text);
  const gap = separatorOf(text, { open, close: end }, others, eol).after;
  const after = gap === "" || gap.includes("\n") ? gap : " ";
  const quote = current !== undefined && current.quote !== "" ? current.quote : quoteOf(others);
  const write = (tags: readonly string[]) => tags.map((it) => writeTag(it, dialect, quote)).join(`,${after}`);
  if (current !== undefined) {
    if (current.fixed !== undefined) return undefined;
    const typed = text.slice(current.start + (current.quote === "" ? 0 : 1), offset);
    const replaceEnd = Math.max(current.end, offset);
    return {
      ...list,
      prefix: typed,
      replaceStart: current.start,
      replaceEnd,
      insertText: (tags) => write(tags) + closer,
    };
  }
  const previous = items.findLast((it) => it.end <= offset);
  const next = items.find((it) => it.start >= offset);
  const needsComma = previous !== undefined && !commas.some((it) => it >= previous.end && it < offset);
  const space = after.includes("\n") ? " " : after;
  // YAML wants flow lists indented.
  const indent = text[offset - 1] === "\n" && dialect === "yaml-flow" ? "  " : "";
  const lead = indent + (needsComma ? `,${after}` : text[offset - 1] === "," ? space : "");
  const needsCommaAfter = next !== undefined && !commas.some((it) => it >= offset && it < next.start);
  const trail = needsCommaAfter ? `,${/\s/.test(text[offset] ?? "") ? "" : space}` : closer;
  return {
    ...list,
    prefix: "",
    replaceStart: offset,
    replaceEnd: offset,
    insertText: (tags) => lead + write(tags) + trail,
  };
}

/** Whether a caret at `offset` is still typing `item`: within it, or after it with nothing but blanks between. */
function holds(text: string, item: ListItem, offset: number, commas: readonly number[]): boolean {
  const isClosed = item.quote !== "" && item.end - item.start > 1 && text[item.end - 1] === item.quote;
  if (isClosed) return offset > item.start && offset < item.end;
  if (offset <= item.start) return false;
  if (offset <= item.end) return true;
  return (
    item.quote === "" &&
    /^[ \t]*$/.test(text.slice(item.end, offset)) &&
    !commas.some((it) => it < offset && it >= item.end)
  );
}

function lex(text: string, open: number, limit: number, dialect: Dialect): Lexed {
  const items: ListItem[] = [];
  const commas: number[] = [];
  const comments: [number, number][] = [];
  for (let at = open + 1; at < limit; ) {
    const char = text[at]!;
    if (char === "]") return { items, commas, comments, close: at };
    if (char === ",") commas.push(at);
    if (char === "#" && dialect !== "json") {
      const end = endOfLine(text, at);
      comments.push([at, end]);
      at = end;
    } else if (/[\s,]/.test(char)) {
      at++;
    } else {
      const item = char === "[" || char === "{" ? nestedItem(text, at, limit) : scalarItem(text, at, limit, dialect);
      items.push(item);
      at = Math.max(at + 1, item.end);
    }
  }
  return { items, commas, comments, close: undefined };
}

function scalarItem(text: string, start: number, limit: number, dialect: Dialect): ListItem {
  const lineEnd = Math.min(limit, endOfLine(text, start));
  const char = text[start]!;
  if (char !== '"' && char !== "'") {
    const raw = /^(?:[^,[\]{}\s#]|[^,[\]{}\S\r\n]+(?=[^\s,#])|#)*/.exec(text.slice(start, lineEnd))![0];
    const end = start + Math.max(1, raw.length);
    return { text: raw, start, end, quote: "" };
  }
  for (let at = start + 1; at < lineEnd; at++) {
    if (text[at] === "\\" && char === '"') at++;
    else if (text[at] === char && char === "'" && text[at + 1] === "'" && dialect !== "toml") at++;
    else if (text[at] === char) return { text: text.slice(start + 1, at), start, end: at + 1, quote: char };
  }
  // Still open: it ends where the list does, if that is on this line.
  const bracket = text.slice(start, lineEnd).lastIndexOf("]");
  const end = bracket < 0 ? lineEnd : start + bracket;
  return { text: text.slice(start + 1, end), start, end, quote: char as Quote };
}

function nestedItem(text: string, start: number, limit: number): ListItem {
  let depth = 0;
  for (let at = start; at < limit; at++) {
    if (text[at] === "[" || text[at] === "{") depth++;
    if ((text[at] === "]" || text[at] === "}") && --depth === 0) {
      return { text: "", start, end: at + 1, quote: "", fixed: "it is a list or an object" };
    }
  }
  return { text: "", start, end: limit, quote: "", fixed: "it is a list or an object" };
}
