// The ranked list at a tag list: what the model suggests first, then the whole vocabulary by what is typed.
import { tagSlotAt } from "@tagwright/documents";
import {
  type CancellationToken,
  type CompletionItem,
  CompletionItemKind,
  type CompletionList,
  CompletionTriggerKind,
  type Position,
} from "vscode-languageserver";
import type { VocabularyEntry } from "../model/worker-messages.ts";
import { confidence, escapeMarkdown, toRange } from "../to-lsp.ts";
import { type DocumentContext, thresholdOf } from "./context.ts";
import { sureTags, toSuggestedTags } from "./new-tags.ts";

export const emptyCompletion: CompletionList = { isIncomplete: false, items: [] };

/** Longer lists are not read; the list is asked for again with each letter. */
const maxItems = 100;

export async function completion(
  { document, analysis, folder }: DocumentContext,
  position: Position,
  token?: CancellationToken,
  triggerKind?: CompletionTriggerKind,
): Promise<CompletionList> {
  const offset = document.offsetAt(position);
  const slot = tagSlotAt(analysis.source, offset, analysis.options);
  if (slot === undefined || slot.region.refusal !== undefined) return emptyCompletion;
  const existing = analysis.tags.tags.filter((it) => it !== slot.prefix);
  const suggested = toSuggestedTags(await folder.suggest(analysis, token && { token }), existing);
  const threshold = thresholdOf(folder);
  // A list that pops up by itself would cover the ghost text that says the same in fewer words.
  const hasGhost = sureTags(suggested, threshold, 1).length > 0;
  if (triggerKind === CompletionTriggerKind.TriggerCharacter && hasGhost) return emptyCompletion;
  const suggestedNames = new Set(suggested.map((it) => it.tag.toLowerCase()));
  const present = new Set(existing.map((it) => it.toLowerCase()));
  const vocabulary = (await folder.vocabulary(slot.prefix, maxItems, token)).filter(
    (it) => !suggestedNames.has(it.tag.toLowerCase()) && !present.has(it.tag.toLowerCase()),
  );

  const range = toRange(document, slot.replaceStart, slot.replaceEnd);
  // The editor compares what it finds between the start of the range and the caret: an opening quote belongs to it.
  const lead = analysis.source.text.slice(slot.replaceStart, offset - slot.prefix.length);
  const item = (entry: VocabularyEntry, sortText: string): CompletionItem => ({
    label: entry.tag,
    sortText,
    filterText: `${lead}${[entry.tag, ...entry.altLabels].join(" ")}`,
    textEdit: { range, newText: slot.insertText([entry.tag]) },
    ...(entry.path.length > 0 && { labelDetails: { description: entry.path.join(" › ") } }),
  });
  const concepts = await Promise.all(suggested.map((it) => folder.concept(it.tag, token)));
  const items = suggested.map((it, rank): CompletionItem => {
    const entry = concepts[rank] ?? { altLabels: [], path: [] };
    return {
      ...item({ ...entry, tag: it.tag }, `0${String(rank).padStart(3, "0")}`),
      kind: CompletionItemKind.Event,
      detail: `Suggested: ${confidence(it.probability)}`,
      preselect: rank === 0 && it.probability >= threshold,
      data: { uri: document.uri, tag: it.tag },
    };
  });
  for (const [rank, entry] of vocabulary.entries()) {
    items.push({
      ...item(entry, `1${String(rank).padStart(4, "0")}`),
      kind: CompletionItemKind.Value,
      data: { uri: document.uri, tag: entry.tag },
    });
  }
  return { isIncomplete: true, items: items.slice(0, maxItems) };
}

/** What the list shows beside the selected item, read only when it is selected. */
export async function resolveCompletion(
  folder: DocumentContext["folder"],
  item: CompletionItem,
  token?: CancellationToken,
): Promise<CompletionItem> {
  const concept = await folder.concept(item.label, token);
  if (concept === undefined) return item;
  const lines = [
    concept.path.length > 0 ? escapeMarkdown([...concept.path, concept.tag].join(" › ")) : undefined,
    concept.definition === undefined ? undefined : escapeMarkdown(concept.definition),
    concept.altLabels.length > 0 ? `Also: ${escapeMarkdown(concept.altLabels.join(", "))}` : undefined,
  ].filter((it) => it !== undefined);
  return { ...item, documentation: { kind: "markdown", value: lines.join("\n\n") } };
}
