// Ghost text at the tag list: the tags that the model is sure of, written as this very list writes its tags. Nothing is
// ever shown outside a tag list.
import { tagSlotAt } from "@tagwright/documents";
import type { CancellationToken, InlineCompletionItem, Position } from "vscode-languageserver";
import { toRange } from "../to-lsp.ts";
import { type DocumentContext, thresholdOf } from "./context.ts";
import { sureTags, toSuggestedTags } from "./new-tags.ts";

/** All sure tags as one item, then the best alone: one key takes the set, the next alternative only the first tag. */
export async function inlineCompletion(
  { document, analysis, folder }: DocumentContext,
  position: Position,
  token?: CancellationToken,
): Promise<InlineCompletionItem[]> {
  const slot = tagSlotAt(analysis.source, document.offsetAt(position), analysis.options);
  if (slot === undefined || slot.region.refusal !== undefined) return [];
  const suggestions = await folder.suggest(analysis, { document: document.uri, ...(token && { token }) });
  const fresh = toSuggestedTags(suggestions, withoutPrefix(analysis.tags.tags, slot.prefix));
  const prefix = slot.prefix.toLowerCase();
  const sure = sureTags(fresh, thresholdOf(folder), folder.settings.maxSuggestions);
  // With letters typed, the set starts with what they mean, even where the model is less sure of it.
  const tags =
    prefix === ""
      ? sure
      : startingWith(
          prefix,
          fresh.map((it) => it.tag),
          sure,
        );
  const [first] = tags;
  if (first === undefined) return [];
  const range = toRange(document, slot.replaceStart, slot.replaceEnd);
  const texts = new Set([slot.insertText(tags), slot.insertText([first])]);
  return [...texts].map((insertText) => ({ insertText, range }));
}

/** The half-typed word is no tag yet. */
function withoutPrefix(tags: readonly string[], prefix: string): readonly string[] {
  return prefix === "" ? tags : tags.filter((it) => it !== prefix);
}

function startingWith(prefix: string, all: readonly string[], sure: readonly string[]): string[] {
  const meant =
    sure.find((it) => it.toLowerCase().startsWith(prefix)) ?? all.find((it) => it.toLowerCase().startsWith(prefix));
  return meant === undefined ? [] : [meant, ...sure.filter((it) => it !== meant)];
}
