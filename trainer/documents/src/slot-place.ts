// Finds the key whose value a caret stands in, line by line: it must work while the text is half typed and no parser accepts it.
import { endOfLine, startOfLine } from "./lines.ts";
import { keySegments } from "./tag-format.ts";

/** A caret in front matter; [start, end) is what stands between the fences. */
export interface Caret {
  readonly text: string;
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

/** The value that a caret belongs to. */
export interface ValuePlace {
  readonly key: string;
  /** Offset after the colon or equals sign. */
  readonly valueStart: number;
  /** White space before the key. */
  readonly indent: string;
  /** Where the next key starts: no value reaches further. */
  readonly limit: number;
}

interface KeyLine {
  readonly indent: string;
  readonly name: string;
  readonly valueStart: number;
  readonly lineStart: number;
}

const yamlKey = /^( *)(?:"([^"\r\n]*)"|'([^'\r\n]*)'|([^\s"'#\-[\]{},&*!|>%@`?:][^\r\n:#]*?))[ \t]*:(?=[ \t\r\n]|$)/;
const tomlKey = /^([ \t]*)(?:"([^"\r\n]*)"|'([^'\r\n]*)'|([\w.-]+))[ \t]*=/;

/** The YAML value at the caret if its key is one of `keys`. */
export function yamlPlace(caret: Caret, keys: readonly string[]): ValuePlace | undefined {
  const own = keyLineAbove(caret, caret.offset, yamlKey);
  if (own === undefined || caret.offset < own.valueStart) return undefined;
  const path = [own.name];
  for (let inner = own; inner.indent.length > 0; ) {
    const parent = keyLineAbove(caret, inner.lineStart - 1, yamlKey, inner.indent.length);
    if (parent === undefined) break;
    path.unshift(parent.name);
    inner = parent;
  }
  const key = keys.find((it) => keySegments(it).join(".") === path.join("."));
  return key === undefined ? undefined : placeOf(caret, own, key, yamlKey);
}

/** The TOML value at the caret if its key, with its table, is one of `keys`. */
export function tomlPlace(caret: Caret, keys: readonly string[]): ValuePlace | undefined {
  const own = keyLineAbove(caret, caret.offset, tomlKey);
  if (own === undefined || caret.offset < own.valueStart) return undefined;
  const before = caret.text.slice(caret.start, own.lineStart);
  const table = [...before.matchAll(/^[ \t]*\[([\w. -]+)\][ \t]*(?:#.*)?\r?$/gm)].at(-1)?.[1]?.trim().toLowerCase();
  const path = table === undefined ? own.name : `${table}.${own.name}`;
  const key = keys.find((it) => keySegments(it).join(".") === path);
  return key === undefined ? undefined : placeOf(caret, own, key, tomlKey);
}

/** The JSON value at the caret if its key, whatever object it is in, is one of `keys`. */
export function jsonPlace({ text, offset, start, end }: Caret, keys: readonly string[]): ValuePlace | undefined {
  const matches = [...text.slice(start, end).matchAll(/"([^"\\\r\n]*)"[ \t]*:/g)];
  const index = matches.findLastIndex((it) => start + it.index + it[0].length <= offset);
  const own = matches[index];
  if (own === undefined) return undefined;
  const key = keys.find((it) => keySegments(it).at(-1) === own[1]!.toLowerCase());
  const next = matches[index + 1];
  const limit = next === undefined ? end : start + next.index;
  return key === undefined ? undefined : { key, valueStart: start + own.index + own[0].length, indent: "", limit };
}

/** The nearest key line at or above `offset`, indented by less than `below` where that is given. */
function keyLineAbove(
  caret: Caret,
  offset: number,
  pattern: RegExp,
  below = Number.POSITIVE_INFINITY,
): KeyLine | undefined {
  const { text, start } = caret;
  for (let at = offset; at >= start; ) {
    const lineStart = Math.max(start, startOfLine(text, at));
    const match = pattern.exec(text.slice(lineStart, endOfLine(text, lineStart)));
    if (match !== null && match[1]!.length < below) {
      const name = (match[2] ?? match[3] ?? match[4]!).toLowerCase();
      return { indent: match[1]!, name, valueStart: lineStart + match[0].length, lineStart };
    }
    if (lineStart === start) return undefined;
    at = lineStart - 1;
  }
  return undefined;
}

function placeOf(caret: Caret, own: KeyLine, key: string, pattern: RegExp): ValuePlace {
  const { text, end } = caret;
  for (let at = endOfLine(text, own.valueStart); at < end; ) {
    const lineStart = text.indexOf("\n", at) + 1;
    if (lineStart === 0 || lineStart >= end) break;
    const lineEnd = endOfLine(text, lineStart);
    const line = text.slice(lineStart, lineEnd);
    const next = pattern.exec(line);
    if ((next !== null && next[1]!.length <= own.indent.length) || /^[ \t]*\[[\w. -]+\][ \t]*$/.test(line)) {
      return { key, valueStart: own.valueStart, indent: own.indent, limit: lineStart };
    }
    at = lineEnd;
  }
  return { key, valueStart: own.valueStart, indent: own.indent, limit: end };
}
