// YAML front matter: finds tag lists by position. The parser only locates; edits are spliced into the text as it stands.
// Invariant: every scalar is a string (failsafe schema), aliases are followed one step at most, and nothing here throws on hostile text.

import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { endOfLine } from "./lines.ts";
import type { Dialect } from "./quoting.ts";
import { type Block, type FormatReading, keySegments } from "./tag-format.ts";
import { type ListItem, refusedList, splitScalar, type TagList, tagsOf } from "./tag-list.ts";
import type { FormatId, ListRepair } from "./tag-location.ts";
import { aliasItems } from "./yaml-alias.ts";
import { createKey } from "./yaml-create.ts";
import {
  type Context,
  colonOf,
  endOf,
  findPairs,
  isEmpty,
  listIndent,
  ownIndent,
  type Place,
  quoteOfScalar,
  spanOf,
} from "./yaml-nodes.ts";
import { repairLists } from "./yaml-repair.ts";

// Deeper nesting than any front matter has; the parser recurses.
const maxDepth = 100;

/** The tag lists of YAML (or, as `json`, of JSON, which YAML contains) in `block` under `keys`. */
export function readYaml(block: Block, keys: readonly string[], format: FormatId): FormatReading {
  const inJson = format === "json";
  const content = block.text.slice(block.start, block.end);
  // Hexo leaves the braces out.
  const isBare = inJson && !/^\s*\{/.test(content);
  const { root, problem, document } = parse(isBare ? `{${content}\n}` : content, format);
  const context: Context = { ...block, format, inJson, problem, document, base: block.start - (isBare ? 1 : 0) };
  if (root === undefined || (root !== null && !isMap(root))) {
    const reason = problem ?? `${nameOf(format)} is not a mapping of keys to values; write \`tags:\` there yourself`;
    return {
      lists: salvage(block, keys, format, reason),
      text: () => undefined,
      repairs: () => [],
      create: () => ({ refusal: reason }),
    };
  }
  const lists =
    root === null
      ? []
      : keys.flatMap((key) => findPairs(root, keySegments(key)).map((it) => readList(context, key, it)));
  return {
    lists:
      lists.length === 0
        ? salvage(block, keys, format, problem)
        : lists.sort((a, b) => a.region.start - b.region.start),
    text: (key) => (root === null ? undefined : textOf(root, key)),
    repairs: () => (root === null || problem !== undefined ? [] : keys.flatMap((it) => repairKey(context, root, it))),
    create: (key, tags) => createKey(context, root, key, tags),
  };
}

function repairKey(context: Context, root: YAMLMap, key: string): ListRepair[] {
  const places = findPairs(root, keySegments(key));
  const lists = places.map((it) => readValue(context, key, it));
  const repair = repairLists(context, places, lists);
  return repair === undefined ? [] : [repair];
}

/** In broken YAML the lines of a top-level key may still be sound: its tags can be read, not edited. */
function salvage(block: Block, keys: readonly string[], format: FormatId, problem: string | undefined): TagList[] {
  if (problem === undefined || format === "json") return [];
  const content = block.text.slice(block.start, block.end);
  for (const key of keys) {
    const lines = keyLinesOf(content, key);
    if (lines === undefined || lines.end - lines.start === content.length) continue;
    const part = { text: block.text, start: block.start + lines.start, end: block.start + lines.end };
    const { lists } = readYaml(part, [key], format);
    if (lists.length > 0)
      return lists.map(({ region, items, dialect }) => refusedList(region, problem, dialect, items));
  }
  return [];
}

/** The lines of a top-level key of YAML or TOML: up to the next line that is neither indented, blank, a comment nor a list item. */
export function keyLinesOf(content: string, key: string): { readonly start: number; readonly end: number } | undefined {
  const name = key.replace(/[^\w-]/g, "\\$&");
  const start = content.search(new RegExp(`^${name}[ \\t]*[:=]`, "im"));
  if (start < 0) return undefined;
  const length = content.slice(start + 1).search(/\n(?=[^\s#-])/);
  return { start, end: length < 0 ? content.length : start + 1 + length + 1 };
}

function textOf(root: YAMLMap, key: string): string | undefined {
  const value = findPairs(root, [key])[0]?.pair.value;
  return isScalar(value) && !isEmpty(value) ? String(value.value).trim() : undefined;
}

type Parsed = { readonly root?: unknown; readonly document?: Document; readonly problem: string | undefined };

function nameOf(format: FormatId): string {
  return format === "sidecar" ? "The sidecar" : "The front matter";
}

function parse(source: string, format: FormatId): Parsed {
  const name = nameOf(format);
  const language = format === "json" ? "JSON" : "YAML";
  if (isTooDeep(source)) return { problem: `${name} is nested deeper than ${maxDepth} levels; simplify it first` };
  try {
    const document = parseDocument(source, parserOptions);
    const [error] = document.errors;
    if (error === undefined) return { root: document.contents, document, problem: undefined };
    const unfolded = parseDocument(unfoldQuoted(source), parserOptions);
    if (unfolded.errors.length === 0) return { root: unfolded.contents, document: unfolded, problem: undefined };
    const line = source.slice(0, error.pos[0]).split("\n").length;
    const problem = `${name} is not valid ${language} (its line ${line}: ${error.message}); correct it first`;
    return { root: document.contents, document, problem };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { problem: `${name} cannot be read as ${language} (${error.message}); correct it first` };
  }
}

const parserOptions = {
  schema: "failsafe",
  keepSourceTokens: true,
  uniqueKeys: false,
  strict: false,
  logLevel: "error",
  prettyErrors: false,
} as const;

/**
 * Blanks for the line breaks in quoted values, so that offsets stay. Ruby and Python take such lines without indentation, as
 * many blogs have them; the specification and our parser do not.
 */
function unfoldQuoted(source: string): string {
  const quoted =
    /^([ \t]*(?:[^\s"'#:][^\r\n:]*:|-)[ \t]+)("(?:[^"\\]|\\[\s\S])*"|'(?:[^']|'')*')(?=[ \t]*(?:#.*)?\r?$)/gm;
  return source.replace(quoted, (_, key: string, value: string) => key + value.replace(/[\r\n]/g, " "));
}

/** Counts openers as a bound on the depth: brackets of flow collections and the dashes of `- - -` rows. */
function isTooDeep(source: string): boolean {
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const char = source.charCodeAt(at);
    if (char === 0x5b || char === 0x7b) depth++;
    else if ((char === 0x5d || char === 0x7d) && depth > 0) depth--;
    if (depth > maxDepth) return true;
  }
  return /(?:[-?:][ \t]+){50}/.test(source) || /^[ ]{200}[ ]*\S/m.test(source);
}

function readList(context: Context, key: string, place: Place): TagList {
  const list = readValue(context, key, place);
  const refusal = place.isDuplicate
    ? `The key \`${key}\` stands here more than once, and readers differ on which one counts; leave one of them`
    : context.problem;
  if (refusal === undefined || list.region.refusal !== undefined) return list;
  const { shape: _, ...rest } = list;
  return { ...rest, region: { ...list.region, refusal } };
}

function readValue(context: Context, key: string, { pair, map, isDuplicate }: Place): TagList {
  const { text, base, format } = context;
  const value = pair.value;
  const colonEnd = base + colonOf(pair);
  const dialect: Dialect = context.inJson ? "json" : map.flow === true ? "yaml-flow" : "yaml-block";
  if (isAlias(value)) {
    const [start, end] = spanOf(value, base);
    // Each costs a walk through the whole block.
    const document = isDuplicate ? undefined : context.document;
    return refusedList(
      { format, key, start, end },
      `The value is the alias *${value.source}; write its tags out as a list first`,
      dialect,
      document === undefined ? [] : aliasItems(document, value, key, [start, end]),
    );
  }
  if (isScalar(value)) {
    if (value.anchor === undefined && value.tag === undefined && isEmpty(value))
      return emptyList(context, key, { pair, map, colonEnd, dialect });
    return readScalar(context, key, value, dialect);
  }
  if (!isSeq(value)) {
    const [start, end] = isMap(value) ? spanOf(value, base) : [colonEnd, colonEnd];
    return refusedList(
      { format, key, start, end },
      "The value is a mapping, not a list; turn it into a list of tags first",
      dialect,
    );
  }
  const items = value.flow === true ? flowItems(context, value) : blockItems(context, value);
  const shape: TagList["shape"] =
    value.flow === true
      ? { kind: "flow", open: base + value.range![0], close: base + value.range![1] - 1 }
      : { kind: "block", colonEnd };
  const start = shape.kind === "flow" ? shape.open : colonEnd;
  const end = shape.kind === "flow" ? shape.close + 1 : endOfLine(text, base + endOf(value));
  const itemDialect = context.inJson ? "json" : value.flow === true ? "yaml-flow" : "yaml-block";
  const region = { format, key, start, end };
  const refusal = propertyRefusal(value) ?? (shape.kind === "flow" && text[shape.close] !== "]" ? unclosed : undefined);
  if (refusal !== undefined) return refusedList(region, refusal, itemDialect, items);
  return { region: { ...region, tags: tagsOf(items) }, items, shape, dialect: itemDialect };
}

const unclosed = "The list has no closing bracket; close it first";

function propertyRefusal(node: Scalar | YAMLSeq): string | undefined {
  if (node.anchor !== undefined) {
    return `The value is anchored as &${node.anchor}, so an edit here would change other places too; write those out first`;
  }
  return node.tag === undefined ? undefined : `The value has the type ${node.tag}; make it a plain list first`;
}

function flowItems(context: Context, list: YAMLSeq): ListItem[] {
  return list.items.map((node) => readItem(context, node));
}

function blockItems(context: Context, list: YAMLSeq): ListItem[] {
  const token = list.srcToken;
  const dashes =
    token?.type === "block-seq"
      ? token.items.flatMap((it) => it.start.filter((part) => part.type === "seq-item-ind").map((part) => part.offset))
      : [];
  return list.items.map((node, index) => {
    const dash = dashes[index];
    return dash === undefined ? readItem(context, node) : { ...readItem(context, node), dash: context.base + dash };
  });
}

function readItem(context: Context, node: unknown): ListItem {
  const { base } = context;
  if (isScalar(node)) {
    const [start, end] = spanOf(node, base);
    const text = isEmpty(node) ? "" : String(node.value).trim();
    const item = { text, start, end, quote: quoteOfScalar(node) };
    return propertyRefusal(node) === undefined ? item : { ...item, fixed: "it carries an anchor or a type" };
  }
  if (isPair(node)) {
    const start = isScalar(node.key) ? base + node.key.range![0] : base;
    return { text: "", start, end: base + endOf(node), quote: "", fixed: "it is a mapping" };
  }
  if (isAlias(node)) {
    const [start, end] = spanOf(node, base);
    return { text: "", start, end, quote: "", fixed: "it is an alias" };
  }
  if (isMap(node)) {
    // Docusaurus: {label: "B", permalink: "/b"}.
    const label = node.items.find((it) => isScalar(it.key) && it.key.value === "label")?.value;
    const text = isScalar(label) ? String(label.value).trim() : "";
    const start = base + node.range![0];
    return {
      text,
      start,
      end: Math.max(start, base + endOf(node)),
      quote: "",
      fixed: "it is an object with fields of its own",
    };
  }
  const start = isSeq(node) ? base + node.range![0] : base;
  return { text: "", start, end: Math.max(start, base + endOf(node)), quote: "", fixed: "it is a list of its own" };
}

function readScalar(context: Context, key: string, value: Scalar, dialect: Dialect): TagList {
  const { text, base, format } = context;
  const [start, end] = spanOf(value, base);
  const region = { format, key, start, end };
  const whole = (it: string): ListItem => ({ text: it.trim().replace(/\s+/g, " "), start, end, quote: "" });
  if (value.type === "BLOCK_LITERAL" || value.type === "BLOCK_FOLDED") {
    const parts = String(value.value).split(/[,\n]/).map(whole);
    return refusedList(region, "The value is a block of text (| or >); turn it into a list first", dialect, parts);
  }
  const quote = quoteOfScalar(value);
  const [contentStart, contentEnd] = quote === "" ? [start, end] : [start + 1, end - 1];
  const { separator, items } = splitScalar(text, contentStart, contentEnd, key, quote);
  const refusal = propertyRefusal(value);
  if (refusal !== undefined) return refusedList(region, refusal, dialect, items);
  const hasEscapes = quote !== "" && text.slice(contentStart, contentEnd) !== value.value;
  if (hasEscapes && separator !== "") {
    return refusedList(
      region,
      "The text holds escapes or line breaks between its quotes; turn it into a list first",
      dialect,
      items,
    );
  }
  const members = separator === "" ? [{ ...whole(String(value.value)), quote }] : items;
  const shape = { kind: "scalar", separator, quote, contentStart, contentEnd } as const;
  return { region: { ...region, tags: tagsOf(members) }, items: members, shape, dialect };
}

interface EmptyPlace {
  readonly pair: Pair;
  readonly map: YAMLMap;
  readonly colonEnd: number;
  readonly dialect: Dialect;
}

function emptyList(context: Context, key: string, { pair, map, colonEnd, dialect }: EmptyPlace): TagList {
  const { text, base, format } = context;
  const node = pair.value as Scalar;
  const isWritten = node.source !== undefined && node.source !== "" ? true : node.type !== "PLAIN";
  const [start, end] = isWritten ? spanOf(node, base) : [colonEnd, colonEnd];
  const lineEnd = endOfLine(text, colonEnd);
  const indent = ownIndent(context, pair);
  const canFollow = !isWritten && !context.inJson && map.flow !== true && indent !== undefined;
  const newLine = canFollow ? { at: lineEnd, indent: indent + " ".repeat(listIndent(map)) } : undefined;
  const shape = { kind: "empty", replaceStart: start, replaceEnd: end, ...(newLine && { newLine }) } as const;
  const region = { format, key, start, end: newLine === undefined ? end : lineEnd, tags: [] };
  return { region, items: [], shape, dialect };
}
