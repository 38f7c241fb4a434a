// The suggestions for one document as a list, for a picker or another program.
import type { CancellationToken } from "vscode-languageserver";
import type { SuggestResult } from "../protocol.ts";
import { type DocumentContext, thresholdOf } from "./context.ts";
import { toSuggestedTags } from "./new-tags.ts";

/** Waits for a model that is being loaded: the user asked for this. */
export async function documentSuggestions(
  { analysis, folder }: Omit<DocumentContext, "document">,
  token?: CancellationToken,
): Promise<SuggestResult> {
  const suggestions = await folder.suggest(analysis, { patient: true, ...(token && { token }) });
  return {
    state: folder.model.state.kind,
    suggestions: toSuggestedTags(suggestions, analysis.tags.tags),
    existing: analysis.tags.tags,
    threshold: thresholdOf(folder),
  };
}
