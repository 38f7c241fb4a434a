// "Add suggested tags": one minimal edit, offered only where there is something to add. On the tag list it is a quick
// fix; elsewhere it waits among the source actions and lights no bulb.
import { planTagEdits } from "@tagwright/documents";
import {
  type CancellationToken,
  type CodeAction,
  type CodeActionContext,
  CodeActionKind,
  type OptionalVersionedTextDocumentIdentifier,
  type Range,
} from "vscode-languageserver";
import { toTextEdits } from "../to-lsp.ts";
import { type DocumentContext, thresholdOf } from "./context.ts";
import { sureTags, toSuggestedTags } from "./new-tags.ts";

export const sourceKind = "source.addSuggestedTags";

export async function codeActions(
  { document, analysis, folder }: DocumentContext,
  range: Range,
  { only }: CodeActionContext,
  token?: CancellationToken,
): Promise<CodeAction[]> {
  const atTags = touchesTags(document.offsetAt(range.start), document.offsetAt(range.end), analysis.tags.regions);
  const kinds = [atTags ? CodeActionKind.QuickFix : undefined, sourceKind].filter(
    (kind) => kind !== undefined && (only === undefined || only.some((it) => kind === it || kind.startsWith(`${it}.`))),
  ) as string[];
  if (kinds.length === 0) return [];
  const suggestions = await folder.suggest(analysis, { document: document.uri, ...(token && { token }) });
  const fresh = toSuggestedTags(suggestions, analysis.tags.tags);
  const tags = sureTags(fresh, thresholdOf(folder), folder.settings.maxSuggestions);
  if (tags.length === 0) return [];
  const plan = planTagEdits(analysis.source, { add: tags }, analysis.options);
  if (plan.kind === "refused") {
    const disabled = { reason: plan.reason };
    return kinds.map((kind) => ({ title: "Add suggested tags", kind, disabled }));
  }
  if (plan.edits.length === 0) return [];
  const textDocument: OptionalVersionedTextDocumentIdentifier = { uri: document.uri, version: document.version };
  const edit = { documentChanges: [{ textDocument, edits: toTextEdits(document, plan.edits) }] };
  return kinds.map((kind) => ({
    title: `Add suggested tags: ${plan.added.join(", ")}`,
    kind,
    edit,
    isPreferred: true,
  }));
}

function touchesTags(
  start: number,
  end: number,
  regions: readonly { readonly start: number; readonly end: number }[],
): boolean {
  return regions.some((it) => start <= it.end && end >= it.start);
}
