// Reads a file as the editor would show it: without its byte order mark. What is not text is refused with a reason.
// Line ends stay. A client sends a document with its own, CRLF too, so that offsets agree; only a file of mixed ones is
// shown with one kind. Nothing that is made of this text depends on that: tags are the same, and the words that are
// hashed and asked about have LF throughout. Edits are planned on the text that the client sends.
import { readTextFile } from "@tagwright/documents";

export type FileText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "skipped"; readonly reason: string };

export async function readText(file: string): Promise<FileText> {
  const read = await readTextFile(file);
  if (read.kind !== "text") return { kind: "skipped", reason: read.reason };
  return { kind: "text", text: read.text.replace(/^\ufeff/u, "") };
}
