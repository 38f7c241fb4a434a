// JSON from a hostile file: one object, no key twice, bounded depth. JSON.parse alone keeps the last of two equal keys.
import { ModelFolderError } from "../errors.ts";

const maxDepth = 16;

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object in `bytes` (UTF-8). @throws ModelFolderError with `place` and `cure` where it is anything else. */
export function parseStrictObject(bytes: Uint8Array, place: string, cure: string): JsonObject {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new ModelFolderError({ place, expected: "a JSON object", found, cure }, { cause });
  }
  if (!isJsonObject(value)) {
    throw new ModelFolderError({ place, expected: "a JSON object", found: JSON.stringify(value).slice(0, 40), cure });
  }
  const numKeys = countKeys(value, 0);
  if (numKeys === undefined) {
    throw new ModelFolderError({ place, expected: `at most ${maxDepth} levels`, found: "deeper nesting", cure });
  }
  const numWritten = countWrittenKeys(text);
  if (numWritten !== numKeys) {
    throw new ModelFolderError({ place, expected: "each key once", found: `${numWritten - numKeys} repeated`, cure });
  }
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function countKeys(value: unknown, depth: number): number | undefined {
  if (typeof value !== "object" || value === null) return 0;
  if (depth >= maxDepth) return undefined;
  let total = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const child of Object.values(value)) {
    const count = countKeys(child, depth + 1);
    if (count === undefined) return undefined;
    total += count;
  }
  return total;
}

/** Keys in the text of a valid JSON value: strings before a colon. More of them than after parsing means one stood twice. */
function countWrittenKeys(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    at++;
    while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    at++;
    while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
    if (text[at] === ":") count++;
  }
  return count;
}
