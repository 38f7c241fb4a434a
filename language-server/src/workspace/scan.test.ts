import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { scan, taggableFiles } from "./scan.ts";

function folder(files: Record<string, string>): string {
  const root = scratchFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

test("documents and their tags are counted, in front matter and in sidecars, each tag once a document", async () => {
  const root = folder({
    "a.md": "---\ntags: [oak, elm]\n---\n",
    "a.md.tags.yaml": "tags: [oak]\n",
    "sub/b.rst": "Text.\n",
    "sub/b.rst.tags.yaml": "tags:\n  - oak\n  - ash\n",
    "c.md": "Nothing yet.\n",
    "table.csv": "tags\n",
  });
  const found = await scan(root, { tagOptions: {} });
  expect(found).toMatchObject({ documents: 3, taggedDocuments: 2 });
  expect([...found.tags]).toEqual([
    ["oak", 2],
    ["elm", 1],
    ["ash", 1],
  ]);
  expect((await taggableFiles(root)).map((it) => path.posix.basename(it))).toEqual(["a.md", "c.md", "b.rst"]);
});

test("a sidecar that the editor hides counts, a document that it leaves out does not", async () => {
  const root = folder({
    "a.rst": "Text.\n",
    "a.rst.tags.yaml": "tags: [oak]\n",
    "drafts/b.md": "---\ntags: [elm]\n---\n",
  });
  const found = await scan(root, { tagOptions: {}, exclude: ["**/*.tags.yaml", "drafts"] });
  expect(found).toMatchObject({ documents: 1, taggedDocuments: 1 });
  expect([...found.tags.keys()]).toEqual(["oak"]);
});

test("a link is no sidecar", async () => {
  const [outside, root] = [folder({ "secret.yaml": "tags: [secret]\n" }), folder({ "a.rst": "Text.\n" })];
  symlinkSync(path.join(outside, "secret.yaml"), path.join(root, "a.rst.tags.yaml"));
  expect(await scan(root, { tagOptions: {} })).toMatchObject({ documents: 1, taggedDocuments: 0 });
});

test("a look that takes too long ends with what it has seen", async () => {
  const root = folder({ "a.md": "", "b.md": "" });
  expect(await scan(root, { tagOptions: {}, maxMilliseconds: -1 })).toMatchObject({ documents: 0, taggedDocuments: 0 });
});
