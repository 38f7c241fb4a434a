// Reads a file as the editor would show it: without its byte order mark. What is not text is refused with a reason.
import { readFile, stat } from "node:fs/promises";

export type FileText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "skipped"; readonly reason: string };

/** Larger files are data, not notes; the trainer has the same bound for a document. */
const maxFileBytes = 16 * 2 ** 20;

export async function readText(file: string): Promise<FileText> {
  try {
    const { size } = await stat(file);
    if (size > maxFileBytes)
      return skipped(`${(size / 2 ** 20).toFixed(0)} MiB is over the limit of ${maxFileBytes / 2 ** 20} MiB`);
    const bytes = await readFile(file);
    if (bytes.includes(0)) return skipped("it holds NUL bytes, so it is not a text file");
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError) return skipped("it is not valid UTF-8");
    return skipped(error instanceof Error ? error.message : String(error));
  }
}

function skipped(reason: string): FileText {
  return { kind: "skipped", reason };
}
