// Options of the commands that read documents: where their tags are. What they leave open the site's configuration says.
import type { TagOptions } from "@tagwright/documents";
import { InvalidArgumentError, Option } from "commander";

/** As commander gives them. */
export interface TagFlags {
  readonly tagKeys?: readonly string[];
  readonly inlineTags?: boolean;
}

export const tagOptions = {
  keys: new Option(
    "--tag-keys <keys>",
    "front matter keys that hold tags, comma-separated, first one preferred for writing (default: as the site's configuration says)",
  ).argParser(parseKeys),
  inline: new Option(
    "--inline-tags",
    "take #words in the text for tags (default: but in the pages of a site generator)",
  ),
  notInline: new Option("--no-inline-tags", "take #words in the text for text"),
} as const;

/** What was given of them. */
export function tagOptionsOf({ tagKeys: keys, inlineTags }: TagFlags): TagOptions {
  return { ...(keys !== undefined && { keys }), ...(inlineTags !== undefined && { inlineTags }) };
}

/** `tags,taxonomies.tags`. */
function parseKeys(text: string): string[] {
  const keys = text.split(",").map((it) => it.trim());
  if (keys.every((it) => it !== "")) return keys;
  throw new InvalidArgumentError("Expected front matter keys separated by commas, such as tags,categories.");
}
