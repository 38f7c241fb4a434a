// What bad outside input can raise while a corpus is read. The message says place, expectation, finding and cure.

export class CorpusError extends Error {
  override readonly name = "CorpusError";
}

/** `text` quoted for a message: one line, at most `maxLength` characters. */
export function quoteShort(text: string, maxLength = 60): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return JSON.stringify(cut);
}

/** What a JSON value is, for "expected a string, found …". */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return quoteShort(value, 40);
  return `${typeof value} ${String(value)}`;
}

/** A file system failure as a CorpusError with a cure. @throws `error` itself where it is something else. */
export function corpusErrorFrom(error: unknown, place: string): CorpusError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const cause = { cause: error };
  switch (code) {
    case "ENOENT":
      return new CorpusError(`${place}: no such file or folder; check the path`, cause);
    case "EACCES":
    case "EPERM":
      return new CorpusError(`${place}: may not be read; give yourself the right to read it`, cause);
    case "EISDIR":
    case "ENOTDIR":
      return new CorpusError(
        `${place}: expected a file, found a folder (or the other way round); check the path`,
        cause,
      );
    case "Z_BUF_ERROR":
      return new CorpusError(
        `${place}: the gzip data ends in the middle; the file was cut short, copy it again`,
        cause,
      );
    case "Z_DATA_ERROR":
    case "Z_STREAM_ERROR":
      return new CorpusError(`${place}: the gzip data is damaged; copy the file again`, cause);
    default:
      throw error;
  }
}
