// Splices members into and out of `[a, b]` (YAML, TOML, JSON), and of any mapping between braces, by position alone.
// Invariant: only bytes between the brackets change, and no comment is lost but that of a removed member.
import { endOfLine, endOfPreviousLine, nextLine, startOfLine } from "./lines.ts";
import type { TextEdit } from "./tag-location.ts";

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Offsets of the opening and the closing bracket. */
export interface Brackets {
  readonly open: number;
  readonly close: number;
}

/** The edits that put `tokens` (at least one) after the last of `spans`, in the style of the list: separators, line breaks, trailing comma. */
export function insertAfterLast(
  text: string,
  brackets: Brackets,
  spans: readonly Span[],
  tokens: readonly string[],
  eol: string,
): TextEdit[] {
  const last = spans.at(-1);
  if (last === undefined) return [fillEmpty(text, brackets, tokens)];
  const { before, after } = separatorOf(text, brackets, spans, eol);
  const tail = scanTail(text, last.end, brackets.close);
  const ownLine = after.includes("\n") ? after : eol + indentAt(text, last.start);
  if (tail.comma === undefined && tail.commentEnd === undefined) {
    return [insertion(last.end, tokens.map((it) => `${before},${after}${it}`).join(""))];
  }
  if (tail.comma === undefined) {
    return [insertion(last.end, ","), insertion(tail.commentEnd!, tokens.map((it) => ownLine + it).join(","))];
  }
  if (tail.commentEnd !== undefined && tail.commentEnd > tail.comma) {
    return [insertion(tail.commentEnd, tokens.map((it) => `${ownLine}${it},`).join(""))];
  }
  return [insertion(tail.comma + 1, tokens.map((it) => `${after}${it},`).join(""))];
}

/** The edits that take the members at `removed` (ascending positions in `spans`) out, separators included. */
export function removeMembers(
  text: string,
  brackets: Brackets,
  spans: readonly Span[],
  removed: readonly number[],
): TextEdit[] {
  if (removed.length === 0) return [];
  if (removed.length === spans.length) return [clear(text, brackets, spans)];
  return runsOf(removed).map(([from, to]) =>
    to === spans.length - 1 ? removeTail(text, brackets, spans, from) : removeRun(text, spans, from, to),
  );
}

/** How the list separates two members: white space before and after the comma. */
export function separatorOf(
  text: string,
  brackets: Brackets,
  spans: readonly Span[],
  eol: string,
): { before: string; after: string } {
  const last = spans.at(-1);
  const previous = spans.at(-2);
  if (last === undefined) return { before: "", after: " " };
  if (previous !== undefined) {
    const gap = text.slice(previous.end, last.start);
    const style = /^(\s*),(\s*)$/.exec(gap);
    if (style !== null) return { before: style[1]!, after: style[2]! };
    return { before: "", after: gap.includes("\n") ? eol + indentAt(text, last.start) : " " };
  }
  const startsOnOwnLine = text.slice(brackets.open + 1, last.start).includes("\n");
  return { before: "", after: startsOnOwnLine ? eol + indentAt(text, last.start) : " " };
}

/** Positions grouped into runs of neighbours: [[from, to], …]. */
export function runsOf(positions: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const position of positions) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === position - 1) run[1] = position;
    else runs.push([position, position]);
  }
  return runs;
}

function insertion(at: number, newText: string): TextEdit {
  return { start: at, end: at, newText };
}

function fillEmpty(text: string, { open, close }: Brackets, tokens: readonly string[]): TextEdit {
  const inner = text.slice(open + 1, close);
  if (inner.trim() === "") return { start: open + 1, end: close, newText: tokens.join(", ") };
  // A comment fills the list: the line break before the bracket ends it.
  return insertion(close, `  ${tokens.join(", ")}`);
}

/** White space that starts the line of `offset`. */
function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(startOfLine(text, offset), offset))![0];
}

/** What follows the last member: a trailing comma, and the end of a comment on the line of the member or of that comma. */
function scanTail(text: string, from: number, close: number): { comma?: number; commentEnd?: number } {
  let comma: number | undefined;
  let commentEnd: number | undefined;
  let sameLine = true;
  for (let at = from; at < close; at++) {
    const char = text[at];
    if (char === "\n") sameLine = false;
    if (char === ",") {
      comma = at;
      sameLine = true;
    } else if (char === "#") {
      const end = endOfLine(text, at);
      if (sameLine) commentEnd = end;
      at = end - 1;
    }
  }
  return { ...(comma !== undefined && { comma }), ...(commentEnd !== undefined && { commentEnd }) };
}

function clear(text: string, { open, close }: Brackets, spans: readonly Span[]): TextEdit {
  const first = spans[0]!;
  const last = spans.at(-1)!;
  const hasComment = text.slice(open + 1, first.start).includes("#") || text.slice(last.end, close).includes("#");
  if (!hasComment) return { start: open + 1, end: close, newText: "" };
  const { comma } = scanTail(text, last.end, close);
  return { start: first.start, end: comma === undefined ? last.end : comma + 1, newText: "" };
}

function removeRun(text: string, spans: readonly Span[], from: number, to: number): TextEdit {
  const start = spans[from]!.start;
  const next = spans[to + 1]!.start;
  const gap = text.slice(spans[to]!.end, next);
  if (!gap.includes("#")) return { start, end: next, newText: "" };
  const lineStart = startOfLine(text, start);
  const afterComma = spans[to]!.end + gap.indexOf(",") + 1;
  const isOwnLine =
    text.slice(lineStart, start).trim() === "" &&
    text
      .slice(afterComma, endOfLine(text, afterComma))
      .trim()
      .match(/^(?:#|$)/);
  if (isOwnLine) return { start: lineStart, end: Math.min(nextLine(text, afterComma), next), newText: "" };
  return { start, end: afterComma, newText: "" };
}

function removeTail(text: string, { close }: Brackets, spans: readonly Span[], from: number): TextEdit {
  const previous = spans[from - 1]!;
  const first = spans[from]!;
  const last = spans.at(-1)!;
  if (!text.slice(previous.end, first.start).includes("#")) return { start: previous.end, end: last.end, newText: "" };
  // The comment before belongs to the member that stays, and so does its comma, which becomes a trailing one.
  const tail = scanTail(text, last.end, close);
  const lineStart = startOfLine(text, first.start);
  const start = text.slice(lineStart, first.start).trim() === "" ? endOfPreviousLine(text, lineStart) : first.start;
  const end = Math.max(last.end, tail.comma === undefined ? 0 : tail.comma + 1, tail.commentEnd ?? 0);
  return { start, end, newText: "" };
}
