// The suggestions for one document as a list, for a picker or another program.
import type { CancellationToken } from "vscode-languageserver";
import type { Analysis } from "../analysis.ts";
import type { SuggestResult } from "../protocol.ts";
import { tagPlace } from "../workspace/tag-place.ts";
import { type FeatureFolder, thresholdOf } from "./context.ts";
import { toSuggestedTags } from "./new-tags.ts";

export interface DocumentQuestion {
  readonly uri: string;
  readonly analysis: Analysis;
  readonly folder: FeatureFolder;
  /** The text that an editor holds for a URI; it wins over the file. */
  readonly openText: (uri: string) => string | undefined;
}

/** Waits for a model that is being loaded: the user asked for this. */
export async function documentSuggestions(
  { uri, analysis, folder, openText }: DocumentQuestion,
  token?: CancellationToken,
): Promise<SuggestResult> {
  const suggestions = await folder.suggest(analysis, { patient: true, ...(token && { token }) });
  const { target, existing } = await tagPlace(uri, analysis, openText);
  return {
    state: folder.model.state.kind,
    suggestions: toSuggestedTags(suggestions, existing),
    existing,
    target,
    threshold: thresholdOf(folder),
  };
}
