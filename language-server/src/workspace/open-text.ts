// The text that an editor holds for a file; it wins over what is on disk. An editor and the server need not spell a URI
// alike: `(`, `'`, `&` and `+` may be escaped, and VS Code writes file:///c%3A/ where Node writes file:///C:/.
import type { TextDocument } from "vscode-languageserver-textdocument";
import { filePath } from "../uris.ts";

interface OpenDocuments {
  get(uri: string): TextDocument | undefined;
  keys(): Iterable<string>;
}

export function openTextOf(documents: OpenDocuments): (uri: string) => string | undefined {
  return (uri) => (documents.get(uri) ?? documentOfSameFile(documents, uri))?.getText();
}

function documentOfSameFile(documents: OpenDocuments, uri: string): TextDocument | undefined {
  const file = comparablePath(uri);
  if (file === undefined) return undefined;
  const other = [...documents.keys()].find((it) => comparablePath(it) === file);
  return other === undefined ? undefined : documents.get(other);
}

/** With the letter of a drive in upper case. */
function comparablePath(uri: string): string | undefined {
  return filePath(uri)?.replace(/^\/?[a-z]:(?=[\\/])/, (it) => it.toUpperCase());
}
