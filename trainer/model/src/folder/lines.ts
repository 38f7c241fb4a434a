// Text files with one entry a line, UTF-8, each line ended by a newline. What would break a line is escaped with a
// backslash: newline \n, carriage return \r, the backslash itself \\, half a surrogate pair \uD800.
import { ModelFolderError } from "../errors.ts";
import { copyAgain } from "./files.ts";

export function formatLine(entry: string): string {
  if (!/[\\\n\r\p{Surrogate}]/u.test(entry)) return `${entry}\n`;
  const escaped = entry.replace(/[\\\n\r\p{Surrogate}]/gu, (it) => {
    if (it === "\n") return "\\n";
    if (it === "\r") return "\\r";
    return it === "\\" ? "\\\\" : `\\u${it.charCodeAt(0).toString(16)}`;
  });
  return `${escaped}\n`;
}

export function parseLine(line: string): string {
  if (!line.includes("\\")) return line;
  return line.replace(/\\(?:(n)|(r)|u([0-9a-f]{4})|(\\))/g, (_, newline, carriage, code) => {
    if (newline !== undefined) return "\n";
    if (carriage !== undefined) return "\r";
    return code === undefined ? "\\" : String.fromCharCode(Number.parseInt(code, 16));
  });
}

/** All entries of a file. @throws ModelFolderError where it is no UTF-8 or has not `count` lines. */
export function parseLines(bytes: Uint8Array, count: number, place: string): string[] {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ModelFolderError({ place, expected: "UTF-8", found: "other bytes", cure: copyAgain }, { cause });
  }
  const lines = text.split("\n");
  const rest = lines.pop();
  if (lines.length !== count || rest !== "") {
    const found = `${lines.length}${rest === "" ? "" : " and a part of one"}`;
    throw new ModelFolderError({ place, expected: `${count} lines`, found, cure: copyAgain });
  }
  return lines.map(parseLine);
}
