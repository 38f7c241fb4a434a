// vocabulary.txt: the n-gram of each feature, for explanations only. Nothing of it is in memory until the first question;
// then one pass checks the hash and notes where every 64th line starts.
import { createHash } from "node:crypto";
import { ModelFolderError } from "../errors.ts";
import { checkSha256, copyAgain } from "./files.ts";
import { parseLine } from "./lines.ts";
import { fileRecord, type Manifest } from "./manifest.ts";
import { type ModelFile, type ModelFileOptions, openModelFile } from "./model-file.ts";

const stride = 64;
const blockBytes = 2 ** 20;
const newline = 10;

export interface Vocabulary {
  /** The n-gram of `feature`. @throws RangeError past the last, ModelFolderError where the file is damaged. */
  term(feature: number): string;
  dispose(): void;
}

/** @throws ModelFolderError where the file is missing or of another size. */
export function openVocabulary(
  folder: string,
  manifest: Manifest,
  { keepOpen }: Pick<ModelFileOptions, "keepOpen">,
): Vocabulary {
  const record = fileRecord(manifest, "vocabulary.txt");
  const numFeatures = manifest.counts.features;
  const file = openModelFile(folder, "vocabulary.txt", { bytes: record.bytes, keepOpen });
  let starts: Float64Array | undefined;
  return {
    term: (feature) => {
      if (!(feature >= 0 && feature < numFeatures)) throw new RangeError(`term: feature ${feature} of ${numFeatures}`);
      starts ??= findLines(file, numFeatures, record.sha256);
      const group = Math.floor(feature / stride);
      const start = starts[group]!;
      const bytes = new Uint8Array((starts[group + 1] ?? file.bytes) - start);
      file.read(bytes, start);
      return parseLine(nthLine(bytes, feature % stride));
    },
    dispose: () => file.close(),
  };
}

/** Byte offsets of lines 0, 64, 128 ... */
function findLines(file: ModelFile, numLines: number, sha256: string): Float64Array {
  const starts = new Float64Array(Math.ceil(numLines / stride));
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(blockBytes, file.bytes));
  let line = 0;
  for (let position = 0; position < file.bytes; position += buffer.length) {
    const block = buffer.subarray(0, Math.min(buffer.length, file.bytes - position));
    file.read(block, position);
    hash.update(block);
    for (let at = block.indexOf(newline); at >= 0; at = block.indexOf(newline, at + 1)) {
      line++;
      if (line % stride === 0 && line < numLines) starts[line / stride] = position + at + 1;
    }
  }
  checkSha256(file.place, hash.digest("hex"), sha256);
  if (line !== numLines) {
    throw new ModelFolderError({ place: file.place, expected: `${numLines} lines`, found: `${line}`, cure: copyAgain });
  }
  return starts;
}

function nthLine(bytes: Uint8Array, n: number): string {
  let start = 0;
  for (let i = 0; i < n; i++) start = bytes.indexOf(newline, start) + 1;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, bytes.indexOf(newline, start)));
}
