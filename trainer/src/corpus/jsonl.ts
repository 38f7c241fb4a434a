// JSON Lines: one object a line, `{"id", "text", "labels": [...]}`, plain or gzipped.
// A line that cannot be understood stops the reading; a document that cannot be learnt from is skipped and counted.
import { stat } from "node:fs/promises";
import { createGate, type RawDocument } from "./admit.ts";
import { type Corpus, type CorpusDocument, newReport, resetReport } from "./corpus.ts";
import { CorpusError, describeValue, quoteShort } from "./corpus-error.ts";
import { findLabelNames } from "./label-names.ts";
import { readLines } from "./lines.ts";

const example = '{"id": "a", "text": "Some text.", "labels": ["x", "y"]}';
const maxUnknownFields = 20;

/** @throws CorpusError where `path` does not exist. */
export async function openJsonLines(path: string, name: string): Promise<Corpus> {
  const report = newReport();
  const position = { done: 0, total: (await stat(path)).size, unit: "bytes" as const };

  async function* documents(signal?: AbortSignal): AsyncGenerator<CorpusDocument> {
    resetReport(report);
    position.done = 0;
    const admit = createGate(report);
    const onBytes = (count: number) => {
      position.done += count;
    };
    for await (const { firstLine, lines } of readLines(path, { signal, onBytes })) {
      for (let i = 0; i < lines.length; i++) {
        if (!/\S/.test(lines[i]!)) continue;
        const document = admit(parseDocument(lines[i]!, `${path}:${firstLine + i}`, report.unknownFields));
        if (document !== undefined) yield document;
      }
    }
    if (report.documents === 0) {
      throw new CorpusError(
        `${path}: no document has both text and labels (${report.noLabels} without labels, ${report.emptyText} without ` +
          `text); expected lines such as ${example}`,
      );
    }
  }

  return { name, path, report, position, documents, labelNames: () => findLabelNames(path) };
}

/** @throws CorpusError with `place` where the line is not a document. */
function parseDocument(line: string, place: string, unknownFields: Map<string, number>): RawDocument {
  const record = parseObject(line, place);
  for (const field in record) {
    if (field === "id" || field === "text" || field === "labels") continue;
    if (unknownFields.size < maxUnknownFields || unknownFields.has(field)) {
      unknownFields.set(field, (unknownFields.get(field) ?? 0) + 1);
    }
  }
  const { id, text, labels } = record;
  if (typeof text !== "string") throw wrongField(place, record, "text", "a string");
  if (!Array.isArray(labels)) throw wrongField(place, record, "labels", "a list of strings");
  for (let i = 0; i < labels.length; i++) {
    if (typeof labels[i] !== "string") labels[i] = numberAsText(labels[i]) ?? failLabel(place, labels[i], i);
  }
  const idText = typeof id === "string" ? id : numberAsText(id);
  if (idText === undefined) throw wrongField(place, record, "id", "a string");
  return { id: idText, text, labels };
}

/** The object that a line holds. @throws CorpusError */
export function parseObject(line: string, place: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/, ?"[\s\S]*$| in JSON[\s\S]*$/, "") : "";
    throw new CorpusError(`${place}: is not JSON (${reason}), found ${quoteShort(line)}; expected ${example}`, {
      cause: error,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CorpusError(`${place}: expected an object such as ${example}, found ${describeValue(value)}`);
  }
  return value as Record<string, unknown>;
}

/** A whole number is a fine id or label: many exports have them. */
function numberAsText(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

function wrongField(place: string, record: Record<string, unknown>, field: string, expected: string): CorpusError {
  const fields = Object.keys(record).slice(0, maxUnknownFields).join(", ");
  const found = field in record ? describeValue(record[field]) : `no such field (fields: ${quoteShort(fields, 100)})`;
  return new CorpusError(`${place}: "${field}" must be ${expected}, found ${found}; expected ${example}`);
}

function failLabel(place: string, value: unknown, index: number): never {
  throw new CorpusError(
    `${place}: label ${index + 1} of "labels" must be a string, found ${describeValue(value)}; expected ${example}`,
  );
}
