// Reads a file as the editor would show it: without its byte order mark. What is not text is refused with a reason.
import { readTextFile } from "@tagwright/documents";

export type FileText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "skipped"; readonly reason: string };

export async function readText(file: string): Promise<FileText> {
  const read = await readTextFile(file);
  if (read.kind !== "text") return { kind: "skipped", reason: read.reason };
  return { kind: "text", text: read.text.replace(/^\ufeff/u, "") };
}
