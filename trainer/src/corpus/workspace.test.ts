import { chmodSync, symlinkSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import type { TagOptions } from "@tagwright/documents";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import type { CorpusDocument } from "./corpus.ts";
import { CorpusError } from "./corpus-error.ts";
import { openCorpus } from "./open-corpus.ts";

const note = (tags: string, body = "Some words.") => `---\ntags: [${tags}]\n---\n${body}\n`;

async function read(folder: string) {
  const corpus = await openCorpus(folder);
  const documents: CorpusDocument[] = [];
  for await (const document of corpus.documents()) documents.push(document);
  return { corpus, documents, ids: documents.map((it) => it.id) };
}

test("each tagged file is a document with its path, body and tags", async () => {
  const folder = scratchFolder({
    "b/deep/two.md": "\ufeff---\r\ntitle: Two\r\ntags:\r\n  - x\r\n  - y z\r\n---\r\nBody of two.\r\n",
    "a.md": note("x", "Body of one."),
    "untagged.md": "Nothing here.\n",
    "data.csv": "tags,x\n",
  });
  const { documents, corpus } = await read(folder);
  expect(documents).toEqual([
    { id: "a.md", text: "Body of one.\n", labels: ["x"] },
    { id: "b/deep/two.md", text: "Two\n\nBody of two.\n", labels: ["x", "y z"] },
  ]);
  expect(corpus.report).toMatchObject({ documents: 2, noLabels: 1 });
  expect(corpus.position).toEqual({ done: 3, total: 3, unit: "files" });
});

test("a note that is called as a data set's file stays a note, whatever is in it", async () => {
  const contents = ["", Buffer.from([0x66, 0xfc, 0x72]), "A text.\n", "{}\n"];
  for (const name of ["train.txt", "test.txt", "trn.json", "tst.json"]) {
    for (const content of contents) {
      const { ids } = await read(scratchFolder({ "a.md": note("x"), [name]: content }));
      expect(ids, `${name}: ${content}`).toEqual(["a.md"]);
    }
  }
  const empty = scratchFolder({ "a.md": note("x"), "test.txt": "" });
  await expect(openCorpus(path.join(empty, "test.txt"))).rejects.toThrow(/is empty/);
});

test("a data set that was cut short is said to be so, and not taken for notes", async () => {
  const whole = gzipSync(JSON.stringify({ uid: "a", title: "", content: "A text.", target_ind: [0] }));
  const folder = scratchFolder({ "a.md": note("x"), "trn.json.gz": whole.subarray(0, -12) });
  await expect(openCorpus(folder)).rejects.toThrow(/was cut short/);
});

test("tags of a plain text file are read from its sidecar", async () => {
  const { documents } = await read(
    scratchFolder({ "a.rst": "Plain text.\n", "a.rst.tags.yaml": "tags: [x, y]\n", "b.txt": "No tags.\n" }),
  );
  expect(documents).toEqual([{ id: "a.rst", text: "Plain text.\n", labels: ["x", "y"] }]);
});

test("the site's configuration says which key holds tags, unless the caller does", async () => {
  const folder = scratchFolder({
    "hugo.toml": "[taxonomies]\ntag = 'topics'\n",
    "a.md": "---\ntopics: [x]\nseries: [y]\n---\nText.\n",
  });
  expect((await read(folder)).documents[0]!.labels).toEqual(["x"]);
  const corpus = await openCorpus(folder, { tagOptions: { keys: ["series"] } });
  for await (const document of corpus.documents()) expect(document.labels).toEqual(["y"]);
});

test("what the caller leaves open the site's configuration says", async () => {
  const folder = scratchFolder({
    "hugo.toml": "",
    "a.md": "---\ntags: [x]\nseries: [y]\n---\nThe colour #travel is red.\n",
  });
  const labelsWith = async (tagOptions: TagOptions) => {
    const corpus = await openCorpus(folder, { tagOptions });
    for await (const { labels } of corpus.documents()) return labels;
    return undefined;
  };
  expect(await labelsWith({})).toEqual(["x"]);
  expect(await labelsWith({ keys: ["series"] })).toEqual(["y"]);
  expect(await labelsWith({ inlineTags: true })).toEqual(["x", "travel"]);
});

test("an inline tag is a label and no part of the text", async () => {
  const { documents } = await read(scratchFolder({ "a.md": "A walk #travel in the hills, #nature/alps.\n" }));
  expect(documents[0]!.labels).toEqual(["travel", "nature/alps"]);
  expect(documents[0]!.text).not.toMatch(/travel|alps/);
});

test("Git's and the editor's exclusions, hidden files and node_modules are left out", async () => {
  const tagged = note("x");
  const folder = scratchFolder({
    ".gitignore": "drafts/\n*.tmp.md\n",
    "keep.md": tagged,
    "drafts/a.md": tagged,
    "x.tmp.md": tagged,
    "sub/.gitignore": "local.md\n!wanted.tmp.md\n",
    "sub/local.md": tagged,
    "sub/wanted.tmp.md": tagged,
    "local.md": tagged,
    "node_modules/p/readme.md": tagged,
    ".hidden/a.md": tagged,
    ".tags/b.md": tagged,
    "out/a.md": tagged,
    "site/build/a.md": tagged,
    "on/a.md": tagged,
    ".vscode/settings.json": `{
      // exclusions: "**/never"
      "files.exclude": { "out": true, "on": false, },
      "search.exclude": { "**/{build,dist}": true, "*.md": { "when": "$(basename).txt" } },
    }`,
  });
  expect((await read(folder)).ids).toEqual(["keep.md", "local.md", "on/a.md", "sub/wanted.tmp.md"]);
});

test("the ignore file of the repository around the folder counts too", async () => {
  const files = {
    ".git/HEAD": "ref",
    ".gitignore": "private.md\n",
    "notes/private.md": note("x"),
    "notes/a.md": note("x"),
  };
  expect((await read(path.join(scratchFolder(files), "notes"))).ids).toEqual(["a.md"]);
});

test("files that are no UTF-8 text or too large are skipped and counted", async () => {
  const latin = Buffer.from(note("x", "caf\xe9"), "latin1");
  const files = { "a.md": note("x"), "b.md": latin, "c.md": note("x", "a\0b"), "d.md": note("x", "long ".repeat(4e6)) };
  const { ids, corpus } = await read(scratchFolder(files));
  expect(ids).toEqual(["a.md"]);
  expect(corpus.report).toMatchObject({ notUtf8: 1, binary: 1, tooLarge: 1 });
});

test("a document of 10 MB is read", async () => {
  const { documents } = await read(scratchFolder({ "a.md": note("x", "long word ".repeat(1_048_576)) }));
  expect(documents[0]!.text.length).toBe(10_485_761);
});

test.skipIf(process.platform === "win32")(
  "symbolic links are counted and not followed, in a circle neither",
  async () => {
    const outside = scratchFolder({ "secret.md": note("x") });
    const folder = scratchFolder({ "a.md": note("x") });
    symlinkSync(outside, path.join(folder, "out"));
    symlinkSync(folder, path.join(folder, "circle"));
    symlinkSync(path.join(outside, "secret.md"), path.join(folder, "b.md"));
    const { ids, corpus } = await read(folder);
    expect(ids).toEqual(["a.md"]);
    expect(corpus.report.symbolicLinks).toBe(3);
  },
);

test.skipIf(process.platform === "win32" || process.getuid?.() === 0)(
  "a file that may not be read is counted",
  async () => {
    const folder = scratchFolder({ "a.md": note("x"), "b.md": note("x") });
    chmodSync(path.join(folder, "b.md"), 0o000);
    expect((await read(folder)).corpus.report.unreadable).toBe(1);
  },
);

test("a folder without tagged files is an error with a cure", async () => {
  await expect(read(scratchFolder())).rejects.toThrow(/expected documents with tags, found no text documents at all/);
  const untagged = read(scratchFolder({ "a.md": "Text.\n", "b.md": "---\ntags: []\n---\nText.\n" }));
  await expect(untagged).rejects.toThrow(CorpusError);
  await expect(untagged).rejects.toThrow(/found 2 documents, none with both text and tags; give some notes tags/);
});
