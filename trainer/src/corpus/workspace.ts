// A folder of documents with tags in them: each taggable file is a document, its tags are the labels.
import path from "node:path";
import {
  bodyText,
  isTaggable,
  readTags,
  readTextFile,
  sidecarTags,
  siteTagOptions,
  type TagOptions,
  walk,
} from "@tagwright/documents";
import { createGate } from "./admit.ts";
import { type Corpus, type CorpusDocument, newReport, resetReport } from "./corpus.ts";
import { CorpusError } from "./corpus-error.ts";

interface WorkspaceOptions {
  readonly tagOptions?: TagOptions;
  readonly exclude?: readonly string[];
}

/**
 * The taggable documents below `root`, read one file at a time. What `tagOptions` leave open about where tags are the site's
 * configuration says; without `exclude` the folder's settings of the editor say what to leave out.
 */
export async function openWorkspace(root: string, name: string, options: WorkspaceOptions = {}): Promise<Corpus> {
  const { exclude } = options;
  const tagOptions = { ...(await siteTagOptions(root)), ...options.tagOptions };
  const report = newReport();
  const position = { done: 0, total: 0, unit: "files" as const };

  async function* documents(signal?: AbortSignal): AsyncGenerator<CorpusDocument> {
    resetReport(report);
    position.done = 0;
    const admit = createGate(report);
    const taggable = await listDocuments(signal);
    position.total = taggable.length;
    for (const id of taggable) {
      signal?.throwIfAborted();
      position.done++;
      const file = await readTextFile(path.join(root, id));
      if (file.kind !== "text") {
        report[file.kind]++;
        continue;
      }
      const source = { path: id, text: file.text };
      const tags = readTags(source, tagOptions);
      const labels = [...tags.tags, ...(await sidecarTags(root, id, tagOptions))];
      const document = admit({ id, text: bodyText(source, tags), labels });
      if (document !== undefined) yield document;
    }
    if (report.documents === 0) throw noTaggedDocuments(root, taggable.length);
  }

  async function listDocuments(signal: AbortSignal | undefined): Promise<string[]> {
    const files: string[] = [];
    const onSymbolicLink = () => report.symbolicLinks++;
    const onUnreadable = () => report.unreadable++;
    for await (const file of walk(root, { ...(exclude && { exclude }), signal, onSymbolicLink, onUnreadable }))
      if (isTaggable(file)) files.push(file);
    return files;
  }

  return { name, path: root, report, position, documents, labelNames: async () => new Map() };
}

function noTaggedDocuments(root: string, numFiles: number): CorpusError {
  const some = numFiles === 1 ? "1 document, but not" : `${numFiles} documents, none`;
  const found = numFiles === 0 ? "no text documents at all" : `${some} with both text and tags`;
  return new CorpusError(
    `${root}: expected documents with tags, found ${found}; give some notes tags, for example "tags: [travel, paris]" ` +
      'between two "---" lines at their top',
  );
}
