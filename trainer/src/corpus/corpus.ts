// What every corpus reader gives: a stream of documents, and a count of what it left out and why.
// Invariant: `documents()` may be called again and then gives the same documents in the same order.
import type { SparseRow } from "@tagwright/model/internals";

export interface CorpusDocument {
  /** Unique in its corpus. A workspace document's id is its path below the folder, with forward slashes. */
  readonly id: string;
  /** Empty only where `features` stand in for it. */
  readonly text: string;
  /** At least one; each once; no tabs or line breaks. */
  readonly labels: readonly string[];
  /** Ready-made features of the Extreme Classification Repository's sparse form. */
  readonly features?: SparseRow;
}

/** How far the current reading is, in `unit`. */
interface CorpusPosition {
  done: number;
  total: number;
  readonly unit: "bytes" | "files";
}

/** Counts, filled while iterating and started afresh by each call of `documents()`. */
export interface CorpusReport {
  documents: number;
  emptyText: number;
  noLabels: number;
  duplicateIds: number;
  firstDuplicateId: string | undefined;
  /** Files only: a bad line in one big file is an error. */
  notUtf8: number;
  binary: number;
  tooLarge: number;
  symbolicLinks: number;
  unreadable: number;
  /** Labels whose tabs, line breaks or doubled spaces became one space. */
  labelsTidied: number;
  /** Labels of white space alone, which were dropped. */
  labelsEmpty: number;
  /** NUL characters in texts, read as spaces. */
  nulCharacters: number;
  /** Field name to the number of lines that carry it. */
  readonly unknownFields: Map<string, number>;
}

export interface Corpus {
  readonly name: string;
  /** The file or folder that is read. */
  readonly path: string;
  readonly report: CorpusReport;
  readonly position: CorpusPosition;
  /** Set where documents carry ready-made features: their dimension. */
  readonly numFeatures?: number;
  /**
   * All usable documents. @throws CorpusError at the first line that cannot be understood, and at the end where there
   * was no document at all; the signal's reason when aborted.
   */
  documents(signal?: AbortSignal): AsyncIterable<CorpusDocument>;
  /** Label id to display name, for the labels that have one. */
  labelNames(): Promise<ReadonlyMap<string, string>>;
}

export function newReport(): CorpusReport {
  return { ...zeroCounts(), unknownFields: new Map() };
}

/** Sets all counts of `report` back to zero, in place. */
export function resetReport(report: CorpusReport): void {
  Object.assign(report, zeroCounts());
  report.unknownFields.clear();
}

function zeroCounts() {
  return {
    documents: 0,
    emptyText: 0,
    noLabels: 0,
    duplicateIds: 0,
    firstDuplicateId: undefined as string | undefined,
    notUtf8: 0,
    binary: 0,
    tooLarge: 0,
    symbolicLinks: 0,
    unreadable: 0,
    labelsTidied: 0,
    labelsEmpty: 0,
    nulCharacters: 0,
  };
}

/** The report as sentences for a person, most important first; empty where nothing was left out. */
export function describeReport(report: CorpusReport): string[] {
  const lines: string[] = [];
  const say = (count: number, one: string, many: string) => {
    if (count > 0) lines.push(count === 1 ? `1 ${one}` : `${count.toLocaleString("en")} ${many}`);
  };
  say(report.noLabels, "document without labels was skipped", "documents without labels were skipped");
  say(report.emptyText, "document without text was skipped", "documents without text were skipped");
  if (report.duplicateIds > 0) {
    const example = `(first: ${JSON.stringify(report.firstDuplicateId)}); the first of each id was kept`;
    say(
      report.duplicateIds,
      `document with an id seen before was skipped ${example}`,
      `documents with an id seen before were skipped ${example}`,
    );
  }
  say(report.notUtf8, "file that is not UTF-8 was skipped", "files that are not UTF-8 were skipped");
  say(report.binary, "file with NUL bytes was skipped as binary", "files with NUL bytes were skipped as binary");
  say(report.tooLarge, "file over the size limit was skipped", "files over the size limit were skipped");
  say(report.unreadable, "file could not be read and was skipped", "files could not be read and were skipped");
  say(report.symbolicLinks, "symbolic link was not followed", "symbolic links were not followed");
  say(
    report.labelsTidied,
    "label lost tabs, line breaks or doubled spaces",
    "labels lost tabs, line breaks or doubled spaces",
  );
  say(report.labelsEmpty, "label of white space alone was dropped", "labels of white space alone were dropped");
  say(report.nulCharacters, "NUL character was read as a space", "NUL characters were read as spaces");
  if (report.unknownFields.size > 0) {
    const names = [...report.unknownFields.keys()].map((it) => JSON.stringify(it)).join(", ");
    lines.push(`fields other than "id", "text" and "labels" were ignored: ${names}`);
  }
  return lines;
}
