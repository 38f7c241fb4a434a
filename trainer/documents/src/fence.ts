// Finds the front matter of a text without parsing it: optional BOM, an opening fence on line 1, a closing fence on a line of its own.
// Invariant: offsets count from the start of the text as given; the search for a closer is capped, so a 10 MB file costs no more than a small one.
// Rules: `...` closes YAML; a thematic break, or fences around something that is no mapping, is no front matter.

import { bomLength, endOfLine, nextLine } from "./lines.ts";

/** The most that front matter may take; a closer further down is not looked for. */
export const maxFrontMatterChars = 64 * 1024;
const maxFrontMatterLines = 1000;

type FrontMatterFormat = "yaml" | "toml" | "json";

/** Front matter by position. `closed` is false while its closing fence is missing: then it may be completed, never edited. */
export interface FrontMatter {
  readonly format: FrontMatterFormat;
  /** Where the opening fence starts (after a BOM). */
  readonly start: number;
  /** What stands between the fences, last line break included; for JSON in braces the braces are content. */
  readonly contentStart: number;
  readonly contentEnd: number;
  /** Where the body starts. */
  readonly end: number;
  readonly closed: boolean;
}

const languages: Readonly<Record<string, FrontMatterFormat>> = {
  yaml: "yaml",
  yml: "yaml",
  toml: "toml",
  json: "json",
};

/** The front matter of `text`, or undefined where there is none. */
export function scanFrontMatter(text: string): FrontMatter | undefined {
  const start = bomLength(text);
  const first = text.charCodeAt(start);
  if (first === 0x7b /* { */) return scanBraces(text, start);
  if (first === 0x22 /* " */) return scanBarePairs(text, start);
  if (first !== 0x2d /* - */ && first !== 0x2b /* + */ && first !== 0x3b /* ; */) return undefined;
  const lineEnd = endOfLine(text, start);
  if (lineEnd - start > 64) return undefined;
  const opening = /^(---|\+\+\+|;;;)[ \t]*([A-Za-z]*)[ \t]*$/.exec(text.slice(start, lineEnd));
  if (opening === null) return undefined;
  const fence = opening[1]!;
  const language = opening[2]!.toLowerCase();
  const format =
    language === ""
      ? fence === "---"
        ? "yaml"
        : fence === "+++"
          ? "toml"
          : "json"
      : (languages[language] ?? undefined);
  return format === undefined ? undefined : scanFenced(text, start, format, fence);
}

function scanFenced(text: string, start: number, format: FrontMatterFormat, fence: string): FrontMatter | undefined {
  const contentStart = nextLine(text, start);
  const closer =
    fence === "---" && format === "yaml" ? /^(?:---|\.\.\.)[ \t]*$/ : fence === "---" ? /^---[ \t]*$/ : undefined;
  const limit = Math.min(text.length, start + maxFrontMatterChars);
  let blank = -1;
  for (let at = contentStart, lines = 0; at < limit && lines < maxFrontMatterLines; lines++) {
    const lineEnd = endOfLine(text, at);
    const next = nextLine(text, at);
    const isCloser =
      text.startsWith(fence, at) || (fence === "---" && text.startsWith("...", at))
        ? (closer?.test(text.slice(at, lineEnd)) ?? text.slice(at + fence.length, lineEnd).trim() === "")
        : false;
    if (isCloser) {
      if (!holdsMapping(format, text.slice(contentStart, at))) return undefined;
      return { format, start, contentStart, contentEnd: at, end: next, closed: true };
    }
    if (blank < 0 && lineEnd === at) blank = at;
    at = next;
  }
  // Somebody may be typing it: it reaches to the first blank line.
  const contentEnd = blank < 0 ? limit : blank;
  const content = text.slice(contentStart, contentEnd);
  if (content.trim() === "" || !holdsMapping(format, content)) return undefined;
  return { format, start, contentStart, contentEnd, end: contentEnd, closed: false };
}

/** Whether the first line of content can start a mapping; nothing at all counts as an empty one. */
function holdsMapping(format: FrontMatterFormat, content: string): boolean {
  const line = /^[ \t]*([^\s#][^\r\n]*)/m.exec(content)?.[1];
  if (line === undefined) return true;
  if (format === "toml") return line.startsWith("[") || line.includes("=");
  if (format === "json") return line.startsWith("{") || line.startsWith('"') || line.startsWith("//");
  if (/^[{?&!]/.test(line)) return true;
  if (/^[[\]},*|>%@`]|^-(?:\s|$)/.test(line)) return false;
  return line.search(/:(?:\s|$)/) > 0;
}

/** Hexo's JSON without braces and without an opening fence: pairs up to a line `;;;`. */
function scanBarePairs(text: string, start: number): FrontMatter | undefined {
  if (!/^"[^"\r\n]*"[ \t]*:/.test(text.slice(start, start + 256))) return undefined;
  const closer = /^;;;[ \t]*$/m.exec(text.slice(start, start + maxFrontMatterChars).replace(/\r$/gm, " "));
  if (closer === null) return undefined;
  const contentEnd = start + closer.index;
  const end = nextLine(text, contentEnd);
  return { format: "json", start, contentStart: start, contentEnd, end, closed: true };
}

/** JSON front matter in its own braces: ends at the brace that closes the first, with nothing else on that line. */
function scanBraces(text: string, start: number): FrontMatter | undefined {
  if (!/^\{[ \t\r\n]*["}]/.test(text.slice(start, start + 256))) return undefined;
  const limit = Math.min(text.length, start + maxFrontMatterChars);
  let depth = 0;
  for (let at = start; at < limit; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x22 /* " */) {
      at = endOfString(text, at, limit);
    } else if (char === 0x7b || char === 0x5b) {
      depth++;
    } else if ((char === 0x7d || char === 0x5d) && --depth === 0) {
      const contentEnd = at + 1;
      if (text.slice(contentEnd, endOfLine(text, contentEnd)).trim() !== "") return undefined;
      return { format: "json", start, contentStart: start, contentEnd, end: nextLine(text, contentEnd), closed: true };
    }
  }
  const blank = text.slice(start, limit).search(/\r?\n[ \t]*\r?\n/);
  const end = blank < 0 ? limit : start + blank;
  return { format: "json", start, contentStart: start, contentEnd: end, end, closed: false };
}

function endOfString(text: string, open: number, limit: number): number {
  for (let at = open + 1; at < limit; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x5c /* \ */) at++;
    else if (char === 0x22) return at;
  }
  return limit;
}
