// Positions of nodes of the yaml parser, and paths to them.
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Pair, type Scalar, type YAMLMap } from "yaml";
import { startOfLine } from "./lines.ts";
import type { Quote } from "./quoting.ts";
import type { Block } from "./tag-format.ts";
import type { FormatId } from "./tag-location.ts";

export type Place = { readonly pair: Pair; readonly map: YAMLMap; readonly isDuplicate: boolean };

/** A parsed block and what its nodes need to be turned into offsets of the whole text. */
export interface Context extends Block {
  readonly format: FormatId;
  /** Offset of the parsed text in the whole text. */
  readonly base: number;
  readonly inJson: boolean;
  readonly problem: string | undefined;
  /** Absent where the parser threw. */
  readonly document: Document | undefined;
}

/** Every pair under the path `segments`, case ignored; more than one means duplicate keys. */
export function findPairs(map: YAMLMap, segments: readonly string[]): Place[] {
  const [name, ...rest] = segments;
  const found = map.items.filter((it) => isScalar(it.key) && String(it.key.value).toLowerCase() === name);
  if (rest.length === 0) return found.map((pair) => ({ pair, map, isDuplicate: found.length > 1 }));
  return found.flatMap((pair) => {
    if (!isMap(pair.value)) return [];
    const inner = findPairs(pair.value, rest);
    return found.length > 1 ? inner.map((it) => ({ ...it, isDuplicate: true })) : inner;
  });
}

/** How far the items of other block lists in `map` are indented against their key. */
export function listIndent(map: YAMLMap): number {
  for (const { value } of map.items) {
    if (
      isSeq(value) &&
      value.flow !== true &&
      value.srcToken?.type === "block-seq" &&
      map.srcToken?.type === "block-map"
    ) {
      return Math.max(0, value.srcToken.indent - map.srcToken.indent);
    }
  }
  return 2;
}

export function styleOf(root: YAMLMap): "block" | "flow" | undefined {
  const list = root.items.map((it) => it.value).find((it) => isSeq(it) && it.items.length > 0);
  return isSeq(list) ? (list.flow === true ? "flow" : "block") : undefined;
}

/** Offset after the colon of `pair`, within the parsed text. */
export function colonOf(pair: Pair): number {
  const separators = pair.srcToken?.sep ?? [];
  const colon = separators.find((it) => it.type === "map-value-ind");
  return colon === undefined ? endOf(pair.key) : colon.offset + 1;
}

export function spanOf(
  node: { range?: readonly [number, number, number] | null | undefined },
  base: number,
): [number, number] {
  const range = node.range ?? [0, 0, 0];
  return [base + range[0], base + range[1]];
}

/** White space before a key that is the first thing on its line; undefined where it is not. */
export function ownIndent(context: Context, pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined;
  const at = context.base + pair.key.range![0];
  const before = context.text.slice(Math.max(startOfLine(context.text, at), context.base), at);
  return /^ *$/.test(before) ? before : undefined;
}

/** End of the last token of a node, without the comments and line breaks that the parser counts in. */
export function endOf(node: unknown): number {
  if (isPair(node)) return node.value === null ? endOf(node.key) : Math.max(endOf(node.value), endOf(node.key));
  if ((isMap(node) || isSeq(node)) && node.flow !== true) {
    const start = node.range?.[0] ?? 0;
    return node.items.reduce<number>((end, it) => Math.max(end, endOf(it)), start);
  }
  return isScalar(node) || isAlias(node) || isMap(node) || isSeq(node) ? (node.range?.[1] ?? 0) : 0;
}

export function isEmpty(node: Scalar): boolean {
  if (node.type !== "PLAIN" && node.type !== undefined) {
    return (node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE") && String(node.value).trim() === "";
  }
  return /^(?:~|null|Null|NULL|)$/.test(node.source ?? "");
}

export function quoteOfScalar(node: Scalar): Quote {
  return node.type === "QUOTE_DOUBLE" ? '"' : node.type === "QUOTE_SINGLE" ? "'" : "";
}
