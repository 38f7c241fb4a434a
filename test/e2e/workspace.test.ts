// The whole road on a folder of notes: train, evaluate, tag, revert.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { contentOf, tagwright } from "./command-line.ts";
import { makeJsonLines, makeNotes, makeWorkspace } from "./notes.ts";

const ours = /^\.tags/;

async function trainedWorkspace(): Promise<string> {
  const folder = scratchFolder(makeWorkspace());
  const trained = await tagwright(["train", "--corpus", folder, "--out", path.join(folder, ".tags/model")]);
  expect(trained, trained.stderr).toMatchObject({ code: 0 });
  expect(trained.stdout).toMatch(/The model is in .*: 5 labels from 60 documents/);
  return folder;
}

test("notes are learnt, new notes get the right tags, and revert brings every byte back", async () => {
  const folder = await trainedWorkspace();
  const before = contentOf(folder, ours);

  const evaluated = await tagwright(["evaluate", "--model", ".tags/model", "--corpus", ".", "--json"], { cwd: folder });
  expect(evaluated, evaluated.stderr).toMatchObject({ code: 0 });
  const metrics = JSON.parse(evaluated.stdout);
  expect(Object.keys(metrics)).toEqual([
    "documents",
    "labels",
    "precision",
    "recall",
    "ndcg",
    "psp",
    "f1",
    "ece",
    "eceByChance",
    "msPerDocument",
  ]);
  const parts = { precision: [1, 3, 5, 10], recall: [5, 10], ndcg: [3, 5], psp: [1, 3, 5] };
  for (const [name, ranks] of Object.entries(parts)) expect(Object.keys(metrics[name])).toEqual(ranks.map(String));
  expect(Object.keys(metrics.f1)).toEqual(["micro", "macro"]);
  expect(Object.keys(metrics.msPerDocument)).toEqual(["p50", "p95"]);
  expect(metrics).toMatchObject({ documents: 60, labels: 5 });
  expect(metrics.precision["1"]).toBeGreaterThan(0.95);

  const shown = await tagwright(["tag", "new"], { cwd: folder });
  expect(shown, shown.stderr).toMatchObject({ code: 0 });
  expect(shown.stdout).toMatch(/astronomy\.md\n +\d+% {2}\+ {2}astronomy\n/);
  expect(contentOf(folder, ours)).toEqual(before);

  const written = await tagwright(["tag", "new", "tagged", "--write"], { cwd: folder });
  expect(written, written.stderr).toMatchObject({ code: 0 });
  expect(readFileSync(path.join(folder, "new/sailing.md"), "utf8")).toMatch(/^---\ntitle: About it\ntags: \[sailing/);
  expect(readFileSync(path.join(folder, "new/open source bare.md"), "utf8")).toMatch(/^---\ntags:[\s\S]*open source/);
  expect(readFileSync(path.join(folder, "new/cooking.rst.tags.yaml"), "utf8")).toMatch(/cooking/);
  expect(readFileSync(path.join(folder, "new/cooking.rst"), "utf8")).toBe(makeWorkspace()["new/cooking.rst"]);

  for (const batch of ["new", "tagged"]) {
    const reverted = await tagwright(["revert", batch], { cwd: folder });
    const code = existsSync(path.join(folder, batch, ".tags/journal")) ? 0 : 3;
    expect(reverted, reverted.stderr).toMatchObject({ code });
  }
  expect(contentOf(folder, /^\.tags|[/\\]\.tags[/\\]/)).toEqual(before);
}, 120_000);

test("a file that is named is in the journal of its workspace, and whoever looks below it is told where", async () => {
  const folder = await trainedWorkspace();
  const before = contentOf(folder, ours);
  const tagged = await tagwright(["tag", path.join("new", "sailing.md"), "--write"], { cwd: folder });
  expect(tagged.stdout).toMatch(/Undo with: tagwright revert \.\n/);
  const below = await tagwright(["revert", "new"], { cwd: folder });
  expect(below.code).toBe(3);
  expect(below.stderr).toMatch(/found none to revert; the last batch above it is that of \.: tagwright revert \.\n/);
  expect(await tagwright(["revert", "."], { cwd: folder })).toMatchObject({ code: 0 });
  expect(contentOf(folder, ours)).toEqual(before);
}, 120_000);

test("what --exclude names is not learnt, counted or tagged, and it stands in for the folder's own settings", async () => {
  const folder = scratchFolder({
    ...makeWorkspace(),
    "private/diary.md": "---\ntags: [secret]\n---\nMast, oven and comet.\n",
    "old/drawer.md": "---\ntags: [dusty]\n---\nAnchor, soil and fork.\n",
    ".vscode/settings.json": '{ "files.exclude": { "new": true } }',
  });
  const exclude = ["--exclude", "**/private", "old/*.{md,txt}"];
  const trained = await tagwright(["train", "--corpus", ".", "--out", "model", ...exclude], { cwd: folder });
  expect(trained, trained.stderr).toMatchObject({ code: 0 });
  expect(trained.stdout).toContain("5 labels from 60 documents");
  expect(readFileSync(path.join(folder, "model/labels.txt"), "utf8")).not.toMatch(/secret|dusty/);
  const args = ["evaluate", "--model", "model", "--corpus", ".", "--json"];
  const part = await tagwright([...args, "--exclude=private", "--exclude=old"], { cwd: folder });
  expect(JSON.parse(part.stdout).documents).toBe(60);
  const all = await tagwright([...args, "--exclude="], { cwd: folder });
  expect(JSON.parse(all.stdout).documents).toBe(62);
  const tagged = await tagwright(["tag", "--model", "model", ".", "--json", "--exclude", "tagged", "old"], {
    cwd: folder,
  });
  const paths = tagged.stdout
    .trim()
    .split("\n")
    .map((it) => JSON.parse(it).path as string);
  expect(paths).toContain(path.join("private", "diary.md"));
  expect(paths).toContain(path.join("new", "sailing.md"));
  expect(paths.filter((it) => /^(?:tagged|old|model)/.test(it))).toEqual([]);
}, 120_000);

test("a note that was edited after tagging keeps its words, an unclear one is named by exit code 3", async () => {
  const folder = await trainedWorkspace();
  await tagwright(["tag", "new", "--write"], { cwd: folder });
  const note = path.join(folder, "new/sailing.md");
  writeFileSync(note, `${readFileSync(note, "utf8")}A last line.\n`);
  const merged = await tagwright(["revert", "new", "--json"], { cwd: folder });
  expect(merged.code).toBe(0);
  expect(JSON.parse(merged.stdout).files).toContainEqual({ path: "sailing.md", outcome: "merged" });
  expect(readFileSync(note, "utf8")).toBe(`${makeWorkspace()["new/sailing.md"]}A last line.\n`);

  await tagwright(["tag", "new", "--write"], { cwd: folder });
  writeFileSync(note, readFileSync(note, "utf8").replace("sailing", "boats"));
  const conflict = await tagwright(["revert", "new"], { cwd: folder });
  expect(conflict.code).toBe(3);
  expect(conflict.stdout).toMatch(/left as it is: .*sailing\.md: it changed where the tags were written/);
  expect(readFileSync(note, "utf8")).toMatch(/boats/);
}, 120_000);

test("files that are no UTF-8 text are never written to", async () => {
  const folder = await trainedWorkspace();
  const sailing = "mast harbour rudder tide anchor jib keel wind";
  const hostile = { "latin.md": Buffer.from(`caf\xe9 ${sailing}`, "latin1"), "nul.md": Buffer.from(`${sailing} \0`) };
  for (const [name, bytes] of Object.entries(hostile)) writeFileSync(path.join(folder, name), bytes);
  const named = await tagwright(["tag", "latin.md", "nul.md", "--write", "--json"], { cwd: folder });
  expect(named.code).toBe(3);
  const lines = named.stdout
    .trim()
    .split("\n")
    .map((it) => JSON.parse(it));
  expect(lines).toEqual([
    { type: "document", path: "latin.md", skipped: "it is not valid UTF-8; convert it first" },
    { type: "document", path: "nul.md", skipped: "it holds NUL bytes, so it is not a text file" },
  ]);
  for (const [name, bytes] of Object.entries(hostile)) expect(readFileSync(path.join(folder, name))).toEqual(bytes);
  expect(existsSync(path.join(folder, "latin.md.tags.yaml"))).toBe(false);
}, 120_000);

test("evaluate --holdout measures exactly the documents that train --holdout left out", async () => {
  const notes = makeNotes(200).map(({ tags, text }, i) => ({ id: `note ${i}`, text, labels: tags }));
  const folder = scratchFolder({ "notes.jsonl": notes.map((it) => `${JSON.stringify(it)}\n`).join("") });
  const trained = await tagwright(["train", "--corpus", "notes.jsonl", "--out", "model", "--holdout", "20"], {
    cwd: folder,
  });
  expect(trained, trained.stderr).toMatchObject({ code: 0 });
  const heldOut = notes.filter(({ id }) => {
    const digits = createHash("sha1").update(id).digest("hex").slice(0, 8);
    return Number.parseInt(digits, 16) % 100 < 20;
  });
  expect(trained.stdout).toContain(`from ${200 - heldOut.length} documents`);
  const args = ["evaluate", "--model", "model", "--corpus", "notes.jsonl", "--json"];
  const part = await tagwright([...args, "--holdout", "20"], { cwd: folder });
  expect(JSON.parse(part.stdout).documents).toBe(heldOut.length);
  const all = await tagwright(args, { cwd: folder });
  expect(JSON.parse(all.stdout).documents).toBe(200);
  expect(all.stderr).toMatch(/may have learnt from these very documents/);
  expect(part.stderr).not.toMatch(/may have learnt/);

  const more = await tagwright([...args, "--holdout", "30"], { cwd: folder });
  expect(more.code).toBe(2);
  expect(more.stderr).toMatch(/--holdout 30: .* found a model trained with --holdout 20; use 20, or/);

  // As models of former versions are.
  const description = path.join(folder, "model/model.json");
  const { holdOut, ...silent } = JSON.parse(readFileSync(description, "utf8"));
  expect(holdOut).toBe(20);
  writeFileSync(description, JSON.stringify(silent));
  const unknown = await tagwright([...args, "--holdout", "20"], { cwd: folder });
  expect(unknown.stderr).toMatch(/may have learnt from these very documents: it does not say which were left out/);
  expect(JSON.parse(unknown.stdout).documents).toBe(heldOut.length);
}, 120_000);

test("a model learns with matched negatives and induced relevance, over a tree of several levels", async () => {
  const folder = scratchFolder({ "notes.jsonl": makeJsonLines(600, 150) });
  const args = ["--tree", "bonsai", "--negatives", "tfn+man", "--induce-relevance"];
  const trained = await tagwright(["train", "--corpus", "notes.jsonl", "--out", "model", ...args], { cwd: folder });
  expect(trained, trained.stderr).toMatchObject({ code: 0 });
  const card = readFileSync(path.join(folder, "model/README.md"), "utf8");
  expect(card).toContain("--negatives tfn+man --induce-relevance");
  const measured = await tagwright(["evaluate", "--model", "model", "--corpus", "notes.jsonl", "--json"], {
    cwd: folder,
  });
  expect(JSON.parse(measured.stdout).precision["1"]).toBeGreaterThan(0.9);
}, 120_000);
