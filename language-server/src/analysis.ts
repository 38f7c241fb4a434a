// What one version of a text says: its tags, and the words that a model reads. The last version of a document is kept,
// since several features ask about the same one at every key stroke.
import { createHash } from "node:crypto";
import { bodyText, type DocumentSource, type DocumentTags, readTags, type TagOptions } from "@tagwright/documents";
import { LruCache } from "./lru-cache.ts";
import { formatPath } from "./uris.ts";

export interface Analysis {
  readonly source: DocumentSource;
  readonly options: TagOptions;
  readonly tags: DocumentTags;
  /** What the model is asked about. */
  readonly body: string;
  /** SHA-256 of `body`: two documents with the same words get the same suggestions. */
  readonly bodyHash: string;
  /** Characters of the body that were left out because the document is too long; usually 0. */
  readonly unread: number;
}

/** Characters of a document that a model reads; a novel has fewer. */
const maxBodyLength = 4_000_000;

/** Characters of text and body that are kept, of two bytes at most. */
const maxKeptLength = 16_000_000;
/** A short document counts as so many: what was found in it takes room, too. */
const minKeptLength = 250_000;

export type Analyse = (uri: string, text: string, options: TagOptions) => Analysis;

export function createAnalyse(): Analyse {
  const cache = new LruCache<Analysis>(maxKeptLength, ({ source, body, unread }) =>
    Math.max(minKeptLength, source.text.length + body.length + unread),
  );
  return (uri, text, options) => {
    const source = { path: formatPath(uri), text };
    const key = `${uri} ${JSON.stringify(options)}`;
    const known = cache.get(key);
    if (known?.source.text === text) return known;
    const tags = readTags(source, options);
    const full = bodyText(source, tags);
    const body = full.slice(0, maxBodyLength);
    const analysis: Analysis = {
      source,
      options,
      tags,
      body,
      bodyHash: sha256(body),
      unread: full.length - body.length,
    };
    cache.set(key, analysis);
    return analysis;
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
