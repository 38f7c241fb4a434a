// The tags behind `tags: *name`. Invariant: an alias is followed one step and never expanded, so that no text can grow by it.
import { type Alias, type Document, isScalar, isSeq } from "yaml";
import { type ListItem, splitScalar } from "./tag-list.ts";
import { isEmpty } from "./yaml-nodes.ts";

/**
 * The members of the list or text that `alias`, the value of `key` at [start, end), stands for; each spans the whole alias.
 * None where it stands for anything else.
 */
export function aliasItems(
  document: Document,
  alias: Alias,
  key: string,
  [start, end]: readonly [number, number],
): ListItem[] {
  const source = alias.resolve(document);
  const nodes: readonly unknown[] = isSeq(source) ? source.items : isScalar(source) ? [source] : [];
  const items = nodes.flatMap((node): ListItem[] => {
    if (!isScalar(node) || isEmpty(node)) return [];
    const text = String(node.value).trim();
    const parts = isSeq(source) ? [text] : splitScalar(text, 0, text.length, key, "").items.map((it) => it.text);
    return parts.map((part) => ({ text: part, start, end, quote: "" }));
  });
  return nodes.every(isScalar) ? items : [];
}
