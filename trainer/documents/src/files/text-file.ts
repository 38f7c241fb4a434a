// A document on disk: bytes to text and back without losing one. Only UTF-8, with or without a byte order mark, is text.
import { isUtf8 } from "node:buffer";
import { readFile, stat } from "node:fs/promises";

/** Larger files are data, not notes. */
const maxTextFileBytes = 16 * 1024 * 1024;

export type TextFile =
  | { readonly kind: "text"; readonly text: string; readonly bytes: Buffer }
  | { readonly kind: "notUtf8" | "binary" | "tooLarge" | "unreadable"; readonly reason: string };

/** The file's text, byte order mark and line ends as they are; or why it is not looked at. Never throws. */
export async function readTextFile(file: string): Promise<TextFile> {
  try {
    const { size } = await stat(file);
    if (size > maxTextFileBytes) {
      const mebibytes = (size / 1024 / 1024).toFixed(1);
      return {
        kind: "tooLarge",
        reason: `${mebibytes} MiB is over the limit of ${maxTextFileBytes / 1024 / 1024} MiB`,
      };
    }
    const bytes = await readFile(file);
    if (bytes.includes(0)) return { kind: "binary", reason: "it holds NUL bytes, so it is not a text file" };
    if (!isUtf8(bytes)) return { kind: "notUtf8", reason: "it is not valid UTF-8; convert it first" };
    return { kind: "text", text: bytes.toString("utf8"), bytes };
  } catch (error) {
    return { kind: "unreadable", reason: error instanceof Error ? error.message : String(error) };
  }
}
