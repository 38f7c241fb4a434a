// One interface over all formats: which block of a document holds tag lists, and what tags it has.
import { type FrontMatter, maxFrontMatterChars, scanFrontMatter } from "./fence.ts";
import { readInlineTags } from "./inline-hash.ts";
import { bomLength } from "./lines.ts";
import { tagIdentity } from "./quoting.ts";
import type { FormatReading } from "./tag-format.ts";
import type { DocumentSource, DocumentTags, TagOptions, TagRegion } from "./tag-location.ts";
import { isSidecar, mayHoldInlineTags } from "./taggable.ts";
import { readToml } from "./toml.ts";
import { readYaml } from "./yaml.ts";

/** The keys that hold tags unless a site says otherwise. */
export const defaultKeys: readonly string[] = ["tags", "tag", "taxonomies.tags", "keywords"];

/** Every tag of a document, where it stands. Never throws: what cannot be read has no tags, what cannot be edited says why. */
export function readTags(source: DocumentSource, options: TagOptions = {}): DocumentTags {
  return tagsIn(source, readBlocks(source, options), options);
}

/** The tags of a document whose blocks are read already. */
export function tagsIn(source: DocumentSource, blocks: DocumentBlocks, options: TagOptions): DocumentTags {
  const { reading, bodyStart } = blocks;
  const regions: TagRegion[] = reading === undefined ? [] : reading.lists.map((it) => it.region);
  const inline = bodyStart === undefined ? undefined : readInline(source, bodyStart, options);
  if (inline !== undefined) regions.push(inline);
  const seen = new Map<string, string>();
  // Normalising is dear: spellings first.
  for (const text of new Set(regions.flatMap((it) => it.tags.map((tag) => tag.text)))) {
    const identity = tagIdentity(text);
    if (!seen.has(identity)) seen.set(identity, text);
  }
  return { regions, tags: [...seen.values()] };
}

/** The block with editable lists, as far as the document has one. `bodyStart` is undefined where there is no body. */
interface DocumentBlocks {
  readonly frontMatter: FrontMatter | undefined;
  readonly reading: FormatReading | undefined;
  readonly bodyStart: number | undefined;
}

export function readBlocks({ path, text }: DocumentSource, options: TagOptions): DocumentBlocks {
  const keys = options.keys ?? defaultKeys;
  if (isSidecar(path)) {
    const tooLong = text.length > maxFrontMatterChars;
    const closer = text.search(/^\.\.\.[ \t]*\r?$/m);
    const block = { text, start: bomLength(text), end: closer < 0 ? text.length : closer };
    const reading = tooLong ? undefined : readYaml(block, ["tags"], "sidecar");
    return { frontMatter: undefined, reading, bodyStart: undefined };
  }
  const frontMatter = scanFrontMatter(text);
  if (frontMatter === undefined) return { frontMatter, reading: undefined, bodyStart: bomLength(text) };
  if (!frontMatter.closed) return { frontMatter, reading: undefined, bodyStart: frontMatter.end };
  const block = { text, start: frontMatter.contentStart, end: frontMatter.contentEnd };
  const { format } = frontMatter;
  return {
    frontMatter,
    reading: format === "toml" ? readToml(block, keys) : readYaml(block, keys, format),
    bodyStart: frontMatter.end,
  };
}

function readInline({ path, text }: DocumentSource, bodyStart: number, options: TagOptions): TagRegion | undefined {
  return (options.inlineTags ?? true) && mayHoldInlineTags(path) ? readInlineTags(text, bodyStart) : undefined;
}
