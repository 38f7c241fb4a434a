// Inline `#tags` of a Markdown or plain text body, by the rules of Obsidian and Foam: read only.
// Not tags: what stands in code, headings, HTML comments, link targets and URLs; numbers; colours.
import { endOfLine, nextLine } from "./lines.ts";
import type { Tag, TagRegion } from "./tag-location.ts";

const candidate = /(?<=^|\s)#((?:[\p{L}\p{M}\p{N}\p{Extended_Pictographic}_/-]|\u200d|\ufe0f)+)/gu;

/** The region of all inline tags from `bodyStart` on; undefined where there are none. */
export function readInlineTags(text: string, bodyStart: number): TagRegion | undefined {
  const tags: Tag[] = [];
  let fence: string | undefined;
  let inComment = false;
  let nextHash = text.indexOf("#", bodyStart);
  let nextComment = text.indexOf("<!--", bodyStart);
  for (let at = bodyStart; at < text.length && nextHash >= 0; at = nextLine(text, at)) {
    const end = endOfLine(text, at);
    if (nextHash < at) nextHash = text.indexOf("#", at);
    if (nextComment >= 0 && nextComment < at) nextComment = text.indexOf("<!--", at);
    const mark = inComment ? undefined : fenceAt(text, at, end);
    if (fence !== undefined) {
      if (
        mark?.startsWith(fence) &&
        text
          .slice(at, end)
          .replace(/^[ \t>]*/, "")
          .trimEnd() === mark
      )
        fence = undefined;
      continue;
    }
    if (mark !== undefined) {
      fence = mark;
      continue;
    }
    const hasHash = nextHash >= 0 && nextHash < end;
    const hasComment = nextComment >= 0 && nextComment < end;
    if (!hasHash && !hasComment && !inComment) continue;
    let line = text.slice(at, end);
    if (hasComment || inComment) ({ line, inComment } = hideComments(line, inComment));
    if (hasHash) collectLine(line, at, tags);
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
  const visible = line.includes("`") ? hideCode(line) : line;
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
  return char === "`" && text.slice(last, end).includes("`") ? undefined : text.slice(first, last);
}

/** The line with dots for HTML comments, so that offsets stay, and whether one goes on after it. */
function hideComments(line: string, startsInside: boolean): { line: string; inComment: boolean } {
  const parts: string[] = [];
  let inComment = startsInside;
  for (let at = 0; at < line.length; ) {
    const mark = line.indexOf(inComment ? "-->" : "<!--", at);
    const end = mark < 0 ? line.length : mark + (inComment ? 3 : 0);
    parts.push(inComment ? dots(end - at) : line.slice(at, end));
    if (mark >= 0) inComment = !inComment;
    at = end;
  }
  return { line: parts.join(""), inComment };
}

/** The line with dots for code spans: a run of backticks up to the next run of the same length. */
function hideCode(line: string): string {
  const runs = [...line.matchAll(/`+/g)].map((it) => ({ start: it.index, end: it.index + it[0].length, closer: -1 }));
  const nextOfLength = new Map<number, number>();
  for (let index = runs.length - 1; index >= 0; index--) {
    const run = runs[index]!;
    const length = run.end - run.start;
    run.closer = nextOfLength.get(length) ?? -1;
    nextOfLength.set(length, index);
  }
  const parts: string[] = [];
  let done = 0;
  for (let index = 0; index < runs.length; index++) {
    const { start, closer } = runs[index]!;
    if (closer < 0) continue;
    const { end } = runs[closer]!;
    parts.push(line.slice(done, start), dots(end - start));
    done = end;
    index = closer;
  }
  return parts.join("") + line.slice(done);
}

function dots(length: number): string {
  return ".".repeat(length);
}
