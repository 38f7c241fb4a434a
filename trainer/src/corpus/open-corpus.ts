// Tells what kind of corpus a path is, by file names and first bytes, and opens it.
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import type { TagOptions } from "@tagwright/documents";
import type { Corpus } from "./corpus.ts";
import { CorpusError, corpusErrorFrom, quoteShort } from "./corpus-error.ts";
import { openJsonLines } from "./jsonl.ts";
import { readLines } from "./lines.ts";
import { openWorkspace } from "./workspace.ts";
import { openXmc, type XmcForm } from "./xmc.ts";
import { parseHeader } from "./xmc-rows.ts";

export interface CorpusOptions {
  /** Which part of a data set that has both is wanted. A folder that lacks this part gives the other one. */
  readonly part?: "train" | "test";
  /** Where the documents of a workspace keep their tags. */
  readonly tagOptions?: TagOptions;
  /** Globs that a workspace leaves out. Default: what the folder's own settings of the editor say. */
  readonly exclude?: readonly string[];
}

type Part = "train" | "test";

const forms =
  "a folder of tagged documents, JSON Lines (.jsonl, .jsonl.gz) or an Extreme Classification Repository folder";

/** @throws CorpusError where `location` does not exist or is none of the known forms. */
export async function openCorpus(location: string, options: CorpusOptions = {}): Promise<Corpus> {
  const { part = "train" } = options;
  const resolved = path.resolve(location);
  let isFolder: boolean;
  try {
    isFolder = (await stat(resolved)).isDirectory();
  } catch (error) {
    throw corpusErrorFrom(error, location);
  }
  if (!isFolder) return openFile(resolved);
  const other = part === "train" ? "test" : "train";
  for (const wanted of [part, other] as const) {
    const name = path.basename(resolved);
    const lines = firstExisting(resolved, [`${wanted}.jsonl`, `${wanted}.jsonl.gz`]);
    if (lines !== undefined) return openJsonLines(lines, name);
    const form = await findXmcForm(resolved, wanted);
    if (form !== undefined) return openXmc(form, name);
  }
  return openWorkspace(resolved, path.basename(resolved), options);
}

async function openFile(file: string): Promise<Corpus> {
  const name = path.basename(file).replace(/(?:\.(?:jsonl|ndjson|json|txt))?(?:\.gz)?$/i, "");
  const first = await firstLine(file);
  if (parseHeader(first, 3) !== undefined)
    return openXmc(withNames({ kind: "sparse", file }, path.dirname(file)), name);
  if (!first.trimStart().startsWith("{") && !/\.(?:jsonl|ndjson)(?:\.gz)?$/i.test(file)) {
    throw new CorpusError(`${file}: is no corpus, its first line is ${quoteShort(first)}; expected ${forms}`);
  }
  return isXmcJson(first)
    ? openXmc(withNames({ kind: "json", file }, path.dirname(file)), name)
    : openJsonLines(file, name);
}

/** The Extreme Classification Repository's files for `part` in `folder`, or undefined. */
async function findXmcForm(folder: string, part: Part): Promise<XmcForm | undefined> {
  const short = part === "train" ? "trn" : "tst";
  const json = firstExisting(folder, [`${short}.json`, `${short}.json.gz`]);
  if (json !== undefined && isXmcJson(await lookInto(json))) return withNames({ kind: "json", file: json }, folder);
  const labels = firstExisting(folder, [`${short}_X_Y.txt`, `${part}_labels.txt`]);
  const documents = firstExisting(folder, [
    `${short}_X.txt`,
    `${part}_raw_texts.txt`,
    `${part}_texts.txt`,
    `raw_data/${part}.raw.txt`,
    `${short}_X_Xf.txt`,
  ]);
  if (labels !== undefined && documents !== undefined) return withNames({ kind: "pair", documents, labels }, folder);
  const sparse = firstExisting(folder, [`${part}.txt`]);
  if (sparse === undefined || parseHeader(await lookInto(sparse), 3) === undefined) return undefined;
  return withNames({ kind: "sparse", file: sparse }, folder);
}

function withNames(form: XmcForm, folder: string): XmcForm {
  const labelNames = firstExisting(folder, ["Y.txt", "lbl.json", "lbl.json.gz", "raw_data/label.raw.txt"]);
  return labelNames === undefined ? form : { ...form, labelNames };
}

/** The first line; empty where there is none to read, for the file may be a note. A compressed one is none. */
async function lookInto(file: string): Promise<string> {
  try {
    return await firstLine(file);
  } catch (error) {
    if (error instanceof CorpusError && !file.endsWith(".gz")) return "";
    throw error;
  }
}

function isXmcJson(line: string): boolean {
  return line.startsWith("{") && line.includes('"target_ind"');
}

function firstExisting(folder: string, names: readonly string[]): string | undefined {
  return names.map((it) => path.join(folder, it)).find((it) => existsSync(it));
}

async function firstLine(file: string): Promise<string> {
  for await (const { lines } of readLines(file)) return lines[0]!;
  throw new CorpusError(`${file}: is empty; expected ${forms}`);
}
