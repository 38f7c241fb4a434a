// Makes a list of what stands in YAML where one was meant: words in a comment, an alias, a block of text, a key that is there twice.
// Invariant: the tags that are read stay the same (those of a comment join them); where a comment or a value could get lost, nothing is offered.
import { isAlias, isScalar } from "yaml";
import { mergeEdits } from "./edits.ts";
import { endOfLine, lineBreakOf, nextLine, startOfLine } from "./lines.ts";
import { normaliseTag, tagIdentity, writeTag } from "./quoting.ts";
import { fitTag, spliceList } from "./splice.ts";
import type { TagList } from "./tag-list.ts";
import type { ListRepair, TextEdit } from "./tag-location.ts";
import { type Context, colonOf, endOf, listIndent, ownIndent, type Place } from "./yaml-nodes.ts";

type Repair = Pick<ListRepair, "fault" | "tags" | "edits">;

/** The repair of the lists under one key, which stand at `places`; undefined where none is needed or none is safe. */
export function repairLists(
  context: Context,
  places: readonly Place[],
  lists: readonly TagList[],
): ListRepair | undefined {
  const [place, list] = [places[0], lists[0]];
  if (place === undefined || list === undefined || context.inJson) return undefined;
  const repair = places.length > 1 ? mergeKeys(context, places, lists) : repairValue(context, place, list);
  return repair && { ...repair, key: list.region.key };
}

function repairValue(context: Context, place: Place, list: TagList): Repair | undefined {
  const { value } = place.pair;
  if (list.shape?.kind === "empty") return listComment(context.text, list);
  if (isAlias(value)) return listAlias(list);
  const isText = isScalar(value) && (value.type === "BLOCK_LITERAL" || value.type === "BLOCK_FOLDED");
  return isText && value.anchor === undefined && value.tag === undefined ? listText(context, place, list) : undefined;
}

/** `tags: #a #b`, which YAML reads as nothing. */
function listComment(text: string, { shape, region }: TagList): Repair | undefined {
  if (shape?.kind !== "empty" || shape.newLine === undefined) return undefined;
  const comment = text.slice(region.start, region.end);
  if (!/^[ \t]+#[^\s#,]+(?:[ \t,]+#[^\s#,]+)*[ \t,]*$/.test(comment)) return undefined;
  const tags = [...comment.matchAll(/#([^\s#,]+)/g)].map((it) => normaliseTag(it[1]!));
  const start = region.start + comment.indexOf("#");
  return { fault: "comment", tags, edits: [{ start, end: region.end, newText: flowOf(tags) }] };
}

function listAlias({ items, region, dialect }: TagList): Repair | undefined {
  if (items.length === 0 || (dialect !== "yaml-block" && dialect !== "yaml-flow")) return undefined;
  const tags = items.map((it) => normaliseTag(it.text));
  return { fault: "alias", tags, edits: [{ start: region.start, end: region.end, newText: flowOf(tags) }] };
}

function flowOf(tags: readonly string[]): string {
  return `[${tags.map((it) => writeTag(it, "yaml-flow", "")).join(", ")}]`;
}

/** A block of text becomes rows in its place; a comment behind its `|` stays. */
function listText(context: Context, { pair, map }: Place, { region }: TagList): Repair | undefined {
  const { text } = context;
  const indent = ownIndent(context, pair);
  const tags = region.tags.map((it) => normaliseTag(it.text)).filter((it) => it !== "");
  if (indent === undefined || tags.length === 0) return undefined;
  const header = text.slice(region.start, endOfLine(text, region.start));
  const hash = header.search(/[ \t]#/);
  const comment = hash < 0 ? "" : header.slice(header.slice(0, hash).trimEnd().length);
  const start = context.base + colonOf(pair);
  const end = region.start + text.slice(region.start, region.end).trimEnd().length;
  const lead = `${lineBreakOf(text)}${indent}${" ".repeat(listIndent(map))}- `;
  const newText = comment + tags.map((it) => lead + writeTag(it, "yaml-block", "")).join("");
  return { fault: "text", tags, edits: [{ start, end, newText }] };
}

/** The tags of all go to the first key that has some, in its style; the lines of the other keys go. */
function mergeKeys(context: Context, places: readonly Place[], lists: readonly TagList[]): Repair | undefined {
  const { map } = places[0]!;
  const isPlain = lists.every((it) => it.shape !== undefined && it.items.every((item) => item.fixed === undefined));
  if (!isPlain || map.flow === true || places.some((it) => it.map !== map)) return undefined;
  const keptAt = Math.max(
    0,
    lists.findIndex((it) => it.region.tags.length > 0),
  );
  const kept = lists[keptAt]!;
  const all = lists.flatMap((it) => it.region.tags.map((tag) => normaliseTag(tag.text)));
  const first = new Map<string, string>();
  for (const it of all) if (!first.has(tagIdentity(it))) first.set(tagIdentity(it), it);
  const tags = [...first.values()];
  const present = new Set(kept.region.tags.map((it) => tagIdentity(it.text)));
  const missing = tags.filter((it) => !present.has(tagIdentity(it)));
  if (missing.some((it) => fitTag(kept, it) !== it)) return undefined;
  const removals = places.flatMap((it, index) => (index === keptAt ? [] : [removeKey(context, it, lists[index]!)]));
  const safe = removals.filter((it) => it !== undefined);
  if (safe.length < removals.length) return undefined;
  return { fault: "duplicate", tags, edits: mergeEdits([...spliceList(context.text, kept, [], missing), ...safe]) };
}

/** Takes the lines of a key out; undefined where something else stands there too, or a comment may. */
function removeKey(context: Context, { pair }: Place, { items }: TagList): TextEdit | undefined {
  const { text, base } = context;
  if (ownIndent(context, pair) === undefined) return undefined;
  const last = base + Math.max(colonOf(pair), endOf(pair));
  const start = startOfLine(text, base + colonOf(pair));
  const end = nextLine(text, last);
  const gaps = items.map((it, index) => text.slice(index === 0 ? start : items[index - 1]!.end, it.start));
  const rest = text.slice(items.at(-1)?.end ?? start, end);
  const isAlone = text.slice(last, end).trim() === "" && ![...gaps, rest].some((it) => it.includes("#"));
  return isAlone ? { start, end, newText: "" } : undefined;
}
