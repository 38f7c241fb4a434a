// Which front matter keys hold tags in a site, from the configuration of its generator.
// Invariant: a configuration that cannot be read, or says nothing about tags, infers nothing.
import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import { parse as parseYaml } from "yaml";
import type { TagOptions } from "./tag-location.ts";

type Rule = readonly [name: RegExp, infer: (config: unknown) => TagOptions | undefined];

// Inline #tags mean nothing to site generators; in their pages they are colours and headings.
const pages = (...keys: string[]): TagOptions => ({ keys, inlineTags: false });

const rules: readonly Rule[] = [
  [/(?:^|\/)hugo\.(?:toml|ya?ml|json)$/, (config) => hugo(config) ?? pages("tags")],
  [/(?:^|\/)zola\.toml$/, zola],
  [/(?:^|\/)config\.(?:toml|ya?ml|json)$/, (config) => zola(config) ?? hugo(config)],
  [/(?:^|\/)mkdocs\.ya?ml$/, mkdocs],
  [/(?:^|\/)docusaurus\.config\.[cm]?[jt]s$/, () => pages("tags")],
  [/(?:^|\/)_quarto\.ya?ml$/, () => pages("categories", "keywords", "tags")],
  [/(?:^|\/)_config\.ya?ml$/, () => pages("tags", "tag")],
  [/(?:^|\/)\.obsidian\/app\.json$/, () => ({ keys: ["tags", "tag"], inlineTags: true })],
];

/**
 * Tag options of a folder, from the text of its configuration files by path (`/` or `\`). The first of Hugo, Zola, MkDocs,
 * Docusaurus, Quarto, Jekyll and Obsidian that is there counts, by its file highest up. No known file: no options.
 */
export function inferTagOptions(files: ReadonlyMap<string, string>): TagOptions {
  const paths = [...files.keys()].map((path) => ({ path, unix: path.replaceAll("\\", "/") }));
  paths.sort((a, b) => a.unix.split("/").length - b.unix.split("/").length);
  for (const [name, infer] of rules) {
    for (const { path, unix } of paths) {
      const options = name.test(unix) ? infer(parse(unix, files.get(path)!)) : undefined;
      if (options !== undefined) return options;
    }
  }
  return {};
}

function parse(path: string, text: string): unknown {
  try {
    if (path.endsWith(".toml")) return getStaticTOMLValue(parseTOML(text));
    return /\.(?:ya?ml|json)$/.test(path) ? parseYaml(text, { logLevel: "silent", uniqueKeys: false }) : undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** `[taxonomies] tag = "tags"`: the plural is the key. */
function hugo(config: unknown): TagOptions | undefined {
  const taxonomies = fieldOf(config, "taxonomies");
  if (typeof taxonomies !== "object" || taxonomies === null || Array.isArray(taxonomies)) return undefined;
  const key = tagKey(Object.values(taxonomies));
  return key === undefined ? undefined : pages(key);
}

/** `taxonomies = [{ name = "tags" }]`: pages have them in a table of that name. */
function zola(config: unknown): TagOptions | undefined {
  const taxonomies = fieldOf(config, "taxonomies");
  if (!Array.isArray(taxonomies)) return undefined;
  const key = tagKey(taxonomies.map((it) => fieldOf(it, "name")));
  return key === undefined ? undefined : pages(`taxonomies.${key}`);
}

/** Material for MkDocs: plugin `tags`, option `tags_name_property`. */
function mkdocs(config: unknown): TagOptions {
  const plugins = fieldOf(config, "plugins");
  const listed = Array.isArray(plugins) ? plugins : [plugins];
  const key = listed
    .map((it) => fieldOf(fieldOf(it, "tags"), "tags_name_property"))
    .find((it) => typeof it === "string");
  return pages(typeof key === "string" && key !== "" ? key : "tags");
}

/** The taxonomy that is for tags: `tags` where there is one, else the first that is not for something else. */
function tagKey(names: readonly unknown[]): string | undefined {
  const keys = names.filter((it): it is string => typeof it === "string" && it !== "");
  const others = /^(?:categor(?:y|ies)|authors?|contributors?|series|sections?|types?)$/i;
  return keys.find((it) => it.toLowerCase() === "tags") ?? keys.find((it) => !others.test(it));
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
