import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { planTagEdits } from "@tagwright/documents";
import { JournalError, journalEntry } from "@tagwright/documents/journal";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { applyBatch, type PlannedFile } from "./apply-batch.ts";
import { revertLastBatch } from "./revert-batch.ts";

const original = {
  "list.md": "---\ntags: [a]\n---\nBody.\n",
  "windows.md": "\ufeff---\r\ntags:\r\n  - a # first\r\n---\r\nBody é.\r\n",
  "sub/none.md": "Body only, no line end",
};

function plan(folder: string, name: string, add: string[]): PlannedFile {
  const text = readFileSync(path.join(folder, name), "utf8");
  const edits = planTagEdits({ path: name, text }, { add });
  if (edits.kind === "refused") throw new Error(edits.reason);
  return { edits: edits.edits, entry: journalEntry(name, text, edits.edits, edits.added) };
}

async function tagAll(folder: string, add: string[] = ["new one", "b"], names: string[] = Object.keys(original)) {
  return applyBatch(
    folder,
    "model",
    names.map((it) => plan(folder, it, add)),
  );
}

const read = (folder: string, name: string) => readFileSync(path.join(folder, name));
const write = (folder: string, name: string, change: (text: string) => string) =>
  writeFileSync(path.join(folder, name), change(read(folder, name).toString()));

test("a batch is written and comes back byte for byte, BOM, CRLF and mode bits included", async () => {
  const folder = scratchFolder(original);
  if (process.platform !== "win32") chmodSync(path.join(folder, "list.md"), 0o640);
  const { written } = await tagAll(folder);
  expect(written).toEqual(Object.keys(original));
  expect(read(folder, "list.md").toString()).toBe("---\ntags: [a, new one, b]\n---\nBody.\n");
  const { files } = await revertLastBatch(folder);
  expect(files.map((it) => it.outcome)).toEqual(["restored", "restored", "restored"]);
  for (const [name, text] of Object.entries(original)) expect(read(folder, name)).toEqual(Buffer.from(text));
  if (process.platform !== "win32") expect(statSync(path.join(folder, "list.md")).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder).sort()).toEqual([".tags", "list.md", "sub", "windows.md"]);
});

test("batches are reverted last first, each once", async () => {
  const folder = scratchFolder(original);
  await tagAll(folder, ["b"], ["list.md"]);
  const between = read(folder, "list.md");
  await tagAll(folder, ["c"], ["list.md"]);
  await revertLastBatch(folder);
  expect(read(folder, "list.md")).toEqual(between);
  await revertLastBatch(folder);
  expect(read(folder, "list.md").toString()).toBe(original["list.md"]);
  await expect(revertLastBatch(folder)).rejects.toThrow(/found none to revert/);
});

test("a sidecar that tagging made is removed again", async () => {
  const folder = scratchFolder({ "a.rst": "Text.\n" });
  const sidecar = planTagEdits({ path: "a.rst.tags.yaml", text: "" }, { add: ["x"] });
  if (sidecar.kind === "refused") throw new Error(sidecar.reason);
  const entry = journalEntry("a.rst.tags.yaml", undefined, sidecar.edits, sidecar.added);
  await applyBatch(folder, "model", [{ entry, edits: sidecar.edits }]);
  expect(read(folder, "a.rst.tags.yaml").toString()).toMatch(/x/);
  await revertLastBatch(folder);
  expect(existsSync(path.join(folder, "a.rst.tags.yaml"))).toBe(false);
});

test("words written after tagging survive: only the batch's own are taken out", async () => {
  const folder = scratchFolder(original);
  await tagAll(folder);
  write(folder, "list.md", (it) => `${it.replace("---\n", "---\ntitle: New\n")}More.\n`);
  const { files } = await revertLastBatch(folder);
  expect(files.map((it) => it.outcome)).toEqual(["merged", "restored", "restored"]);
  expect(read(folder, "list.md").toString()).toBe("---\ntitle: New\ntags: [a]\n---\nBody.\nMore.\n");
});

