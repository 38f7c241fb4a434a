// Plans the smallest text edits that make a document carry the asked tags, or says why that would not be safe.
// Invariant: add-only unless told to remove; a tag that is there (case and Unicode form ignored) is not added again.

import { mergeEdits } from "./edits.ts";
import { scanFrontMatter } from "./fence.ts";
import { bomLength, lineBreakOf } from "./lines.ts";
import { normaliseTag, tagIdentity, writeTag } from "./quoting.ts";
import { defaultKeys, readBlocks, tagsIn } from "./read-tags.ts";
import { fitTag, spliceList } from "./splice.ts";
import type { FormatReading } from "./tag-format.ts";
import type { TagList } from "./tag-list.ts";
import type { DocumentSource, EditPlan, TagChange, TagOptions, TextEdit } from "./tag-location.ts";
import { isMarkdown, isSidecar, sidecarPathFor } from "./taggable.ts";

/**
 * The edits that add and remove tags of one document. Tags that are there already or missing already need no edit, so planning
 * twice changes nothing. A tag both removed and added in another spelling is respelt. Where any part cannot be edited safely,
 * the whole plan is refused.
 */
export function planTagEdits(source: DocumentSource, change: TagChange, options: TagOptions = {}): EditPlan {
  const blocks = readBlocks(source, options);
  const { reading, frontMatter } = blocks;
  const present = tagsIn(source, blocks, options);
  const wanted = uniqueTags(change.add ?? []);
  const unwanted = (change.remove ?? []).filter((it) => !wanted.includes(normaliseTag(it))).map(tagIdentity);
  const remaining = new Set(present.tags.map(tagIdentity).filter((it) => !unwanted.includes(it)));
  const missing = wanted.filter((it) => !remaining.has(tagIdentity(it)));
  const doomed = present.regions.flatMap(({ tags, refusal, start, end, key }) =>
    tags
      .filter((it) => unwanted.includes(tagIdentity(it.text)))
      .map((it) => ({ ...it, refusal, region: { start, end, key } })),
  );
  if (missing.length === 0 && doomed.length === 0) return { kind: "edits", edits: [], added: [], removed: [] };
  const stuck = doomed.find((it) => it.refusal !== undefined);
  if (stuck !== undefined) {
    return {
      kind: "refused",
      reason: `${stuck.refusal} (to remove "${stuck.text}")`,
      start: stuck.start,
      end: stuck.end,
    };
  }
  if (frontMatter?.closed === false) {
    const reason = "The front matter at the top has no closing line; close it first";
    return { kind: "refused", reason, start: frontMatter.start, end: frontMatter.end };
  }
  if (reading === undefined) return startFrontMatter(source, missing, options);
  return planInBlock(source.text, reading, unwanted, missing, options, remaining);
}

function planInBlock(
  text: string,
  reading: FormatReading,
  unwanted: readonly string[],
  missing: readonly string[],
  options: TagOptions,
  remaining: ReadonlySet<string>,
): EditPlan {
  const target = missing.length === 0 ? undefined : preferredList(reading.lists, options);
  if (target?.region.refusal !== undefined) return refusedAt(target.region, target.region.refusal);
  const added = target === undefined ? [...missing] : fitAll(target, missing, remaining);
  const removed: string[] = [];
  const edits: TextEdit[] = [];
  for (const list of reading.lists) {
    const positions = list.items.flatMap((it, index) =>
      it.text !== "" && unwanted.includes(tagIdentity(it.text)) ? [index] : [],
    );
    const fixed = positions.map((it) => list.items[it]!).find((it) => it.fixed !== undefined);
    if (fixed !== undefined) return refusedAt(fixed, `"${fixed.text}" cannot be removed: ${fixed.fixed}`);
    removed.push(...positions.map((it) => list.items[it]!.text));
    if (positions.length > 0 || list === target)
      edits.push(...spliceList(text, list, positions, list === target ? added : []));
  }
  if (target === undefined && missing.length > 0) {
    const created = reading.create(keyToCreate(options), missing);
    if ("refusal" in created) return { kind: "refused", reason: created.refusal, start: 0, end: 0 };
    edits.push(created);
  }
  return { kind: "edits", edits: mergeEdits(edits), added, removed: uniqueTags(removed) };
}

/** The list to write to: the one whose key comes first in the options; one list a key, since duplicate keys are refused. */
function preferredList(lists: readonly TagList[], options: TagOptions): TagList | undefined {
  const keys = options.keys ?? defaultKeys;
  return [...lists].sort((a, b) => keys.indexOf(a.region.key) - keys.indexOf(b.region.key))[0];
}

function keyToCreate(options: TagOptions): string {
  return options.keys?.[0] ?? defaultKeys[0]!;
}

/** The missing tags as the list can hold them, without those that it then has already. */
function fitAll(list: TagList, missing: readonly string[], remaining: ReadonlySet<string>): string[] {
  return uniqueTags(missing.map((it) => fitTag(list, it))).filter((it) => !remaining.has(tagIdentity(it)));
}

function refusedAt({ start, end }: { readonly start: number; readonly end: number }, reason: string): EditPlan {
  return { kind: "refused", reason, start, end };
}

function startFrontMatter({ path, text }: DocumentSource, tags: readonly string[], options: TagOptions): EditPlan {
  if (isSidecar(path))
    return { kind: "refused", reason: "The sidecar is too long to be one; make it shorter", start: 0, end: 0 };
  if (!isMarkdown(path)) {
    const reason = `A file of this kind has no place for tags; they belong into its sidecar ${sidecarPathFor(path)}`;
    return { kind: "refused", reason, start: 0, end: 0 };
  }
  const at = bomLength(text);
  const late = at + /^\s*/.exec(text.slice(at, at + 4096))![0].length;
  if (late > at && scanFrontMatter(text.slice(late)) !== undefined) {
    const reason = "Front matter must start on line 1; remove the blank lines before it";
    return { kind: "refused", reason, start: at, end: late };
  }
  const eol = lineBreakOf(text);
  const segments = keyToCreate(options).split(".");
  const keys = segments.map((it, depth) => `${"  ".repeat(depth)}${it}:`);
  const rows = tags.map((it) => `${"  ".repeat(segments.length)}- ${writeTag(it, "yaml-block", "")}`);
  const needsBlank = text.length > at && !/^\r?\n/.test(text.slice(at, at + 2));
  const newText = ["---", ...keys, ...rows, "---", ...(needsBlank ? [""] : [])].map((it) => it + eol).join("");
  return { kind: "edits", edits: [{ start: at, end: at, newText }], added: [...tags], removed: [] };
}

/** Normalised, each once, empty ones left out. */
function uniqueTags(tags: readonly string[]): string[] {
  const unique = new Map<string, string>();
  for (const tag of tags.map(normaliseTag)) {
    const identity = tagIdentity(tag);
    if (tag !== "" && !unique.has(identity)) unique.set(identity, tag);
  }
  return [...unique.values()];
}
