// A corpus larger than the memory there is, in a process of its own that may not have more.
import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";
import { scratchFolder } from "@tagwright/testing";
import { build } from "esbuild";
import { expect, test } from "vitest";

const heapMebibytes = 64;
const documents = 100_000;
const textLength = 1000;

/** Reads the corpus, and says how many documents and how much text it has. */
const source = `
  import { openCorpus } from "./open-corpus.ts";
  async function read(file) {
    const sum = { documents: 0, characters: 0, labels: 0 };
    for await (const { text, labels } of (await openCorpus(file)).documents()) {
      sum.documents++;
      sum.characters += text.length;
      sum.labels += labels.length;
    }
    process.stdout.write(JSON.stringify(sum));
  }
  void read(process.argv[2]);
`;

/** JSON Lines in blocks of a hundred documents. */
function* blocks(): Generator<string> {
  const text = "grass grows ".repeat(textLength / 12 + 1).slice(0, textLength);
  for (let first = 0; first < documents; first += 100) {
    const lines = Array.from({ length: 100 }, (_, i) =>
      JSON.stringify({ id: `note ${first + i}`, text, labels: ["green", `kind ${i}`] }),
    );
    yield `${lines.join("\n")}\n`;
  }
}

test("a gzipped corpus larger than the heap is read to its end", async () => {
  expect(documents * textLength).toBeGreaterThan(1.4 * heapMebibytes * 2 ** 20);
  const folder = scratchFolder();
  const [file, program] = [path.join(folder, "notes.jsonl.gz"), path.join(folder, "program.cjs")];
  await pipeline(Readable.from(blocks()), createGzip({ level: 1 }), createWriteStream(file));
  const stdin = { contents: source, resolveDir: import.meta.dirname, loader: "ts" as const };
  await build({ stdin, outfile: program, bundle: true, platform: "node", format: "cjs", target: "node20" });
  const args = [`--max-old-space-size=${heapMebibytes}`, program, file];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toEqual({ documents, characters: documents * textLength, labels: 2 * documents });
});
