// TOML front matter: finds tag arrays and strings by position, in top-level keys, tables ([taxonomies]) and inline tables.
// Invariant: TOML that does not parse is left alone; nothing here throws on hostile text.
import { type AST, ParseError, parseTOML } from "toml-eslint-parser";
import { endOfLine, lineBreakOf, nextLine } from "./lines.ts";
import { type Quote, writeTag } from "./quoting.ts";
import { type Block, type FormatReading, keySegments } from "./tag-format.ts";
import { type ListItem, refusedList, splitScalar, type TagList, tagsOf } from "./tag-list.ts";
import type { TextEdit } from "./tag-location.ts";

interface Entry {
  readonly path: string;
  readonly node: AST.TOMLKeyValue;
}

const maxDepth = 100;

/** The tag lists of the TOML in `block` under `keys`. */
export function readToml(block: Block, keys: readonly string[]): FormatReading {
  const parsed = parse(block.text.slice(block.start, block.end));
  if (typeof parsed === "string") {
    const region = { format: "toml", key: keys[0] ?? "tags", start: block.start, end: block.end } as const;
    return {
      lists: [refusedList(region, parsed, "toml")],
      text: () => undefined,
      repairs: () => [],
      create: () => ({ refusal: parsed }),
    };
  }
  const table = parsed.body[0];
  const entries = table.body.flatMap((it) => entriesOf(it, []));
  const lists = keys.flatMap((key) => {
    const path = keySegments(key).join(".");
    return entries.filter((it) => it.path === path).map(({ node }) => readValue(block, key, node.value));
  });
  return {
    lists: lists.sort((a, b) => a.region.start - b.region.start),
    text: (key) => {
      const value = entries.find((it) => it.path === key)?.node.value;
      return value?.type === "TOMLValue" && value.kind === "string" ? value.value.trim() : undefined;
    },
    repairs: () => [],
    create: (key, tags) => createKey(block, table, key, tags),
  };
}

function parse(source: string): AST.TOMLProgram | string {
  if (new RegExp(`(?:[[{]\\s*){${maxDepth}}`).test(source)) {
    return `The front matter is nested deeper than ${maxDepth} levels; simplify it first`;
  }
  try {
    return parseTOML(source, { tomlVersion: "1.0" });
  } catch (error) {
    if (error instanceof ParseError) {
      return `The front matter is not valid TOML (its line ${error.lineNumber}: ${error.message}); correct it first`;
    }
    if (!(error instanceof Error)) throw error;
    return `The front matter cannot be read as TOML (${error.message}); correct it first`;
  }
}

/** Every key with its dotted path in lower case; arrays of tables hold no tags of the document. */
function entriesOf(node: AST.TOMLKeyValue | AST.TOMLTable, parents: readonly string[]): Entry[] {
  const path = [...parents, ...node.key.keys.map((it) => (it.type === "TOMLBare" ? it.name : it.value).toLowerCase())];
  if (node.type === "TOMLTable") {
    return node.kind === "standard" ? node.body.flatMap((it) => entriesOf(it, path)) : [];
  }
  const own = { path: path.join("."), node };
  return node.value.type === "TOMLInlineTable" ? [own, ...node.value.body.flatMap((it) => entriesOf(it, path))] : [own];
}

function readValue(block: Block, key: string, value: AST.TOMLContentNode): TagList {
  const [start, end] = [block.start + value.range[0], block.start + value.range[1]];
  const region = { format: "toml", key, start, end } as const;
  if (value.type === "TOMLArray") {
    const items = value.elements.map((it) => readItem(block, it));
    const shape = { kind: "flow", open: start, close: end - 1 } as const;
    return { region: { ...region, tags: tagsOf(items) }, items, shape, dialect: "toml" };
  }
  if (value.type !== "TOMLValue" || value.kind !== "string") {
    return refusedList(region, "The value is neither a list nor a text; turn it into a list of tags first", "toml");
  }
  if (value.multiline) {
    const items = value.value
      .split(/[,\n]/)
      .map((it) => ({ text: it.trim(), start, end, quote: quoteOfString(value) }));
    return refusedList(region, "The value is a text of several lines; turn it into a list first", "toml", items);
  }
  const quote = quoteOfString(value);
  if (value.value.trim() === "") {
    const shape = { kind: "empty", replaceStart: start, replaceEnd: end } as const;
    return { region: { ...region, tags: [] }, items: [], shape, dialect: "toml" };
  }
  const { separator, items } = splitScalar(block.text, start + 1, end - 1, key, quote);
  const hasEscapes = block.text.slice(start + 1, end - 1) !== value.value;
  if (hasEscapes && separator !== "") {
    return refusedList(region, "The text holds escapes between its quotes; turn it into a list first", "toml", items);
  }
  const members = separator === "" ? [{ text: value.value.trim(), start, end, quote }] : items;
  const shape = { kind: "scalar", separator, quote, contentStart: start + 1, contentEnd: end - 1 } as const;
  return { region: { ...region, tags: tagsOf(members) }, items: members, shape, dialect: "toml" };
}

function readItem(block: Block, node: AST.TOMLContentNode): ListItem {
  const [start, end] = [block.start + node.range[0], block.start + node.range[1]];
  if (node.type === "TOMLValue") {
    if (node.kind === "string") return { text: node.value.trim(), start, end, quote: quoteOfString(node) };
    return { text: block.text.slice(start, end), start, end, quote: "" };
  }
  return { text: "", start, end, quote: "", fixed: "it is no text" };
}

function quoteOfString(node: AST.TOMLStringValue): Quote {
  return node.style === "literal" ? "'" : '"';
}

function createKey(
  block: Block,
  table: AST.TOMLTopLevelTable,
  key: string,
  tags: readonly string[],
): TextEdit | { refusal: string } {
  const { text } = block;
  const eol = lineBreakOf(text);
  const segments = key.split(".");
  const line = `${segments.at(-1)!} = [${tags.map((it) => writeTag(it, "toml", '"')).join(", ")}]`;
  const tables = table.body.filter((it) => it.type === "TOMLTable");
  if (segments.length > 1) {
    const path = keySegments(key).slice(0, -1).join(".");
    if (
      table.body
        .flatMap((it) => (it.type === "TOMLKeyValue" ? entriesOf(it, []) : []))
        .some((it) => it.path.startsWith(path))
    ) {
      return { refusal: `\`${path}\` is not written as a table; write \`${key}\` yourself` };
    }
    const parent = tables.find((it) => it.kind === "standard" && it.resolvedKey.join(".").toLowerCase() === path);
    if (parent === undefined) return appendLines(block, [`[${segments.slice(0, -1).join(".")}]`, line], eol);
    return after(text, block.start + (parent.body.at(-1) ?? parent.key).range[1], line, eol);
  }
  const [firstTable] = tables;
  if (firstTable === undefined) return appendLines(block, [line], eol);
  const lastKey = table.body.filter((it) => it.type === "TOMLKeyValue").at(-1);
  if (lastKey !== undefined) return after(text, block.start + lastKey.range[1], line, eol);
  return { start: block.start, end: block.start, newText: line + eol };
}

function after(text: string, offset: number, line: string, eol: string): TextEdit {
  const at = endOfLine(text, offset);
  return { start: at, end: at, newText: eol + line };
}

function appendLines({ text, start, end }: Block, lines: readonly string[], eol: string): TextEdit {
  const needsBreak = end > start && nextLine(text, end - 1) !== end;
  return { start: end, end, newText: (needsBreak ? eol : "") + lines.map((it) => it + eol).join("") };
}
