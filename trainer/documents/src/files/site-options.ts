// Where the documents of a folder keep their tags, as far as its site generator's configuration tells.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { inferTagOptions } from "../site-config.ts";
import type { TagOptions } from "../tag-location.ts";

const dataFormats = ["toml", "yaml", "yml", "json"];
const scriptFormats = ["js", "ts", "mjs", "cjs", "mts", "cts"];

/** The configuration files that a site has at its top. */
const configFiles = [
  ...["hugo", "config"].flatMap((name) => dataFormats.map((it) => `${name}.${it}`)),
  "zola.toml",
  ...["mkdocs", "_quarto", "_config"].flatMap((name) => [`${name}.yml`, `${name}.yaml`]),
  ...scriptFormats.map((it) => `docusaurus.config.${it}`),
  ".obsidian/app.json",
];

/** Tag options inferred from the configuration at the top of `root`; none where there is none. */
export async function siteTagOptions(root: string): Promise<TagOptions> {
  const found = await Promise.all(
    configFiles.map(
      async (name) => [name, await readFile(path.join(root, name), "utf8").catch(() => undefined)] as const,
    ),
  );
  return inferTagOptions(new Map(found.filter((it): it is readonly [string, string] => it[1] !== undefined)));
}
