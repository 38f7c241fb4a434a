import path from "node:path";
import { gzipSync } from "node:zlib";
import { scratchFolder } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CorpusError } from "./corpus-error.ts";
import { type ReadLinesOptions, readLines } from "./lines.ts";

async function read(content: string | Uint8Array, options: ReadLinesOptions = {}): Promise<string[]> {
  const all: string[] = [];
  for await (const { firstLine, lines } of readLines(path.join(scratchFolder({ f: content }), "f"), options)) {
    expect(firstLine).toBe(all.length + 1);
    all.push(...lines);
  }
  return all;
}

test("lines are those of the text, however the blocks of the file fall", async () => {
  const letters = fc.constantFrom("a", "é", "日", "😀", " ", "\t");
  const line = fc.tuple(fc.array(letters, { maxLength: 5 }), fc.integer({ min: 0, max: 60_000 }));
  const file = fc.array(line, { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(file, fc.boolean(), async (parts, gzipped) => {
      const lines = [...parts.map(([few, many]) => few.join("") + "é".repeat(many)), "last"];
      const text = lines.join("\n");
      expect(await read(gzipped ? gzipSync(text) : text)).toEqual(lines);
    }),
    { numRuns: 40 },
  );
});

test("gzip files that were joined are read to the end", async () => {
  const joined = Buffer.concat([gzipSync("one\ntwo\n"), gzipSync("three\nfour")]);
  expect(await read(joined)).toEqual(["one", "two", "three", "four"]);
});

test("bytes are counted as they lie on disk", async () => {
  let counted = 0;
  const bytes = gzipSync("line\n".repeat(100_000));
  await read(bytes, { onBytes: (it) => (counted += it) });
  expect(counted).toBe(bytes.length);
});

test("a line over the limit is an error with its number, gzipped bombs included", async () => {
  const options = { maxLineBytes: 1024 * 1024 };
  const long = `ok\n${"x".repeat(3 * 1024 * 1024)}\n`;
  for (const content of [long, gzipSync(long)]) {
    const reading = read(content, options);
    await expect(reading).rejects.toThrow(CorpusError);
    await expect(reading).rejects.toThrow(/f:2: the line is longer than 1 MiB; expected one document a line/);
  }
});

test("the error for bytes that are not UTF-8 names their line", async () => {
  const content = Buffer.concat([
    Buffer.from("é\n".repeat(200_000)),
    Buffer.from([0x61, 0xe9, 0x0a]),
    Buffer.from("b\n"),
  ]);
  await expect(read(content)).rejects.toThrow(/f:200001: is not UTF-8/);
});
