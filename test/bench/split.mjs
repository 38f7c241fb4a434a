// Parts of a corpus that is measured on: its own or a tenth of it for the test, or folds, by the SHA-1 of the ids; and means over folds.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

/**
 * The documents of `<folder>/train.jsonl.gz` and `test.jsonl.gz`, each in the order of the hash; where there is no
 * test.jsonl.gz, a tenth of the others. A document is `{ line, place }`: its JSON and its hash in hexadecimal.
 */
export function readParts(folder) {
  const all = readInOrder(path.join(folder, "train.jsonl.gz"));
  const test = path.join(folder, "test.jsonl.gz");
  if (existsSync(test)) return { train: all, test: readInOrder(test) };
  const isTest = ({ place }) => Number.parseInt(place.slice(-4), 16) % 10 === 0;
  return { train: all.filter((it) => !isTest(it)), test: all.filter(isTest) };
}

/** Fold `fold` of `numFolds` of all documents as test part, the others to learn from. */
export function cutFold({ train, test }, fold, numFolds) {
  const together = inOrder([...train, ...test]);
  const isIn = (i) => i % numFolds === fold;
  return { train: together.filter((_, i) => !isIn(i)), test: together.filter((_, i) => isIn(i)) };
}

/** Writes both parts to `folder`, which is made where it is not there. */
export function writeParts(folder, parts) {
  mkdirSync(folder, { recursive: true });
  for (const [name, part] of Object.entries(parts)) {
    writeFileSync(path.join(folder, `${name}.jsonl.gz`), gzipSync(part.map(({ line }) => `${line}\n`).join("")));
  }
}

/** @throws Error where `text` is no number of folds of which each leaves something to learn from. */
export function parseFolds(text) {
  const numFolds = Number(text);
  if (!Number.isInteger(numFolds) || numFolds < 2) throw new Error(`--folds: 2 or more expected, "${text}" found`);
  return numFolds;
}

export function meanOf(list) {
  return list.reduce((sum, it) => sum + it, 0) / list.length;
}

/** `mean` with its sign, ± the standard error of the mean of `each`, which has two values or more. */
export function formatDifference(each, mean = meanOf(each)) {
  const center = meanOf(each);
  const error = Math.sqrt(each.reduce((sum, it) => sum + (it - center) ** 2, 0) / (each.length - 1) / each.length);
  return `${mean < 0 ? "−" : "+"}${Math.abs(mean).toFixed(2)} ± ${error.toFixed(2)}`;
}

function readInOrder(file) {
  const lines = gunzipSync(readFileSync(file)).toString().trim().split("\n");
  return inOrder(lines.map((line) => ({ line, place: createHash("sha1").update(JSON.parse(line).id).digest("hex") })));
}

function inOrder(documents) {
  return documents.sort((a, b) => (a.place < b.place ? -1 : 1));
}