test("a file whose tags were edited since is left alone, reported, and can be reverted later", async () => {
  const folder = scratchFolder(original);
  await tagAll(folder);
  const tagged = read(folder, "list.md");
  write(folder, "list.md", (it) => it.replace("new one", "mine"));
  const edited = read(folder, "list.md");
  const { files } = await revertLastBatch(folder);
  expect(files[0]).toMatchObject({ path: "list.md", outcome: "conflict" });
  expect(read(folder, "list.md")).toEqual(edited);
  expect(read(folder, "windows.md").toString()).toBe(original["windows.md"]);
  writeFileSync(path.join(folder, "list.md"), tagged);
  expect((await revertLastBatch(folder)).files).toEqual([{ path: "list.md", outcome: "restored" }]);
});

test("a file that changed between suggesting and writing is not touched", async () => {
  const folder = scratchFolder(original);
  const planned = plan(folder, "list.md", ["b"]);
  write(folder, "list.md", (it) => `${it}Typed meanwhile.\n`);
  const { written, skipped } = await applyBatch(folder, "model", [planned]);
  expect(written).toEqual([]);
  expect(skipped[0]!.reason).toMatch(/changed while suggestions were made/);
  expect(read(folder, "list.md").toString()).toBe(`${original["list.md"]}Typed meanwhile.\n`);
});

test("a batch that is stopped says what it wrote, and is reverted as far as it went", async () => {
  const folder = scratchFolder(original);
  const controller = new AbortController();
  const planned = Object.keys(original).map((it) => plan(folder, it, ["b"]));
  const stopAfterFirst = [
    planned[0]!,
    {
      edits: planned[1]!.edits,
      get entry() {
        if (!read(folder, "list.md").equals(Buffer.from(original["list.md"]))) controller.abort();
        return planned[1]!.entry;
      },
    },
    planned[2]!,
  ];
  const result = await applyBatch(folder, "model", stopAfterFirst, controller.signal);
  expect(result).toMatchObject({ written: ["list.md"], skipped: [], stopped: true });
  expect(read(folder, "sub/none.md").toString()).toBe(original["sub/none.md"]);
  const { files } = await revertLastBatch(folder);
  expect(files[0]!.outcome).toBe("restored");
  expect(files[2]!.outcome).toBe("unchanged");
  for (const [name, text] of Object.entries(original)) expect(read(folder, name).toString()).toBe(text);
  await expect(applyBatch(folder, "model", planned, controller.signal)).rejects.toThrow(/aborted/);
});

test.skipIf(process.platform === "win32" || process.getuid?.() === 0)("a read-only file is skipped", async () => {
  const folder = scratchFolder(original);
  chmodSync(path.join(folder, "list.md"), 0o440);
  const { skipped } = await tagAll(folder, ["b"], ["list.md"]);
  expect(skipped).toEqual([{ path: "list.md", reason: "it may not be written" }]);
});

test("a file whose name is as long as names may be is tagged and comes back", async () => {
  const name = `${"n".repeat(252)}.md`;
  const folder = scratchFolder({ [name]: original["list.md"] });
  const { written } = await tagAll(folder, ["b"], [name]);
  expect(written).toEqual([name]);
  expect((await revertLastBatch(folder)).files).toEqual([{ path: name, outcome: "restored" }]);
  expect(read(folder, name).toString()).toBe(original["list.md"]);
});

