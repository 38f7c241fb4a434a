import { expect, test } from "vitest";
import { inferTagOptions } from "./site-config.ts";

const infer = (...files: [string, string][]) => inferTagOptions(new Map(files));

test.each([
  [
    "Hugo with its own taxonomies",
    "site/hugo.toml",
    '[taxonomies]\ncategory = "categories"\ntopic = "topics"\n',
    ["topics"],
  ],
  ["Hugo with tags among others", "hugo.yaml", "taxonomies:\n  series: series\n  tag: tags\n", ["tags"]],
  ["Hugo without taxonomies", "hugo.json", '{"title": "x"}', ["tags"]],
  ["Hugo's old file name", "config.toml", '[taxonomies]\ntag = "tags"\n', ["tags"]],
  ["Zola", "config.toml", 'taxonomies = [{ name = "categories" }, { name = "tags" }]\n', ["taxonomies.tags"]],
  ["MkDocs", "mkdocs.yml", "plugins:\n  - search\n  - tags\nx: !!python/name:a.b\n", ["tags"]],
  ["MkDocs with its own key", "mkdocs.yml", "plugins:\n  - tags:\n      tags_name_property: topics\n", ["topics"]],
  ["Docusaurus", "docs\\docusaurus.config.ts", "export default {}", ["tags"]],
  ["Quarto", "_quarto.yml", "project: {type: website}", ["categories", "keywords", "tags"]],
  ["Jekyll", "_config.yml", "title: x", ["tags", "tag"]],
])("%s tells the keys", (_, path, text, keys) => {
  expect(infer([path, text])).toEqual({ keys, inlineTags: false });
});

test("an Obsidian vault has inline tags", () => {
  expect(infer([".obsidian/app.json", "{}"])).toEqual({ keys: ["tags", "tag"], inlineTags: true });
});

test("the configuration highest up counts", () => {
  expect(
    infer(["a/b/hugo.toml", '[taxonomies]\nx = "deep"\n'], ["hugo.toml", '[taxonomies]\nx = "top"\n']).keys,
  ).toEqual(["top"]);
});

test.each([
  ["no file", []],
  ["another file", [["package.json", "{}"]]],
  ["a config that is none of a site", [["config.json", '{"taxonomies": 3}']]],
  ["a broken file", [["config.toml", "taxonomies = ["]]],
  [
    "an alias bomb",
    [
      [
        "config.yaml",
        `a: &a [x]\n${[..."bcdefghijk"].map((it, i) => `${it}: &${it} [${`*${"abcdefghij"[i]},`.repeat(9)}]\n`).join("")}`,
      ],
    ],
  ],
] as [string, [string, string][]][])("nothing is inferred from %s", (_, files) => {
  expect(infer(...files)).toEqual({});
});
