// Which files Tagwright looks into, and where the tags of each kind are kept, by path alone.

const markdown = [".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd"];
const otherText = [".txt", ".text", ".rst", ".adoc", ".asciidoc", ".org", ".tex", ".typ"];
const sidecarSuffix = ".tags.yaml";

/** How the names end of documents that are read and tagged, and of sidecars. */
export const taggableEndings: readonly string[] = [...markdown, ...otherText, sidecarSuffix];

/** Whether documents of this name are read and tagged: the Markdown family and plain text formats, no sidecars. */
export function isTaggable(path: string): boolean {
  return isMarkdown(path) || otherText.includes(extensionOf(path));
}

/** Whether new front matter may be started in this file. */
export function isMarkdown(path: string): boolean {
  return markdown.includes(extensionOf(path));
}

/** Whether `#words` of the body may be tags. */
export function mayHoldInlineTags(path: string): boolean {
  return isMarkdown(path) || [".txt", ".text"].includes(extensionOf(path));
}

/** Whether `path` names a sidecar, which holds the tags of another file. */
export function isSidecar(path: string): boolean {
  return path.toLowerCase().endsWith(sidecarSuffix);
}

/** The sidecar of a document: `notes/a.rst` has `notes/a.rst.tags.yaml`. */
export function sidecarPathFor(path: string): string {
  return path + sidecarSuffix;
}

/** The document of a sidecar, or undefined where `sidecarPath` is none. */
export function documentPathFor(sidecarPath: string): string | undefined {
  return isSidecar(sidecarPath) ? sidecarPath.slice(0, -sidecarSuffix.length) : undefined;
}

const projectPages =
  /^(?:readme|changelog|changes|contributing|code[-_]of[-_]conduct|security|licen[cs]e|copying|notice|authors)$/i;

/**
 * Whether `path` names a page about its folder (README, CHANGELOG, LICENSE and the like) rather than one of its
 * documents. Whoever goes through a folder leaves it alone unless it has tags already.
 */
export function isProjectPage(path: string): boolean {
  const name = nameOf(path);
  return projectPages.test(name.slice(0, name.length - extensionOf(path).length));
}

function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

function extensionOf(path: string): string {
  const name = nameOf(path);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot).toLowerCase();
}