test.skipIf(process.platform === "win32")("a sidecar whose name would be too long is skipped", async () => {
  const folder = scratchFolder(original);
  const sidecar = `${"n".repeat(248)}.rst.tags.yaml`;
  const edits = planTagEdits({ path: sidecar, text: "" }, { add: ["x"] });
  if (edits.kind === "refused") throw new Error(edits.reason);
  const entry = journalEntry(sidecar, undefined, edits.edits, edits.added);
  const planned = [{ entry, edits: edits.edits }, plan(folder, "list.md", ["b"])];
  const { written, skipped } = await applyBatch(folder, "model", planned);
  expect(written).toEqual(["list.md"]);
  expect(skipped).toEqual([{ path: sidecar, reason: "its name is too long; shorten that of the document" }]);
  expect((await revertLastBatch(folder)).files.map((it) => it.outcome)).toEqual(["unchanged", "restored"]);
});

test("a damaged journal, or one that reaches out of its folder, reverts nothing", async () => {
  const folder = scratchFolder(original);
  const { journal } = await tagAll(folder);
  const tagged = read(folder, "list.md");
  const whole = readFileSync(journal!, "utf8");
  const damaged = [
    whole.slice(0, 100),
    "[]",
    whole.replace('"version": 1', '"version": 2'),
    whole.replaceAll('"list.md"', '"../list.md"'),
    whole.replaceAll('"list.md"', '"/etc/list.md"'),
    whole.replaceAll('"list.md"', '"C:\\\\list.md"'),
    whole.replace(/"start": \d+/, '"start": "0"'),
  ];
  for (const text of damaged) {
    expect(text).not.toBe(whole);
    writeFileSync(journal!, text);
    await expect(revertLastBatch(folder)).rejects.toThrow(JournalError);
    expect(read(folder, "list.md")).toEqual(tagged);
  }
});

test("no link leads a batch, or its journal, out of the folder", async () => {
  const folder = scratchFolder(original);
  const outside = scratchFolder();
  const planned = plan(folder, "sub/none.md", ["b"]);
  const linkOut = () => {
    renameSync(path.join(folder, "sub/none.md"), path.join(outside, "none.md"));
    rmSync(path.join(folder, "sub"), { recursive: true });
    symlinkSync(outside, path.join(folder, "sub"), "junction");
  };
  await applyBatch(folder, "model", [planned]);
  linkOut();
  write(outside, "none.md", (it) => `${it}\nMore.\n`);
  const tagged = read(outside, "none.md");
  const { files } = await revertLastBatch(folder);
  expect(files).toMatchObject([{ outcome: "conflict", reason: expect.stringMatching(/behind a link/) }]);
  expect(read(outside, "none.md")).toEqual(tagged);

  const again = plan(folder, "sub/none.md", ["c"]);
  const { written, skipped } = await applyBatch(folder, "model", [again]);
  expect(written).toEqual([]);
  expect(skipped[0]!.reason).toMatch(/behind a link/);
  expect(read(outside, "none.md")).toEqual(tagged);
});

test("a journal that no longer leads back to the text before is a conflict", async () => {
  const folder = scratchFolder(original);
  const { journal } = await tagAll(folder, ["b"], ["list.md"]);
  const tagged = read(folder, "list.md");
  writeFileSync(journal!, readFileSync(journal!, "utf8").replace('"newText": ""', '"newText": "x"'));
  expect((await revertLastBatch(folder)).files[0]!.reason).toMatch(/does not lead back/);
  expect(read(folder, "list.md")).toEqual(tagged);
});

test("a file that was deleted since is said once, and older batches are reached", async () => {
  const folder = scratchFolder(original);
  await tagAll(folder, ["b"]);
  await tagAll(folder, ["c"], ["list.md", "sub/none.md"]);
  rmSync(path.join(folder, "sub"), { recursive: true });
  const { files } = await revertLastBatch(folder);
  expect(files.map((it) => it.outcome)).toEqual(["restored", "deleted"]);
  expect((await revertLastBatch(folder)).files.map((it) => it.outcome)).toEqual(["restored", "restored", "deleted"]);
  expect(read(folder, "list.md").toString()).toBe(original["list.md"]);
  await expect(revertLastBatch(folder)).rejects.toThrow(/found none to revert/);
});
