// Inline `#tags` of a Markdown or plain text body, by the rules of Obsidian and Foam: read only.
// Not tags: what stands in code, headings, HTML comments, link targets and URLs; numbers; colours.
import { endOfLine, nextLine } from "./lines.ts";
import type { Tag, TagRegion } from "./tag-location.ts";

const candidate = /(?<=^|\s)#((?:[\p{L}\p{M}\p{N}\p{Extended_Pictographic}_/-]|\u200d|\ufe0f)+)/gu;

/** The region of all inline tags from `bodyStart` on; undefined where there are none. */
export function readInlineTags(text: string, bodyStart: number): TagRegion | undefined {
  if (text.indexOf("#", bodyStart) < 0) return undefined;
  const tags: Tag[] = [];
  let fence: string | undefined;
  let inComment = false;
  for (let at = bodyStart; at < text.length; at = nextLine(text, at)) {
    const end = endOfLine(text, at);
    const mark = fenceAt(text, at, end);
    if (fence !== undefined) {
      if (mark?.startsWith(fence) && text.slice(at, end).trim() === mark) fence = undefined;
      continue;
    }
    if (mark !== undefined) {
      fence = mark;
      continue;
    }
    const hasHash = hasCharBefore(text, "#", at, end);
    if (!hasHash && !inComment && !hasCharBefore(text, "<!--", at, end)) continue;
    const { visible, stillInComment } = hideComments(text.slice(at, end), inComment);
    inComment = stillInComment;
    if (hasHash) collectLine(visible, at, tags);
  }
  if (tags.length === 0) return undefined;
  return {
    format: "inline-hash",
    key: "#",
    start: bodyStart,
    end: text.length,
    tags,
    refusal: "Tags in running text are read only; edit the text itself",
  };
}

function collectLine(line: string, offset: number, tags: Tag[]): void {
  if (/^(?:[ \t>]*#{1,6}(?:[ \t]|$)| {4}|\t|\s*\[[^\]]*\]:)/.test(line)) return;
  const visible = line.includes("`") ? blank(line, /(`+)(?!`).*?(?<!`)\1(?!`)/g) : line;
  for (const match of visible.matchAll(candidate)) {
    const text = match[1]!.replace(/\/+$/, "");
    if (!/[^\p{N}]/u.test(text) || !/[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(text)) continue;
    if (isColour(text, visible.slice(0, match.index))) continue;
    const start = offset + match.index;
    tags.push({ text, start, end: start + 1 + text.length });
  }
}

/** Three, four, six or eight hexadecimal digits; a word of those letters (`#feed`, `#facade`) is a colour only where one is named before it. */
function isColour(text: string, before: string): boolean {
  if (!/^(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i.test(text)) return false;
  return (
    /\d/.test(text) ||
    /^(.)\1+$|^abc(?:def)?$/i.test(text) ||
    /(?:colou?r|background|fill|stroke)\s*[:=]\s*$/i.test(before)
  );
}

/** The backticks or tildes that open or close a code fence on the line [at, end). */
function fenceAt(text: string, at: number, end: number): string | undefined {
  let first = at;
  while (first < end && " \t>".includes(text[first]!)) first++;
  const char = text[first];
  if ((char !== "`" && char !== "~") || !text.startsWith(char.repeat(3), first)) return undefined;
  let last = first;
  while (last < end && text[last] === char) last++;
  // An opening fence of backticks has none in its info string; otherwise it is inline code.
  return char === "`" && hasCharBefore(text, "`", last, end) ? undefined : text.slice(first, last);
}

function hasCharBefore(text: string, what: string, at: number, end: number): boolean {
  for (let offset = at; offset < end; offset++) {
    if (text[offset] === what[0] && text.startsWith(what, offset)) return true;
  }
  return false;
}

function hideComments(line: string, inComment: boolean): { visible: string; stillInComment: boolean } {
  let visible = line;
  if (inComment) {
    const close = visible.indexOf("-->");
    if (close < 0) return { visible: "", stillInComment: true };
    visible = " ".repeat(close + 3) + visible.slice(close + 3);
  }
  visible = visible.includes("<!--") ? blank(visible, /<!--.*?-->/g) : visible;
  const open = visible.indexOf("<!--");
  return open < 0 ? { visible, stillInComment: false } : { visible: visible.slice(0, open), stillInComment: true };
}

/** The line with every match turned into as many dots, so that offsets stay. */
function blank(line: string, pattern: RegExp): string {
  return line.replace(pattern, (it) => ".".repeat(it.length));
}
