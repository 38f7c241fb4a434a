// "Add suggested tags": one minimal edit, offered only where there is something to add. On the tag list it is a quick
// fix; elsewhere it waits among the source actions and lights no bulb. What should be a list and is none can be made one
// on the spot, which needs no model.
import { type ListRepair, planListRepairs, planTagEdits, type TextEdit } from "@tagwright/documents";
import {
  type CancellationToken,
  type CodeAction,
  type CodeActionContext,
  CodeActionKind,
  type OptionalVersionedTextDocumentIdentifier,
  type Range,
  type WorkspaceEdit,
} from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { toTextEdits } from "../to-lsp.ts";
import { type DocumentContext, thresholdOf } from "./context.ts";
import { sureTags, toSuggestedTags } from "./new-tags.ts";

export const sourceKind = "source.addSuggestedTags";

export async function codeActions(
  context: DocumentContext,
  range: Range,
  { only }: CodeActionContext,
  token?: CancellationToken,
): Promise<CodeAction[]> {
  const { document, analysis } = context;
  const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  const touched = analysis.tags.regions.filter((it) => start <= it.end && end >= it.start);
  const kinds = [touched.length > 0 ? CodeActionKind.QuickFix : undefined, sourceKind].filter(
    (kind) => kind !== undefined && (only === undefined || only.some((it) => kind === it || kind.startsWith(`${it}.`))),
  ) as string[];
  if (kinds.length === 0) return [];
  const keys = new Set(kinds.includes(CodeActionKind.QuickFix) ? touched.map((it) => it.key) : []);
  return [...repairs(context, keys), ...(await additions(context, kinds, token))];
}

function repairs({ document, analysis }: DocumentContext, keys: ReadonlySet<string>): CodeAction[] {
  if (keys.size === 0) return [];
  return planListRepairs(analysis.source, analysis.options)
    .filter((it) => keys.has(it.key))
    .map((it) => ({ title: titleOf(it), kind: CodeActionKind.QuickFix, edit: editOf(document, it.edits) }));
}

function titleOf({ fault, key, tags }: ListRepair): string {
  const list = tags.join(", ");
  if (fault === "comment") return `Make the comment a list of tags: ${list}`;
  return fault === "duplicate" ? `Merge the keys "${key}" into one list: ${list}` : `Convert tags to a list: ${list}`;
}

async function additions(
  { document, analysis, folder }: DocumentContext,
  kinds: readonly string[],
  token: CancellationToken | undefined,
): Promise<CodeAction[]> {
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
  const edit = editOf(document, plan.edits);
  return kinds.map((kind) => ({
    title: `Add suggested tags: ${plan.added.join(", ")}`,
    kind,
    edit,
    isPreferred: true,
  }));
}

function editOf(document: TextDocument, edits: readonly TextEdit[]): WorkspaceEdit {
  const textDocument: OptionalVersionedTextDocumentIdentifier = { uri: document.uri, version: document.version };
  return { documentChanges: [{ textDocument, edits: toTextEdits(document, edits) }] };
}
