// The Extreme Classification Repository's data sets: ready-made sparse features, or raw text, with numbered labels.
// Which files make which form is told by `findXmcForm`; a label's id is its number, its name comes from the label file.
import { stat } from "node:fs/promises";
import { createGate, type RawDocument } from "./admit.ts";
import { type Corpus, type CorpusDocument, newReport, resetReport } from "./corpus.ts";
import { CorpusError, describeValue, quoteShort } from "./corpus-error.ts";
import { parseObject } from "./jsonl.ts";
import { readLines } from "./lines.ts";
import { parseHeader, parseLabelCell, parseSparseRow } from "./xmc-rows.ts";

export type XmcForm =
  /** One file, header `documents features labels`, then `label,label feature:value …`. */
  | { readonly kind: "sparse"; readonly file: string; readonly labelNames?: string }
  /** Two files side by side: features (or raw text, one document a line) and labels. */
  | { readonly kind: "pair"; readonly documents: string; readonly labels: string; readonly labelNames?: string }
  /** JSON Lines with `uid`, `title`, `content` and `target_ind`. */
  | { readonly kind: "json"; readonly file: string; readonly labelNames?: string };

/** @throws CorpusError where a file is missing or its header is not understood. */
export async function openXmc(form: XmcForm, name: string): Promise<Corpus> {
  const main = form.kind === "pair" ? form.documents : form.file;
  const report = newReport();
  const position = { done: 0, total: (await stat(main)).size, unit: "bytes" as const };
  const numFeatures = await readNumFeatures(form);

  async function* documents(signal?: AbortSignal): AsyncGenerator<CorpusDocument> {
    resetReport(report);
    position.done = 0;
    const admit = createGate(report);
    const onBytes = (count: number) => {
      position.done += count;
    };
    for await (const raw of rawDocuments(form, { signal, onBytes })) {
      const document = admit(raw);
      if (document !== undefined) yield document;
    }
    if (report.documents === 0) throw new CorpusError(`${main}: no document has both content and labels`);
  }

  const labelNames = () => readNames(form.labelNames);
  const corpus = { name, path: main, report, position, documents, labelNames };
  return numFeatures === undefined ? corpus : { ...corpus, numFeatures };
}

interface ReadOptions {
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (count: number) => void;
}

function rawDocuments(form: XmcForm, options: ReadOptions): AsyncGenerator<RawDocument> {
  switch (form.kind) {
    case "sparse":
      return readSparse(form.file, options);
    case "pair":
      return readPair(form.documents, form.labels, options);
    case "json":
      return readJson(form.file, options);
  }
}

async function* readSparse(file: string, options: ReadOptions): AsyncGenerator<RawDocument> {
  let header: number[] | undefined;
  let numDocuments = 0;
  for await (const { firstLine, lines } of readLines(file, options)) {
    for (let i = 0; i < lines.length; i++) {
      const place = `${file}:${firstLine + i}`;
      if (header === undefined) {
        header = sparseHeader(lines[i]!, place);
        continue;
      }
      const [, numFeatures, numLabels] = header as [number, number, number];
      const space = lines[i]!.indexOf(" ");
      const cell = space < 0 ? lines[i]! : lines[i]!.slice(0, space);
      const colon = cell.includes(":");
      const labels = colon ? [] : parseLabelCell(cell, numLabels, place);
      const features = parseSparseRow(lines[i]!, colon ? 0 : cell.length, numFeatures, place);
      yield { id: String(numDocuments++), text: "", labels, features };
    }
  }
  checkCount(file, header?.[0] ?? 0, numDocuments);
}

