// The gate that every document of every reader passes: tidy labels, no empty text, each id once.
import type { SparseRow } from "@tagwright/model/internals";
import type { CorpusDocument, CorpusReport } from "./corpus.ts";

export interface RawDocument {
  readonly id: string;
  readonly text: string;
  readonly labels: readonly string[];
  readonly features?: SparseRow;
}

/** A gate that remembers the ids it saw; counts what it refuses or changes in `report`. */
export function createGate(report: CorpusReport): (raw: RawDocument) => CorpusDocument | undefined {
  const seen = new Set<string>();
  return (raw) => {
    const { id, features } = raw;
    if (seen.has(id)) {
      report.duplicateIds++;
      report.firstDuplicateId ??= id;
      return undefined;
    }
    seen.add(id);
    if (features === undefined ? !/\S/.test(raw.text) : features.indices.length === 0) {
      report.emptyText++;
      return undefined;
    }
    const labels = tidyLabels(raw.labels, report);
    if (labels.length === 0) {
      report.noLabels++;
      return undefined;
    }
    report.documents++;
    const text = withoutNul(raw.text, report);
    return features === undefined ? { id, text, labels } : { id, text, labels, features };
  };
}

const plain = /^[^\s\p{Cc}\p{Cs}]+(?: [^\s\p{Cc}\p{Cs}]+)*$/u;

/**
 * Each label once, as one line of text: runs of white space and control characters become one space, because a label
 * is a line of `labels.txt` and a tag is written into one line of a document.
 */
function tidyLabels(labels: readonly string[], report: CorpusReport): readonly string[] {
  const kept = new Set<string>();
  for (const label of labels) {
    if (plain.test(label)) {
      kept.add(label);
      continue;
    }
    const tidy = tidyLabel(label);
    if (tidy === "") report.labelsEmpty++;
    else {
      report.labelsTidied++;
      kept.add(tidy);
    }
  }
  return [...kept];
}

/** `label` as one line: white space and control characters collapsed, half surrogate pairs replaced. */
function tidyLabel(label: string): string {
  return label
    .replace(/[\s\p{Cc}]+/gu, " ")
    .replace(/\p{Cs}/gu, "\ufffd")
    .trim();
}

function withoutNul(text: string, report: CorpusReport): string {
  if (!text.includes("\0")) return text;
  return text.replaceAll("\0", () => {
    report.nulCharacters++;
    return " ";
  });
}
