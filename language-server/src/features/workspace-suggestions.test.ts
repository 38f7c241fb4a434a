import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { CancellationTokenSource } from "vscode-languageserver";
import { createAnalyse } from "../analysis.ts";
import { Cancelled } from "../guard.ts";
import type { WorkspaceProgress } from "../protocol.ts";
import { fileUri } from "../uris.ts";
import { contextOf } from "./fake-context.ts";
import { planItem } from "./plan.ts";
import { type BatchOptions, suggestWorkspace } from "./workspace-suggestions.ts";

function batch(tree: Record<string, string | Uint8Array>, options: Partial<BatchOptions> = {}) {
  const root = scratchFolder();
  for (const [name, content] of Object.entries(tree)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
  const reports: WorkspaceProgress[] = [];
  const uri = (name: string) => fileUri(path.join(root, name));
  const run = () =>
    suggestWorkspace({
      root,
      folder: async () => contextOf("", { suggestions: { baking: 0.9, bread: 0.6, salt: 0.1 } }).folder,
      analyse: createAnalyse(),
      minProbability: 0.5,
      exclude: [],
      openText: () => undefined,
      report: (it) => reports.push(it),
      token: new CancellationTokenSource().token,
      ...options,
    });
  return { run, reports, uri };
}

test("a folder that is made anew in mid-run answers for the documents after that", async () => {
  const files = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${10 + i}.md`, "Text"]));
  const made = [0.6, 0.9].map((baking) => contextOf("", { suggestions: { baking } }).folder);
  let asked = 0;
  const { run, reports } = batch(files, { folder: async () => made[Math.min(1, asked++)]! });
  await run();
  const found = reports.flatMap((it) => it.documents.map(({ suggestions }) => suggestions[0]!.probability));
  expect(found.filter((it) => it === 0.6)).toHaveLength(8);
  expect(found.filter((it) => it === 0.9)).toHaveLength(12);
});

test("every document gets what it lacks and what is likely enough", async () => {
  const { run, reports, uri } = batch({ "a.md": "---\ntags: [baking]\n---\n", "sub/b.md": "Text", "image.png": "x" });
  expect(await run()).toMatchObject({ documents: 2, skipped: [] });
  expect(reports.flatMap((it) => it.documents)).toEqual([
    { uri: uri("a.md"), target: uri("a.md"), suggestions: [{ tag: "bread", probability: 0.6 }] },
    {
      uri: uri("sub/b.md"),
      target: uri("sub/b.md"),
      suggestions: [
        { tag: "baking", probability: 0.9 },
        { tag: "bread", probability: 0.6 },
      ],
    },
  ]);
  expect(reports.at(-1)).toMatchObject({ done: 2, total: 2 });
});

test("a page about the folder gets suggestions only where it has tags", async () => {
  const tree = { "README.md": "Text", "sub/LICENSE.txt": "Text", "sub/readme.md": "---\ntags: [salt]\n---\n" };
  const { run, reports, uri } = batch(tree);
  expect(await run()).toMatchObject({ documents: 3, skipped: [] });
  expect(reports.flatMap((it) => it.documents).map((it) => it.uri)).toEqual([uri("sub/readme.md")]);
  expect(reports.at(-1)).toMatchObject({ done: 3, total: 3 });
});

test("what an editor holds counts, not what is on disk", async () => {
  const { run, reports } = batch({ "a.md": "" }, { openText: () => "---\ntags: [baking, bread]\n---\n" });
  await run();
  expect(reports.flatMap((it) => it.documents)).toEqual([]);
});

test("a file without a place for tags is tagged in its sidecar, whose tags count", async () => {
  const { run, reports, uri } = batch({ "a.rst": "Title\n=====\n", "a.rst.tags.yaml": "tags: [baking]\n" });
  await run();
  expect(reports.flatMap((it) => it.documents)).toEqual([
    { uri: uri("a.rst"), target: uri("a.rst.tags.yaml"), suggestions: [{ tag: "bread", probability: 0.6 }] },
  ]);
});

test("files that are no text are skipped with the reason, and the batch goes on", async () => {
  const { run, uri } = batch({ "a.md": new Uint8Array([0xff]), "b.md": "a\0b", "c.md": "fine" });
  const { skipped } = await run();
  expect(skipped).toEqual([
    { uri: uri("a.md"), reason: "it is not valid UTF-8; convert it first" },
    { uri: uri("b.md"), reason: "it holds NUL bytes, so it is not a text file" },
  ]);
});

test("a cancelled batch ends and keeps what it has sent", async () => {
  const source = new CancellationTokenSource();
  const { run, reports } = batch({ "a.md": "", "b.md": "" }, { token: source.token, report: () => source.cancel() });
  await expect(run()).rejects.toThrow(Cancelled);
  expect(reports).toEqual([]);
});

test("a plan is by offsets into the text as the client holds it, byte order mark included", () => {
  const text = "\ufeff---\r\ntags: [a]\r\n---\r\n";
  const plan = planItem({ uri: "file:///a.md", text, add: ["b"] }, {});
  if (plan.kind !== "edits") throw new Error(plan.reason);
  const [edit] = plan.edits;
  expect(text.slice(0, edit!.start) + edit!.newText + text.slice(edit!.end)).toBe(
    "\ufeff---\r\ntags: [a, b]\r\n---\r\n",
  );
  expect(plan.added).toEqual(["b"]);
});
