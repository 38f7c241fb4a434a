// Line arithmetic on a text with LF or CRLF, by offset.

/** Length of the byte order mark at the start of `text`: 0 or 1. */
export function bomLength(text: string): 0 | 1 {
  return text.charCodeAt(0) === 0xfeff ? 1 : 0;
}

/** Offset of the end of the line at `offset`, before its line break (LF or CRLF). */
export function endOfLine(text: string, offset: number): number {
  const newline = text.indexOf("\n", offset);
  if (newline < 0) return text.length;
  return newline > offset && text.charCodeAt(newline - 1) === 0x0d ? newline - 1 : newline;
}

/** Offset of the first character of the line that holds `offset`. */
export function startOfLine(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
}

/** Offset of the line after the one that holds `offset`, or the end of the text. */
export function nextLine(text: string, offset: number): number {
  const newline = text.indexOf("\n", offset);
  return newline < 0 ? text.length : newline + 1;
}

/** The line break that `text` uses: that of its first line, LF where there is none. */
export function lineBreakOf(text: string): "\n" | "\r\n" {
  const newline = text.indexOf("\n");
  return newline > 0 && text.charCodeAt(newline - 1) === 0x0d ? "\r\n" : "\n";
}

/** Offset of the end of the line before the one that starts at `lineStart` (which is not 0), before its line break. */
export function endOfPreviousLine(text: string, lineStart: number): number {
  const newline = lineStart - 1;
  return newline > 0 && text.charCodeAt(newline - 1) === 0x0d ? newline - 1 : newline;
}
