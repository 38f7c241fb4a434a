// What a model reads of a document: its title and its body, without front matter and without the tags in the text. A
// model that learned from the answer in the text would know nothing else.
import { type FrontMatter, scanFrontMatter } from "./fence.ts";
import { bomLength } from "./lines.ts";
import type { DocumentSource, DocumentTags, Tag } from "./tag-location.ts";
import { isSidecar } from "./taggable.ts";
import { readToml } from "./toml.ts";
import { keyLinesOf, readYaml } from "./yaml.ts";

/**
 * Title, blank line and body of a document, inline `#tags` cut out; BOM gone, line breaks LF. A sidecar has no text of
 * its own. The same for training and for every kind of use, or a model is asked about texts unlike those it learned from.
 *
 * @param tags what `readTags` found in this very text.
 */
export function bodyText(source: DocumentSource, { regions }: Pick<DocumentTags, "regions">): string {
  if (isSidecar(source.path)) return "";
  const inline = regions.filter((it) => it.format === "inline-hash").flatMap((it) => it.tags);
  const text = without(source.text, inline);
  const frontMatter = scanFrontMatter(text);
  if (frontMatter === undefined) return unixLines(text.slice(bomLength(text)));
  const body = unixLines(text.slice(frontMatter.closed ? frontMatter.end : frontMatter.start));
  const title = frontMatter.closed ? titleOf(text, frontMatter) : undefined;
  return title === undefined ? body : `${title}\n\n${body.replace(/^\n+/, "")}`;
}

/** The value of the `title` key. Only the lines of that key are parsed, so an error elsewhere does no harm. */
function titleOf(text: string, { format, contentStart, contentEnd }: FrontMatter): string | undefined {
  const content = text.slice(contentStart, contentEnd);
  const lines = format === "json" ? { start: 0, end: content.length } : keyLinesOf(content, "title");
  if (lines === undefined) return undefined;
  const block = { text: content, ...lines };
  const reading = format === "toml" ? readToml(block, []) : readYaml(block, [], format);
  // An unquoted colon in a title is no YAML, yet everybody writes it.
  return reading.text("title") || /^title[ \t]*[:=][ \t]*(\S.*)/im.exec(content)?.[1]?.trim();
}

/** `spans` ascending. */
function without(text: string, spans: readonly Tag[]): string {
  let kept = "";
  let done = 0;
  for (const { start, end } of spans) {
    kept += text.slice(done, start);
    done = end;
  }
  return kept + text.slice(done);
}

function unixLines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}
