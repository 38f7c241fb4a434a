// Suggestions for every document of a folder, streamed as they come. Runs behind interactive requests: typing goes first.
import { isProjectPage } from "@tagwright/documents";
import type { CancellationToken } from "vscode-languageserver";
import type { Analyse, Analysis } from "../analysis.ts";
import { throwIfCancelled } from "../guard.ts";
import type { DocumentSuggestions, SuggestWorkspaceResult, WorkspaceProgress } from "../protocol.ts";
import { filePath } from "../uris.ts";
import { readText } from "../workspace/read-text.ts";
import { taggableFiles } from "../workspace/scan.ts";
import { tagPlace } from "../workspace/tag-place.ts";
import type { FeatureFolder } from "./context.ts";
import { toSuggestedTags } from "./new-tags.ts";

export interface BatchOptions {
  readonly root: string;
  /** The folder as it is now: other settings make it anew. */
  readonly folder: () => Promise<FeatureFolder>;
  readonly analyse: Analyse;
  readonly minProbability: number;
  /** Globs; undefined for those of the folder's own settings. */
  readonly exclude: readonly string[] | undefined;
  /** The text that an editor holds for a URI; it wins over the file. */
  readonly openText: (uri: string) => string | undefined;
  readonly report: (progress: WorkspaceProgress) => void;
  readonly token: CancellationToken;
}

/** Documents that the model is asked about at once: an encoder is quicker so, and a key stroke waits no 0.2 s for them. */
const documentsAtOnce = 8;
/** One message carries what came within this time. */
const reportEveryMs = 100;

/** @throws Cancelled; what was reported until then stands. */
export async function suggestWorkspace(options: BatchOptions): Promise<SuggestWorkspaceResult> {
  const { root, analyse, minProbability, exclude, openText, report, token } = options;
  const skipped: { uri: string; reason: string }[] = [];
  const uris = await taggableFiles(root, exclude);
  let batch: DocumentSuggestions[] = [];
  let done = 0;
  let reportedAt = Date.now();
  const flush = () => {
    report({ documents: batch, done, total: uris.length });
    batch = [];
    reportedAt = Date.now();
  };
  flush();
  for (let first = 0; first < uris.length; first += documentsAtOnce) {
    const asked: { uri: string; target: string; existing: readonly string[]; analysis: Analysis }[] = [];
    const some = uris.slice(first, first + documentsAtOnce);
    const folder = await options.folder();
    for (const uri of some) {
      throwIfCancelled(token);
      const text = await textOf(uri, openText);
      if (text.kind === "skipped") {
        skipped.push({ uri, reason: text.reason });
        continue;
      }
      const analysis = analyse(uri, text.text, folder.settings.tagOptions);
      const { target, existing } = await tagPlace(uri, analysis, openText);
      if (existing.length > 0 || !isProjectPage(analysis.source.path)) asked.push({ uri, target, existing, analysis });
    }
    const analyses = asked.map((it) => it.analysis);
    const found = await folder.suggestMany(analyses, token);
    for (const [i, { uri, target, existing }] of asked.entries()) {
      const suggestions = toSuggestedTags(found[i]!, existing)
        .filter((it) => it.probability >= minProbability)
        .slice(0, folder.settings.maxSuggestions);
      if (suggestions.length > 0) batch.push({ uri, target, suggestions });
    }
    done += some.length;
    if (Date.now() - reportedAt >= reportEveryMs) flush();
  }
  flush();
  return { state: (await options.folder()).model.state.kind, documents: uris.length, skipped };
}

async function textOf(uri: string, openText: BatchOptions["openText"]) {
  const open = openText(uri);
  return open === undefined ? readText(filePath(uri) ?? "") : ({ kind: "text", text: open } as const);
}
