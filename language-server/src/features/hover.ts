// Hover on a tag, suggested or written by hand: what it means, how likely the model finds it here, and the words of this
// document that spoke for and against it. Plain sentences, so that a screen reader reads them well.
import type { Explanation } from "@tagwright/model";
import type { CancellationToken, Hover, Position } from "vscode-languageserver";
import { confidence, escapeMarkdown, percent, toRange } from "../to-lsp.ts";
import type { DocumentContext } from "./context.ts";

/** A tag that a person gave may rank far below what a list shows. */
const deepCount = 100;
const maxTerms = 5;
/** Of a margin, where 1 is the distance between a clear yes and a clear no: less is not worth a sentence. */
const notable = 0.05;
const reading = { beginning: "its beginning", parts: "its beginning, its headings and its end" };

export async function hover(
  { document, analysis, folder }: DocumentContext,
  position: Position,
  token?: CancellationToken,
): Promise<Hover | null> {
  const offset = document.offsetAt(position);
  const tag = analysis.tags.regions.flatMap((it) => it.tags).find((it) => it.start <= offset && offset <= it.end);
  if (tag === undefined) return null;
  const ask = token && { token };
  const [concept, suggestions, explanation] = await Promise.all([
    folder.concept(tag.text, token),
    folder.suggest(analysis, ask, deepCount),
    folder.model.explain(analysis, tag.text, ask),
  ]);
  const names = [tag.text, concept?.tag, concept?.id].map((it) => it?.toLowerCase());
  const rank = suggestions.findIndex(
    (it) => names.includes(it.name.toLowerCase()) || names.includes(it.id.toLowerCase()),
  );
  const lines = [`**${escapeMarkdown(concept?.tag ?? tag.text)}**`];
  if (concept !== undefined) {
    if (concept.path.length > 0) lines.push(escapeMarkdown([...concept.path, concept.tag].join(" › ")));
    if (concept.definition !== undefined) lines.push(escapeMarkdown(concept.definition));
    if (concept.deprecated) lines.push("The taxonomy marks this concept as deprecated.");
  }
  // None at all: there is no model, or it is still being read and may well know the tag.
  if (suggestions.length > 0) {
    lines.push(verdict(rank, suggestions[rank]?.probability, suggestions.length, explanation));
    if (explanation !== undefined) lines.push(...evidence(explanation));
  }
  if (analysis.unread > 0) {
    lines.push(
      `The document is long: the model read all but its last ${analysis.unread.toLocaleString("en")} characters.`,
    );
  }
  if (lines.length === 1) return null;
  return { contents: { kind: "markdown", value: lines.join("\n\n") }, range: toRange(document, tag.start, tag.end) };
}

function verdict(
  rank: number,
  probability: number | undefined,
  count: number,
  explanation: Explanation | undefined,
): string {
  if (probability !== undefined) {
    const place = rank === 0 ? "first choice" : `choice ${rank + 1}`;
    return `${capitalise(confidence(probability))} for this document: ${percent(probability)}, the model's ${place}.`;
  }
  if (explanation === undefined)
    return "The model does not know this tag: it was not in the documents it learned from.";
  return `Unlikely for this document: not among the model's first ${count} choices.`;
}

function evidence({ terms, embedding, read }: Explanation): string[] {
  const list = (sign: number) => {
    const chosen = terms.filter((it) => Math.sign(it.value) === sign).slice(0, maxTerms);
    return chosen.map((it) => escapeMarkdown(`“${it.term}”`)).join(", ");
  };
  const speaksFor = list(1);
  const against = list(-1);
  return [
    speaksFor === "" ? "" : `Words that spoke for it: ${speaksFor}.`,
    against === "" ? "" : `Words that spoke against it: ${against}.`,
    Math.abs(embedding) < notable
      ? ""
      : `What the text is about as a whole spoke ${embedding > 0 ? "for" : "against"} it.`,
    read === undefined || read === "whole" ? "" : `The text is long: for that, the model read ${reading[read]}.`,
  ].filter((it) => it !== "");
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
