// Offsets of ours to positions of the protocol, and confidence to words.
import type { TextEdit as Edit } from "@tagwright/documents";
import type { Range, TextEdit } from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";

export function toRange(document: TextDocument, start: number, end: number): Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

export function toTextEdits(document: TextDocument, edits: readonly Edit[]): TextEdit[] {
  return edits.map((it) => ({ range: toRange(document, it.start, it.end), newText: it.newText }));
}

/** Confidence for people: words carry it, never colour or a number alone. */
export function confidence(probability: number): string {
  if (probability >= 0.8) return "very likely";
  if (probability >= 0.5) return "likely";
  return probability >= 0.2 ? "possible" : "unlikely";
}

export function percent(probability: number): string {
  if (probability > 0 && probability < 0.01) return "below 1 %";
  return `${Math.min(99, Math.round(probability * 100))} %`;
}

/** Text of others inside Markdown: shown as it is, never as a link, an image or HTML. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-!|<>&~$]/g, (it) => (it === "<" ? "&lt;" : it === "&" ? "&amp;" : `\\${it}`));
}
