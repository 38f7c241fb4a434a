import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { type WalkOptions, walk } from "./walk.ts";

async function files(tree: Record<string, string>, options: WalkOptions = {}, below = "."): Promise<string[]> {
  const root = scratchFolder();
  for (const [name, text] of Object.entries(tree)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (text.startsWith("-> ")) symlinkSync(path.join(root, text.slice(3)), file);
    else writeFileSync(file, text);
  }
  const start = path.join(root, below);
  const found: string[] = [];
  for await (const it of walk(start, options)) found.push(it);
  return found;
}

test("files come folder by folder in name order, hidden ones and packages left out", async () => {
  const tree = {
    "b.md": "",
    "a/z.md": "",
    "a/b/c.md": "",
    ".git/x": "",
    ".tags/y": "",
    "node_modules/p/q.md": "",
    "A.md": "",
  };
  expect(await files(tree)).toEqual(["A.md", "b.md", "a/z.md", "a/b/c.md"]);
});

test("gitignore files count where they stand, the deepest wins, and those above the folder count too", async () => {
  const tree = {
    ".git/HEAD": "",
    ".gitignore": "drafts/\n*.tmp.md\n",
    "notes/drafts/a.md": "",
    "notes/b.tmp.md": "",
    "notes/sub/.gitignore": "!wanted.tmp.md\nlocal.md\n",
    "notes/sub/wanted.tmp.md": "",
    "notes/sub/local.md": "",
    "notes/local.md": "",
  };
  expect(await files(tree, {}, "notes")).toEqual(["local.md", "sub/wanted.tmp.md"]);
});

test("a folder that is ignored itself is walked all the same", async () => {
  const tree = { ".git/HEAD": "", ".gitignore": "out/\n", "out/notes/a.md": "", "out/b.md": "" };
  expect(await files(tree, {}, "out")).toEqual(["b.md", "notes/a.md"]);
  expect(await files(tree, {}, "out/notes")).toEqual(["a.md"]);
});

test("globs of the editor are left out, braces too", async () => {
  const tree = { "a.md": "", "b.txt": "", "c.rst": "", "out/d.md": "", "sub/out/e.md": "" };
  expect(await files(tree, { exclude: ["**/*.{txt,rst}", "**/out"] })).toEqual(["a.md"]);
});

test("what the editor leaves out is not brought back by a gitignore file", async () => {
  const tree = { ".gitignore": "!wanted.tmp.md\n!out\n", "wanted.tmp.md": "", "out/a.md": "", "b.md": "" };
  expect(await files(tree, { exclude: ["**/*.tmp.md", "out"] })).toEqual(["b.md"]);
});

test("without globs, those of the folder's own settings count", async () => {
  const tree = {
    "a.md": "",
    "sub/b.txt": "",
    ".vscode/settings.json": '{ "files.exclude": { "**/*.txt": true } } // ok',
  };
  expect(await files(tree)).toEqual(["a.md"]);
  expect(await files(tree, { exclude: [] })).toEqual(["a.md", "sub/b.txt"]);
});

test("links are not followed, so a loop ends and nothing outside is read", async () => {
  expect(await files({ "a/b.md": "", "a/loop": "-> a", "link.md": "-> a/b.md" })).toEqual(["a/b.md"]);
});

test("the files of a model are no documents, nor those of the one before and of one that was not finished", async () => {
  const model = ["README.md", "labels.txt", "model.json", "ranker.safetensors", "vocabulary.txt"];
  const within = (folder: string, names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [`${folder}/${name}`, ""]));
  const tree = {
    ...within("a/model", model),
    ...within("a/model.previous", model),
    ...within("a/model.partial-4711-x7y", ["README.md", "labels.txt"]),
    ...within("a/models", ["model.json", "labels.txt"]),
    "a/model.md": "",
  };
  expect(await files(tree)).toEqual(["a/model.md", "a/models/labels.txt", "a/models/model.json"]);
  expect(await files(tree, {}, "a/model")).toEqual([]);
});
