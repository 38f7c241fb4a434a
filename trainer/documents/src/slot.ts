// Where a caret stands inside a tag list, for ghost text and completion: what is typed there and how to write tags there.
// Invariant: purely lexical, because a list being typed is rarely valid; what is inserted has the quotes, separators, indentation and EOL of its list.
import { scanFrontMatter } from "./fence.ts";
import { bomLength, endOfLine } from "./lines.ts";
import type { Dialect } from "./quoting.ts";
import { normaliseTag } from "./quoting.ts";
import { defaultKeys, readTags } from "./read-tags.ts";
import { flowSlot, type SlotParts } from "./slot-flow.ts";
import { emptySlot, rowSlot, scalarSlot } from "./slot-lines.ts";
import { type Caret, jsonPlace, tomlPlace, type ValuePlace, yamlPlace } from "./slot-place.ts";
import { tagsOf } from "./tag-list.ts";
import type { DocumentSource, FormatId, TagOptions, TagRegion, TagSlot } from "./tag-location.ts";
import { isSidecar } from "./taggable.ts";

/**
 * The slot at the caret `offset` (UTF-16), or undefined where the caret is in no tag list. Works in front matter that is not
 * closed or not valid yet; the slot's region then holds the tags as far as they can be made out.
 */
export function tagSlotAt(source: DocumentSource, offset: number, options: TagOptions = {}): TagSlot | undefined {
  const found = caretIn(source, offset);
  if (found === undefined) return undefined;
  const { caret, format } = found;
  const keys = format === "sidecar" ? ["tags"] : (options.keys ?? defaultKeys);
  const place =
    format === "toml" ? tomlPlace(caret, keys) : format === "json" ? jsonPlace(caret, keys) : yamlPlace(caret, keys);
  if (place === undefined) return undefined;
  const parts = partsAt(caret, place, format);
  if (parts === undefined) return undefined;
  const { prefix, replaceStart, replaceEnd } = parts;
  const region = regionOf(source, options, format, place.key, parts);
  const insertText = (tags: readonly string[]) => {
    const written = tags.map(normaliseTag).filter((it) => it !== "");
    if (written.length === 0) return source.text.slice(replaceStart, replaceEnd);
    // A comment needs a blank before it.
    return parts.insertText(written) + (source.text[replaceEnd] === "#" ? " " : "");
  };
  return { region, prefix, replaceStart, replaceEnd, insertText };
}

function caretIn({ path, text }: DocumentSource, offset: number): { caret: Caret; format: FormatId } | undefined {
  if (isSidecar(path)) {
    const start = bomLength(text);
    return offset < start ? undefined : { caret: { text, offset, start, end: text.length }, format: "sidecar" };
  }
  const frontMatter = scanFrontMatter(text);
  // Between CR and LF no caret stands.
  if (frontMatter === undefined || (text[offset] === "\n" && text[offset - 1] === "\r")) return undefined;
  const { contentStart: start, contentEnd: end, closed, format } = frontMatter;
  const isInside = offset >= start && (closed ? offset < end : offset <= end);
  return isInside ? { caret: { text, offset, start, end }, format } : undefined;
}

function partsAt(caret: Caret, place: ValuePlace, format: FormatId): SlotParts | undefined {
  const { text, offset } = caret;
  const isYaml = format === "yaml" || format === "sidecar";
  const dialect: Dialect = format === "toml" ? "toml" : format === "json" ? "json" : "yaml-block";
  const keyLineEnd = endOfLine(text, place.valueStart);
  const valueAt = place.valueStart + /^[ \t]*/.exec(text.slice(place.valueStart, keyLineEnd))![0].length;
  if (text[valueAt] === "[") return flowSlot(caret, valueAt, place.limit, isYaml ? "yaml-flow" : dialect);
  if (offset > keyLineEnd) return isYaml ? rowSlot(caret, place) : undefined;
  const isEmpty = valueAt >= keyLineEnd || text[valueAt] === "#" || (format === "json" && text[valueAt] === "}");
  if (isEmpty) return emptySlot(caret, place, dialect);
  return format === "json" ? undefined : scalarSlot(caret, place, valueAt, dialect);
}

/** The region as a parser sees it, where one does; otherwise what the lexer found. */
function regionOf(
  source: DocumentSource,
  options: TagOptions,
  format: FormatId,
  key: string,
  parts: SlotParts,
): TagRegion {
  const { replaceStart, replaceEnd, start, end, items } = parts;
  const parsed = readTags(source, { ...options, inlineTags: false }).regions.find(
    (it) => it.key === key && it.refusal === undefined && it.start <= replaceStart && it.end >= replaceEnd,
  );
  return parsed ?? { format, key, start, end, tags: tagsOf(items) };
}
