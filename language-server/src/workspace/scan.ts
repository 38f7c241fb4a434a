// A look at all documents of a folder: how many carry tags, and which. Serves the state without a model ("train on 64
// tagged documents") and completion before there is one.
import path from "node:path";
import { isTaggable, readTags, readTextFile, sidecarTags, type TagOptions, walk } from "@tagwright/documents";
import { fileUri } from "../uris.ts";

export interface Scan {
  readonly documents: number;
  readonly taggedDocuments: number;
  /** Tag to the number of documents that carry it, most frequent first. */
  readonly tags: ReadonlyMap<string, number>;
}

export interface ScanOptions {
  readonly tagOptions: TagOptions;
  /** As `walk` takes them: a training leaves out the same files. */
  readonly exclude?: readonly string[];
  /** Stops early: a count of "at least" is good enough to say what to do next. */
  readonly maxMilliseconds?: number;
}

export async function scan(
  root: string,
  { tagOptions, exclude, maxMilliseconds = 10_000 }: ScanOptions,
): Promise<Scan> {
  const end = Date.now() + maxMilliseconds;
  const counts = new Map<string, number>();
  let documents = 0;
  let taggedDocuments = 0;
  for await (const file of walk(root, exclude && { exclude })) {
    if (Date.now() > end) break;
    if (!isTaggable(file)) continue;
    const read = await readTextFile(path.join(root, file));
    if (read.kind !== "text") continue;
    documents++;
    const own = readTags({ path: file, text: read.text }, tagOptions).tags;
    const tags = new Set([...own, ...(await sidecarTags(root, file, tagOptions))]);
    if (tags.size > 0) taggedDocuments++;
    for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return { documents, taggedDocuments, tags: new Map([...counts].sort((a, b) => b[1] - a[1])) };
}

/** The URIs of the documents that can carry tags. */
export async function taggableFiles(root: string, exclude?: readonly string[]): Promise<string[]> {
  const uris: string[] = [];
  for await (const file of walk(root, exclude && { exclude })) {
    if (isTaggable(file)) uris.push(fileUri(path.join(root, file)));
  }
  return uris;
}
