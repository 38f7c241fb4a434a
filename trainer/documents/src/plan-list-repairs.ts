// What a document has where a list of tags was meant, and the edits that put the list there.
import { readBlocks } from "./read-tags.ts";
import type { DocumentSource, ListRepair, TagOptions } from "./tag-location.ts";

/**
 * One repair for each key whose value YAML does not read as a list, or that stands there twice; the edits of each refer to
 * the text as it is. What could not be repaired without a loss is left out.
 */
export function planListRepairs(source: DocumentSource, options: TagOptions = {}): ListRepair[] {
  return [...(readBlocks(source, options).reading?.repairs() ?? [])];
}