/** Features or raw text in one file, labels in the other, line by line. */
async function* readPair(file: string, labelFile: string, options: ReadOptions): AsyncGenerator<RawDocument> {
  const labelLines = singleLines(labelFile, { signal: options.signal });
  const labelHeader = await matrixHeader(labelFile);
  if (labelHeader !== undefined) await labelLines.next();
  const header = await matrixHeader(file);
  let numDocuments = 0;
  let skipHeader = header !== undefined;
  try {
    for await (const { line, number } of singleLines(file, options)) {
      if (skipHeader) {
        skipHeader = false;
        continue;
      }
      const { value: labelLine } = await labelLines.next();
      if (labelLine === undefined) {
        throw new CorpusError(
          `${labelFile}: ends before document ${numDocuments + 1} of ${file}; both need one line each`,
        );
      }
      const id = String(numDocuments++);
      const labels = pairLabels(labelLine.line, labelHeader?.[1], `${labelFile}:${labelLine.number}`);
      if (header === undefined) yield { id, text: line, labels };
      else yield { id, text: "", labels, features: parseSparseRow(line, 0, header[1]!, `${file}:${number}`) };
    }
    const { value: extra } = await labelLines.next();
    if (extra !== undefined) {
      throw new CorpusError(`${labelFile}:${extra.number}: more lines than the ${numDocuments} documents of ${file}`);
    }
  } finally {
    await labelLines.return(undefined);
  }
  if (header !== undefined) checkCount(file, header[0]!, numDocuments);
}

/** `3:1 17:1` under a header, else labels separated by spaces or commas. */
function pairLabels(line: string, numLabels: number | undefined, place: string): string[] {
  if (numLabels !== undefined) return Array.from(parseSparseRow(line, 0, numLabels, place).indices, String);
  return line.split(/[\s,]+/).filter((it) => it !== "");
}

async function* readJson(file: string, options: ReadOptions): AsyncGenerator<RawDocument> {
  for await (const { line, number } of singleLines(file, options)) {
    const place = `${file}:${number}`;
    const { uid, title = "", content = "", target_ind: targets } = parseObject(line, place);
    if (typeof title !== "string" || typeof content !== "string") {
      throw new CorpusError(`${place}: "title" and "content" must be strings, found ${describeValue(title)}`);
    }
    if (!Array.isArray(targets) || !targets.every((it) => Number.isSafeInteger(it) && it >= 0)) {
      throw new CorpusError(`${place}: "target_ind" must be a list of label numbers, found ${describeValue(targets)}`);
    }
    const id = typeof uid === "string" || typeof uid === "number" ? String(uid) : String(number);
    yield { id, text: title === "" ? content : `${title}\n\n${content}`, labels: targets.map(String) };
  }
}

async function* singleLines(
  file: string,
  options: { readonly signal?: AbortSignal | undefined; readonly onBytes?: (count: number) => void },
): AsyncGenerator<{ line: string; number: number }, undefined> {
  for await (const { firstLine, lines } of readLines(file, options)) {
    for (let i = 0; i < lines.length; i++) yield { line: lines[i]!, number: firstLine + i };
  }
}

async function firstLineOf(file: string): Promise<string> {
  for await (const { lines } of readLines(file)) return lines[0]!;
  throw new CorpusError(`${file}: is empty; copy it again`);
}

async function readNumFeatures(form: XmcForm): Promise<number | undefined> {
  if (form.kind === "json") return undefined;
  if (form.kind === "sparse") return sparseHeader(await firstLineOf(form.file), `${form.file}:1`)[1];
  return (await matrixHeader(form.documents))?.[1];
}

/** `rows columns` of a sparse matrix; undefined for text and label lists, whose first line may look like a header. */
async function matrixHeader(file: string): Promise<number[] | undefined> {
  return /_X_(?:Xf|Y)\.txt$/.test(file) ? parseHeader(await firstLineOf(file), 2) : undefined;
}

function sparseHeader(line: string, place: string): number[] {
  const header = parseHeader(line, 3);
  if (header !== undefined) return header;
  throw new CorpusError(`${place}: expected the header "documents features labels", found ${quoteShort(line)}`);
}

function checkCount(file: string, expected: number, found: number): void {
  if (expected === found) return;
  throw new CorpusError(`${file}: the header says ${expected} documents, found ${found}; the file is not whole`);
}

/** Names by label number: one name a line, or JSON Lines with `title`. */
async function readNames(file: string | undefined): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  if (file === undefined) return names;
  for await (const { line, number } of singleLines(file, {})) {
    const title = line.startsWith("{") ? parseObject(line, `${file}:${number}`)["title"] : line.trim();
    if (typeof title === "string" && title !== "") names.set(String(number - 1), title);
  }
  return names;
}
