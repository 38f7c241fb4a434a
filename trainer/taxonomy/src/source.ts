// Text out of a file, chunk by chunk: decompressed, decoded strictly, without BOM, under a byte limit.
import { createReadStream } from "node:fs";
import { TextDecoder } from "node:util";
import { createGunzip } from "node:zlib";
import { TaxonomyError } from "./errors.ts";

const newline = 10;

/**
 * The text of `file` in chunks of any size; a name that ends in `.gz` is decompressed.
 * @throws TaxonomyError if it cannot be read, is not UTF-8, or is longer than `maxBytes`.
 */
export async function* readText(file: string, maxBytes: number): AsyncGenerator<string> {
  const raw = createReadStream(file);
  const bytes = file.toLowerCase().endsWith(".gz") ? raw.pipe(createGunzip()) : raw;
  raw.once("error", (error) => bytes.destroy(error));
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let numBytes = 0;
  let line = 1;
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      numBytes += chunk.length;
      if (numBytes > maxBytes) {
        throw new TaxonomyError(file, undefined, `more than ${maxBytes} bytes of text; split it or raise the limit`);
      }
      const text = decode(decoder, chunk, file, line);
      for (const byte of chunk) if (byte === newline) line++;
      if (text !== "") yield text;
    }
    decode(decoder, undefined, file, line);
  } catch (error) {
    if (error instanceof TaxonomyError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TaxonomyError(file, undefined, `cannot be read: ${reason}`, { cause: error });
  } finally {
    raw.destroy();
  }
}

/** @throws TaxonomyError at the line where `chunk` starts or later: the decoder does not say more. */
function decode(decoder: TextDecoder, chunk: Buffer | undefined, file: string, line: number): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (error) {
    throw new TaxonomyError(file, line, "not UTF-8 at or after this line; save it as UTF-8", { cause: error });
  }
}
