// Suggestions for one file, which of them it carries already, and the edit that would add those that are sure enough.
import path from "node:path";
import {
  bodyText,
  type DocumentTags,
  isProjectPage,
  planTagEdits,
  readTags,
  readTextFile,
  sidecarPathFor,
  type TagOptions,
} from "@tagwright/documents";
import { journalEntry } from "@tagwright/documents/journal";
import type { Model } from "@tagwright/model";
import type { PlannedFile } from "./apply-batch.ts";
import type { DocumentFile } from "./find-documents.ts";

interface SuggestedTag {
  readonly id: string;
  readonly name: string;
  readonly probability: number;
  /** Whether the document carries it already. */
  readonly present: boolean;
  /** Whether `--write` adds it. */
  readonly add: boolean;
}

export type DocumentResult =
  | {
      readonly kind: "suggested";
      readonly suggestions: readonly SuggestedTag[];
      readonly plan: PlannedFile | undefined;
      /** Why the tags cannot be written, where they cannot. */
      readonly refusal: string | undefined;
    }
  | { readonly kind: "skipped"; readonly reason: string };

export interface SuggestOptions {
  readonly top: number;
  readonly minProbability: number;
  readonly tagOptions: TagOptions;
}

export async function suggestForDocument(
  model: Model,
  { folder, relative, named }: DocumentFile,
  { top, minProbability, tagOptions }: SuggestOptions,
): Promise<DocumentResult> {
  const file = await readTextFile(path.join(folder, relative));
  if (file.kind !== "text") return { kind: "skipped", reason: file.reason };
  const source = { path: relative, text: file.text };
  const tags = readTags(source, tagOptions);
  const body = bodyText(source, tags);
  if (!/\S/.test(body)) return { kind: "skipped", reason: "it has no text" };

  const sidecarPath = sidecarPathFor(relative);
  const sidecarFile = await readTextFile(path.join(folder, sidecarPath));
  const sidecar = { path: sidecarPath, text: sidecarFile.kind === "text" ? sidecarFile.text : "" };
  const present = new Set(
    [...tags.tags, ...readTags(sidecar, tagOptions).tags].map((it) => it.normalize("NFC").toLowerCase()),
  );
  if (present.size === 0 && !named && isProjectPage(relative)) {
    return { kind: "skipped", reason: "it is about the folder, and has no tags; name it to tag it" };
  }
  const has = (tag: string) => present.has(tag.normalize("NFC").toLowerCase());
  const suggestions = (await model.suggest(body, top)).map(({ id, name, probability }) => {
    const known = has(id) || has(name);
    return { id, name, probability, present: known, add: !known && probability >= minProbability };
  });

  const add = suggestions.filter((it) => it.add).map((it) => it.name);
  if (add.length === 0) return { kind: "suggested", suggestions, plan: undefined, refusal: undefined };
  const inFile = planTagEdits(source, { add }, tagOptions);
  if (inFile.kind === "edits") {
    const plan = { entry: journalEntry(relative, file.text, inFile.edits, inFile.added), edits: inFile.edits };
    return { kind: "suggested", suggestions, plan, refusal: undefined };
  }
  if (holdsTags(relative, tags)) {
    return { kind: "suggested", suggestions, plan: undefined, refusal: inFile.reason };
  }
  const beside = planTagEdits(sidecar, { add }, tagOptions);
  if (beside.kind === "refused") return { kind: "suggested", suggestions, plan: undefined, refusal: beside.reason };
  const text = sidecarFile.kind === "text" ? sidecarFile.text : undefined;
  const plan = { entry: journalEntry(sidecarPath, text, beside.edits, beside.added), edits: beside.edits };
  return { kind: "suggested", suggestions, plan, refusal: undefined };
}

/** Whether a document has its tags in itself, or could: the others have a sidecar. */
function holdsTags(file: string, { regions }: DocumentTags): boolean {
  if (/\.(?:md|markdown|mdown|mkd|mdx|qmd|rmd)$/i.test(file)) return true;
  return regions.some((it) => it.format !== "inline-hash");
}
