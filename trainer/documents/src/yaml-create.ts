// Starts a tag list in YAML or JSON front matter that has none: a new key at the end of its mapping, in the style of the other lists.
import { isMap, isScalar, type YAMLMap } from "yaml";
import { endOfLine, lineBreakOf } from "./lines.ts";
import { writeTag } from "./quoting.ts";
import { insertAfterLast } from "./splice-flow.ts";
import type { TextEdit } from "./tag-location.ts";
import { type Context, endOf, findPairs, listIndent, type Place, styleOf } from "./yaml-nodes.ts";

/** The edit that adds `key` with `tags` to the mapping `root` (null: nothing there yet), or why that is not safe. */
export function createKey(
  context: Context,
  root: unknown,
  key: string,
  tags: readonly string[],
): TextEdit | { refusal: string } {
  const { text, problem, end } = context;
  if (problem !== undefined) return { refusal: problem };
  const eol = lineBreakOf(text);
  const segments = key.split(".");
  if (isMap(root) && root.flow === true) return createInFlowMap(context, root, segments, tags, eol);
  if (context.inJson) return { refusal: "The JSON front matter is empty; write `{}` there first" };
  if (isMap(root) && root.items.some((it) => isScalar(it.key) && it.key.value === "<<")) {
    return {
      refusal: `The front matter merges another mapping (<<), which may hold \`${key}\` already; write the key yourself`,
    };
  }
  const parent =
    segments.length > 1 && isMap(root)
      ? findPairs(
          root,
          segments.slice(0, -1).map((it) => it.toLowerCase()),
        )[0]
      : undefined;
  if (parent !== undefined) return createInParent(context, parent, segments.at(-1)!, tags, eol);
  const rootIndent = isMap(root) && root.srcToken?.type === "block-map" ? root.srcToken.indent : 0;
  const step = isMap(root) ? listIndent(root) : 2;
  const lines = keyLines(segments, tags, rootIndent, step, isMap(root) ? styleOf(root) : undefined);
  const needsBreak = end > context.start && text[end - 1] !== "\n";
  return { start: end, end, newText: (needsBreak ? eol : "") + lines.map((it) => it + eol).join("") };
}

function createInParent(
  context: Context,
  parent: Place,
  name: string,
  tags: readonly string[],
  eol: string,
): TextEdit | { refusal: string } {
  const { text, base } = context;
  const map = parent.pair.value;
  if (!isMap(map) || map.flow === true || map.srcToken?.type !== "block-map" || map.anchor !== undefined) {
    return { refusal: `The parent of \`${name}\` is not a block of keys; write the key yourself` };
  }
  const at = endOfLine(text, base + endOf(map));
  const lines = keyLines([name], tags, map.srcToken.indent, listIndent(map), styleOf(map));
  return { start: at, end: at, newText: lines.map((it) => eol + it).join("") };
}

function keyLines(
  segments: readonly string[],
  tags: readonly string[],
  indent: number,
  step: number,
  style: "block" | "flow" | undefined,
): string[] {
  const keys = segments.map((it, depth) => `${" ".repeat(indent + 2 * depth)}${it}:`);
  if (style === "flow") {
    return [...keys.slice(0, -1), `${keys.at(-1)!} [${tags.map((it) => writeTag(it, "yaml-flow", "")).join(", ")}]`];
  }
  const itemIndent = " ".repeat(indent + 2 * (segments.length - 1) + step);
  return [...keys, ...tags.map((it) => `${itemIndent}- ${writeTag(it, "yaml-block", "")}`)];
}

function createInFlowMap(
  context: Context,
  root: YAMLMap,
  segments: readonly string[],
  tags: readonly string[],
  eol: string,
): TextEdit | { refusal: string } {
  const { text, base } = context;
  const name = segments.at(-1)!;
  if (segments.length > 1) return { refusal: `\`${segments.join(".")}\` is nested; write the key yourself` };
  const dialect = context.inJson ? "json" : "yaml-flow";
  const list = `[${tags.map((it) => writeTag(it, dialect, context.inJson ? '"' : "")).join(", ")}]`;
  const token = context.inJson ? `"${name}": ${list}` : `${name}: ${list}`;
  const spans = root.items.map((it) => ({
    start: base + (isScalar(it.key) ? it.key.range![0] : 0),
    end: base + endOf(it),
  }));
  // Nothing yet between Hexo's fences, which stand in for braces.
  if (spans.length === 0 && base < context.start) return { start: context.end, end: context.end, newText: token + eol };
  const [open, close] = [base + root.range![0], base + root.range![1] - 1];
  const edits = insertAfterLast(text, { open: Math.max(open, context.start - 1), close }, spans, [token], eol);
  return edits.length === 1
    ? edits[0]!
    : { refusal: "A comment stands at the end of the mapping; write the key yourself" };
}
