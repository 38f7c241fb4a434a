// Which suggested tags a document does not have yet. Case does not make two tags of one.
import type { Suggestion } from "@tagwright/model";
import type { SuggestedTag } from "../protocol.ts";

export function toSuggestedTags(suggestions: readonly Suggestion[], existing: readonly string[]): SuggestedTag[] {
  const present = new Set(existing.map(fold));
  const tags: SuggestedTag[] = [];
  for (const { id, name, probability } of suggestions) {
    if (present.has(fold(name)) || present.has(fold(id))) continue;
    present.add(fold(name));
    tags.push({ tag: name, probability });
  }
  return tags;
}

/** Those sure enough to be added without looking at each: at or above the threshold, and at most `max`. */
export function sureTags(tags: readonly SuggestedTag[], threshold: number, max: number): string[] {
  return tags
    .filter((it) => it.probability >= threshold)
    .slice(0, max)
    .map((it) => it.tag);
}

function fold(tag: string): string {
  return tag.normalize("NFC").toLowerCase();
}
