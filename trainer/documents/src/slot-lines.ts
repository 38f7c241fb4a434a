// A caret in a block list row (`- a|`), after a key without a value (`tags: |`), or in a scalar that lists tags (`a, b|`).
import { endOfLine, lineBreakOf, startOfLine } from "./lines.ts";
import { type Dialect, isPlainSafe, type Quote, writeTag } from "./quoting.ts";
import type { SlotParts } from "./slot-flow.ts";
import type { Caret, ValuePlace } from "./slot-place.ts";
import { type ListItem, splitScalar, splitsOnBlanks } from "./tag-list.ts";

const row = /^([ \t]*)-([ \t]+|$)/;

/** The slot of a caret on a row of a block list; undefined where the row holds anything but a tag. */
export function rowSlot(caret: Caret, place: ValuePlace): SlotParts | undefined {
  const { text, offset } = caret;
  const lineStart = startOfLine(text, offset);
  const match = row.exec(text.slice(lineStart, endOfLine(text, offset)));
  if (match === null) return undefined;
  const [lead, indent, gap] = [match[0], match[1]!, match[2]!];
  const dashEnd = lineStart + indent.length + 1;
  if (offset < dashEnd) return undefined;
  const from = lineStart + lead.length;
  const { start, end, quote, isTag } = tokenOf(
    text,
    Math.min(from, Math.max(offset, dashEnd)),
    endOfLine(text, offset),
  );
  if (!isTag || /[^ \t]/.test(text.slice(end, Math.max(end, offset)))) return undefined;
  // Before a tag that is there already, nothing is being typed.
  if (start < end && offset <= start) return undefined;
  const rows = rowsOf(caret, place);
  const others = rows.filter((it) => it.start !== start);
  const ownQuote =
    quote !== "" ? quote : others.length > 0 && others.every((it) => it.quote !== "") ? others.at(-1)!.quote : "";
  const blank = gap === "" && offset === dashEnd ? " " : "";
  const joiner = `${lineBreakOf(text)}${indent}-${gap === "" || start === end ? " " : gap}`;
  const isFresh = start === end;
  return {
    prefix: isFresh
      ? ""
      : text
          .slice(start + (quote === "" ? 0 : 1), Math.max(offset, start))
          .replace(/["']$/, (it) => (it === quote ? "" : it)),
    replaceStart: isFresh ? offset : start,
    replaceEnd: isFresh ? offset : Math.max(end, offset),
    insertText: (tags) => blank + tags.map((it) => writeTag(it, "yaml-block", ownQuote)).join(joiner),
    items: rows,
    start: place.valueStart,
    end: Math.max(rows.at(-1)?.end ?? 0, offset),
  };
}

/** The slot after a key without a value, or with its list on the lines below. */
export function emptySlot(caret: Caret, place: ValuePlace, dialect: Dialect): SlotParts | undefined {
  const { text, offset } = caret;
  const before = text.slice(place.valueStart, offset);
  const rest = text.slice(offset, endOfLine(text, offset));
  if (/\S/.test(before) || /^[ \t]*[^\s#]/.test(rest)) return undefined;
  const rows = dialect === "yaml-block" ? rowsOf(caret, place) : [];
  const { style, step } = listStyleOf(text.slice(caret.start, caret.end));
  const slot = {
    prefix: "",
    replaceStart: offset,
    replaceEnd: offset,
    items: rows,
    start: place.valueStart,
    end: offset,
  };
  const isFree = rest.trim() === "";
  if (dialect === "yaml-block" && isFree && (rows.length > 0 || style === "block")) {
    const firstRow = rows[0];
    const indent =
      firstRow === undefined
        ? place.indent + " ".repeat(step)
        : /^[ \t]*/.exec(text.slice(startOfLine(text, firstRow.start)))![0];
    const eol = lineBreakOf(text);
    return {
      ...slot,
      insertText: (tags) => tags.map((it) => `${eol}${indent}- ${writeTag(it, "yaml-block", "")}`).join(""),
    };
  }
  if (rows.length > 0) return undefined;
  const flow: Dialect = dialect === "yaml-block" ? "yaml-flow" : dialect;
  const lead = before === "" ? " " : "";
  const trail = dialect === "json" && /^\s*"/.test(text.slice(offset, caret.end)) ? "," : "";
  return { ...slot, insertText: (tags) => `${lead}[${tags.map((it) => writeTag(it, flow, "")).join(", ")}]${trail}` };
}

/** The slot of a caret in a scalar on the line of its key. */
export function scalarSlot(caret: Caret, place: ValuePlace, valueAt: number, dialect: Dialect): SlotParts | undefined {
  const { text, offset } = caret;
  const token = tokenOf(text, valueAt, endOfLine(text, valueAt));
  const { start, end, quote } = token;
  const [from, to] =
    quote === ""
      ? [start, Math.max(end, offset)]
      : [start + 1, text[end - 1] === quote && end - start > 1 ? end - 1 : end];
  const lineEnd = endOfLine(text, valueAt);
  if (!token.isTag || offset < from || offset > to || offset > lineEnd) return undefined;
  if (quote === "" && /[^ \t]/.test(text.slice(end, Math.max(end, offset)))) return undefined;
  const { separator, items } = splitScalar(text, from, quote === "" ? end : to, place.key, quote);
  const isAfterBlank = quote === "" && offset > end && separator === "" && splitsOnBlanks(place.key);
  const list = { items, start, end: Math.max(end, offset) };
  if (separator === "" && !isAfterBlank) {
    const flow: Dialect = dialect === "yaml-block" ? "yaml-flow" : dialect;
    const standsAlone = (it: string) => !it.includes(",") && !(splitsOnBlanks(place.key) && it.includes(" "));
    const insertText = (tags: readonly string[]) =>
      tags.length === 1 && standsAlone(tags[0]!)
        ? writeTag(tags[0]!, dialect, quote)
        : `[${tags.map((it) => writeTag(it, flow, quote)).join(", ")}]`;
    return { ...list, prefix: text.slice(from, offset), replaceStart: start, replaceEnd: list.end, insertText };
  }
  const current = items.find((it) => it.start < offset && offset <= it.end);
  const glue = separator === "," ? ", " : " ";
  const fits = (it: string, isFirst: boolean) =>
    !it.includes(",") && (quote !== "" ? !/["'\\]/.test(it) : isPlainSafe(isFirst ? it : `x ${it}`, false));
  const join = (tags: readonly string[], at: number) => {
    const fitting: string[] = [];
    for (const tag of tags.map((it) => (separator === "," ? it : it.replaceAll(" ", "-")))) {
      if (fits(tag, at === from && fitting.length === 0)) fitting.push(tag);
    }
    return fitting.join(glue);
  };
  if (current !== undefined) {
    const prefix = text.slice(current.start, offset);
    const insertText = (tags: readonly string[]) => join(tags, current.start) || text.slice(current.start, current.end);
    return { ...list, prefix, replaceStart: current.start, replaceEnd: current.end, insertText };
  }
  const previous = text[offset - 1]!;
  const isSeparated = separator === "," ? /,[ \t]*$/.test(text.slice(from, offset)) || offset === from : true;
  const lead = isSeparated ? (previous === "," ? " " : "") : ", ";
  const rest = text.slice(offset, to).trimStart();
  const trail = rest === "" || rest.startsWith(",") ? "" : glue;
  const insertText = (tags: readonly string[]) => {
    const joined = join(tags, offset);
    return joined === "" ? "" : lead + joined + trail;
  };
  return { ...list, prefix: "", replaceStart: offset, replaceEnd: offset, insertText };
}

/** How lists are written in this front matter: the first one decides. `step` is how far rows are indented against their key. */
function listStyleOf(content: string): { style: "block" | "flow"; step: number } {
  const match = /^( *)[\w"'-]+[ \t]*:[ \t]*(?:\[[^\]\s]|(?:#.*)?\r?\n( *)- )/m.exec(content);
  const rowIndent = match?.[2];
  if (match === null || rowIndent === undefined) return { style: "flow", step: 2 };
  return { style: "block", step: Math.max(0, rowIndent.length - match[1]!.length) };
}

/** The tags in the rows of the list under `place`. */
function rowsOf({ text }: Caret, place: ValuePlace): ListItem[] {
  const rows: ListItem[] = [];
  for (let at = text.indexOf("\n", place.valueStart) + 1; at > 0 && at < place.limit; at = text.indexOf("\n", at) + 1) {
    const end = Math.min(endOfLine(text, at), place.limit);
    const match = row.exec(text.slice(at, end));
    if (match === null) continue;
    const token = tokenOf(text, at + match[0].length, end);
    if (!token.isTag || token.start === token.end) continue;
    const inner = text.slice(token.start, token.end);
    rows.push({
      text: token.quote === "" ? inner : inner.slice(1, -1),
      start: token.start,
      end: token.end,
      quote: token.quote,
    });
  }
  return rows;
}

interface Token {
  readonly start: number;
  readonly end: number;
  readonly quote: Quote;
  /** Whether it can be a tag: no collection, alias, anchor, type, block of text or mapping. */
  readonly isTag: boolean;
}

/** The scalar on [from, lineEnd), without the comment after it. */
function tokenOf(text: string, from: number, lineEnd: number): Token {
  const line = text.slice(from, lineEnd);
  const start = from + /^[ \t]*/.exec(line)![0].length;
  const rest = text.slice(start, lineEnd);
  const quoted = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'/.exec(rest)?.[0];
  if (quoted !== undefined) return { start, end: start + quoted.length, quote: quoted[0] as Quote, isTag: true };
  if (rest.startsWith('"') || rest.startsWith("'")) {
    return { start, end: start + rest.trimEnd().length, quote: rest[0] as Quote, isTag: true };
  }
  const comment = rest.search(/(?:^|[ \t])#/);
  const value = (comment < 0 ? rest : rest.slice(0, comment)).trimEnd();
  return { start, end: start + value.length, quote: "", isTag: !/^[[{&*!|>]|:(?:[ \t]|$)/.test(value) };
}
