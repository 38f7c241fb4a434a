// Bad input, full disks, Ctrl+C: a clear error with its exit code, and the model that was there is there still.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { contentOf, start, tagwright } from "./command-line.ts";
import { makeJsonLines, makeNotes } from "./notes.ts";

const encoder = path.resolve(import.meta.dirname, "../fixtures/encoders/tiny-bert");
const windows = process.platform === "win32";
const line = (id: string, text: string, labels: unknown) => `${JSON.stringify({ id, text, labels })}\n`;
const good = makeNotes(30)
  .map(({ tags, text }, i) => line(String(i), text, tags))
  .join("");

async function folderWithModel(): Promise<{ folder: string; model: string; before: Record<string, string> }> {
  const folder = scratchFolder({ "good.jsonl": good, "large.jsonl": makeJsonLines(4000, 400) });
  const model = path.join(folder, "model");
  const { code, stderr } = await tagwright(["train", "--corpus", path.join(folder, "good.jsonl"), "--out", model]);
  expect(code, stderr).toBe(0);
  return { folder, model, before: contentOf(model) };
}

test("each bad corpus is refused with its place and a cure, with and without an encoder, and nothing is written", async () => {
  const cases: [string, string | Uint8Array, RegExp][] = [
    ["not-json.jsonl", `${good}oops\n`, /not-json\.jsonl:31: is not JSON/],
    ["wrong-type.jsonl", line("a", "t", "x"), /wrong-type\.jsonl:1: "labels" must be a list of strings/],
    ["no-labels.jsonl", line("a", "t", []) + line("b", "t", []), /no document has both text and labels/],
    ["empty-text.jsonl", line("a", " ", ["x"]), /no document has both text and labels/],
    ["one-label.jsonl", line("a", "t u", ["x"]) + line("b", "u v", ["x"]), /two different labels, found 1/],
    ["one-document.jsonl", line("a", "t u", ["x", "y"]), /at least two labelled documents/],
    ["one-text.jsonl", line("a", "t u", ["x"]) + line("b", "t u", ["y"]), /the same text in all 2 documents/],
    ["alike.jsonl", line("a", "t", ["x", "y"]) + line("b", "u", ["x", "y"]), /same documents for all 2 labels/],
    ["duplicates.jsonl", line("a", "t", ["x"]) + line("a", "u", ["y"]), /at least two labelled documents/],
    ["latin.jsonl", Buffer.from(line("a", "caf\xe9", ["x"]), "latin1"), /latin\.jsonl:1: is not UTF-8/],
    ["empty.jsonl", "", /is empty/],
    ["folder/untagged.md", "No tags here.\n", /found 1 document, but not with both text and tags/],
  ];
  const folder = scratchFolder(Object.fromEntries(cases));
  for (const [name, , message] of cases) {
    const corpus = path.join(folder, name.startsWith("folder/") ? "folder" : name);
    const train = ["train", "--corpus", corpus, "--out"];
    const [words, meaning] = ["out", "out2"].map((it) => [...train, path.join(folder, it)]) as [string[], string[]];
    const runs = [words, [...meaning, "--encoder", encoder, "--engine", "cpu"]];
    for (const { code, stderr } of await Promise.all(runs.map((args) => tagwright(args)))) {
      expect(stderr, name).toMatch(message);
      expect(code, name).toBe(3);
    }
  }
  expect(readdirSync(folder).filter((it) => it.startsWith("out"))).toEqual([]);
}, 120_000);

test("strange but usable input is learnt from, with a count of what was left out", async () => {
  const strange =
    line("x1", "tab and newline", ["cook\ting", "sail\ning"]) +
    line("x2", "nul \0 byte", ["cooking"]) +
    line("x3", "long word ".repeat(1_048_576), ["cooking"]) +
    line("0", "duplicate id", ["cooking"]) +
    `{"id":"x4","text":"more fields","labels":["cooking"],"url":"u"}\n`;
  const folder = scratchFolder({ "strange.jsonl": good + strange });
  const out = path.join(folder, "model");
  const { code, stderr, stdout } = await tagwright([
    "train",
    "--corpus",
    path.join(folder, "strange.jsonl"),
    "--out",
    out,
  ]);
  expect(code, stderr).toBe(0);
  const said = stderr + stdout;
  expect(said).toMatch(/1 document with an id seen before was skipped \(first: "0"\)/);
  expect(said).toMatch(/2 labels lost tabs, line breaks or doubled spaces/);
  expect(said).toMatch(/ignored: "url"/);
  const { stdout: health } = await tagwright(["doctor", "--model", out, "--json"]);
  expect(JSON.parse(health).model).toMatchObject({ ok: true });
}, 120_000);

test("doctor --json says what is here, where encoders are kept, and which models", async () => {
  const folder = scratchFolder();
  const v1 = path.resolve(import.meta.dirname, "../fixtures/models/v1");
  for (const name of ["model", "model.previous"]) cpSync(v1, path.join(folder, ".tags", name), { recursive: true });
  const { code, stdout } = await tagwright(["doctor", "--json"], { cwd: folder });
  expect(code).toBe(0);
  const said = JSON.parse(stdout);
  expect(said).toEqual({
    node: { version: process.versions.node, ok: true },
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    memoryBytes: { total: totalmem(), free: expect.any(Number) },
    simd: true,
    engines: expect.any(Array),
    encoders: { folder: expect.stringMatching(/encoders$/), sources: expect.any(Array) },
    model: { folder: expect.stringMatching(/model$/), ok: true, message: expect.stringMatching(/^sound; 8 labels/) },
    previousModel: {
      folder: expect.stringMatching(/model\.previous$/),
      ok: true,
      message: expect.stringMatching(/^kept; 8 labels from 40 documents/),
    },
  });
  expect(said.engines.map((it: { name: string }) => it.name)).toEqual(["cpu", "webgpu", "webgpu16", "cuda", "tfjs"]);
  for (const { version, note } of said.engines) expect(version ?? note).toMatch(/\S/);
  const without = JSON.parse((await tagwright(["doctor", "--no-model", "--json"], { cwd: folder })).stdout);
  expect(without).toMatchObject({ model: null, previousModel: null });
  const { stdout: text } = await tagwright(["doctor"], { cwd: folder });
  expect(text).toMatch(/^Encoders {2}.*encoders\n/m);
  expect(text).toMatch(/^Previous {2}.*model\.previous\n +kept; 8 labels/m);
});

test("a reader that leaves early, as `head` does, ends neither a training nor a batch", async () => {
  const { folder, model, before } = await folderWithModel();
  const notes = path.join(folder, "notes");
  mkdirSync(notes);
  for (let i = 0; i < 40; i++) writeFileSync(path.join(notes, `${i}.md`), "mast harbour rudder tide anchor jib\n");
  const unread = async (args: readonly string[]) => {
    const { child, finished } = start(args);
    child.stdout!.destroy();
    child.stderr!.destroy();
    return (await finished).code;
  };
  expect(await unread(["tag", notes, "--model", model, "--min-probability", "0", "--write"])).toBe(0);
  expect(Object.keys(contentOf(path.join(notes, ".tags"))).length).toBeGreaterThan(0);
  for (let i = 0; i < 40; i++) expect(readFileSync(path.join(notes, `${i}.md`), "utf8")).toMatch(/^---\ntags:/);

  const corpus = path.join(folder, "large.jsonl");
  expect(await unread(["train", "--corpus", corpus, "--out", model, "--json"])).toBe(0);
  expect(contentOf(model)).not.toEqual(before);
  expect(readdirSync(folder).filter((it) => /partial|lock/.test(it))).toEqual([]);
  expect(await unread(["train", "--corpus", path.join(folder, "none.jsonl"), "--out", model, "--json"])).toBe(3);
}, 120_000);

test.skipIf(windows)(
  "Ctrl+C stops a training with 130 and leaves the old model",
  async () => {
    const { folder, model, before } = await folderWithModel();
    const training = start(["train", "--corpus", path.join(folder, "large.jsonl"), "--out", model, "--json"]);
    await training.seen(/"type":"progress"/);
    training.child.kill("SIGINT");
    const { code, stdout } = await training.finished;
    expect(code).toBe(130);
    expect(JSON.parse(stdout.trim().split("\n").at(-1)!)).toEqual({ type: "error", message: "Stopped", code: 130 });
    expect(contentOf(model)).toEqual(before);
    expect(readdirSync(folder).filter((it) => /partial|lock/.test(it))).toEqual([]);
  },
  120_000,
);

test.skipIf(windows)(
  "Ctrl+C while tags are written says how many files have them, and revert brings every byte back",
  async () => {
    const { folder, model } = await folderWithModel();
    const notes = path.join(folder, "notes");
    mkdirSync(notes);
    for (let i = 0; i < 2000; i++) writeFileSync(path.join(notes, `${i}.md`), "alpha beta\n");
    const before = contentOf(notes);
    const tagging = start(["tag", notes, "--model", model, "--min-probability", "0", "--write"]);
    const isRunning = () => tagging.child.exitCode === null && tagging.child.signalCode === null;
    while (isRunning() && readFileSync(path.join(notes, "0.md"), "utf8") === "alpha beta\n") await pause(1);
    tagging.child.kill("SIGINT");
    const { code, stderr } = await tagging.finished;
    expect(code, stderr).toBe(130);
    const [, numFiles] = /Stopped after (\d+) files? got tags\. Undo with: tagwright revert \S+\n$/.exec(stderr)!;
    const after = contentOf(notes, /\.tags/);
    expect(Object.keys(before).filter((it) => after[it] !== before[it])).toHaveLength(Number(numFiles));
    expect(Number(numFiles)).toBeLessThan(2000);
    expect(await tagwright(["revert", notes])).toMatchObject({ code: 0 });
    expect(contentOf(notes, /\.tags/)).toEqual(before);
  },
  120_000,
);

test("of two trainings into one folder the second is told to wait, and the first is not disturbed", async () => {
  const { folder, model } = await folderWithModel();
  const first = start(["train", "--corpus", path.join(folder, "large.jsonl"), "--out", model, "--json"]);
  await first.seen(/"type":"progress"/);
  const second = await tagwright(["train", "--corpus", path.join(folder, "good.jsonl"), "--out", model]);
  expect(second.code, second.stderr).toBe(5);
  expect(second.stderr).toMatch(/another training writes this folder \(process \d+/);
  const { code, stderr } = await first.finished;
  expect(code, stderr).toBe(0);
  const { stdout } = await tagwright(["doctor", "--model", model, "--json"]);
  expect(JSON.parse(stdout).model.message).toMatch(/400 labels/);
}, 120_000);

test.skipIf(windows)(
  "a full disk ends a training with 6 and leaves the old model",
  async () => {
    const { folder, model, before } = await folderWithModel();
    // A limit on file sizes stands in for a full disk; its signal ignored, writing fails with an error.
    const through = 'trap "" XFSZ; ulimit -f 64; exec "$@"';
    const full = await tagwright(["train", "--corpus", path.join(folder, "large.jsonl"), "--out", model], { through });
    expect(full.code, full.stderr).toBe(6);
    expect(contentOf(model)).toEqual(before);
    expect(readdirSync(folder).filter((it) => /partial|lock/.test(it))).toEqual([]);
  },
  120_000,
);

test.skipIf(windows)(
  "a full disk while tagging leaves each note whole and the batch revertible",
  async () => {
    const { folder, model } = await folderWithModel();
    const notes = scratchFolder({
      "a.md": "mast harbour rudder tide anchor jib keel wind\n",
      "b.md": `mast harbour rudder tide anchor jib keel wind\n${"calm sea ".repeat(10_000)}\n`,
    });
    const before = contentOf(notes);
    const through = 'trap "" XFSZ; ulimit -f 16; exec "$@"';
    const args = ["tag", notes, "--model", model, "--min-probability", "0", "--write"];
    const full = await tagwright(args, { through, cwd: folder });
    expect(full.code, full.stderr).toBe(6);
    expect(full.stderr).toMatch(/the batch broke off; "tagwright revert/);
    expect((await tagwright(["revert", notes])).code).toBe(0);
    expect(contentOf(notes, /^\.tags/)).toEqual(before);
  },
  120_000,
);

test("damaged models and models that are none are refused with 4", async () => {
  const { folder, model } = await folderWithModel();
  writeFileSync(path.join(model, "labels.txt"), "cooking\n");
  const damaged = await tagwright(["tag", path.join(folder, "good.jsonl"), "--model", model]);
  expect(damaged.code).toBe(4);
  expect(damaged.stderr).toMatch(/labels\.txt/);
  const doctor = await tagwright(["doctor", "--model", model]);
  expect(doctor.code).toBe(4);
  const missing = await tagwright(["evaluate", "--model", path.join(folder, "none"), "--corpus", folder]);
  expect(missing.code).toBe(4);
}, 120_000);

test("a folder with other files is never taken for the model's place", async () => {
  const folder = scratchFolder({ "good.jsonl": good, "photos/a.jpg": "x" });
  const out = path.join(folder, "photos");
  const { code, stderr } = await tagwright(["train", "--corpus", path.join(folder, "good.jsonl"), "--out", out]);
  expect(code, stderr).toBe(4);
  expect(existsSync(path.join(out, "a.jpg"))).toBe(true);
}, 120_000);

test("wrong usage ends with 2 and says what was meant", async () => {
  const cases: [string[], RegExp][] = [
    [["trian"], /unknown command 'trian'\n\(Did you mean train\?\)/],
    [["train", "--corpsu", "x"], /unknown option '--corpsu'\n\(Did you mean --corpus\?\)/],
    [["train", "--corpus", "x"], /required option '--out' not specified/],
    [["train", "--corpus", "x", "--out", "y", "--preset", "slow"], /Allowed choices are fast, best/],
    [["train", "--corpus", "x", "--out", "y", "--threads", "0"], /whole number from 1/],
    [
      ["train", "--corpus", ".", "--out", "y", "--keep-all"],
      /--keep-all: an encoder expected, none named by --encoder/,
    ],
    [["tag", "a.md", "--min-probability", "2"], /number from 0 to 1/],
    [["tag"], /missing required argument 'paths'/],
    [["tag", "."], /no model in .*train one: tagwright train/],
  ];
  const cwd = scratchFolder({ "a.md": "text" });
  for (const [args, message] of cases) {
    const { code, stderr } = await tagwright(args, { cwd });
    expect(stderr).toMatch(message);
    expect(code, args.join(" ")).toBe(2);
  }
}, 60_000);

test("every command explains itself, with an example and the exit codes", async () => {
  for (const command of ["train", "evaluate", "tag", "revert", "doctor", "serve"]) {
    const { code, stdout } = await tagwright([command, "--help"]);
    expect(code, command).toBe(0);
    expect(stdout).toMatch(/Examples?:\n {2}tagwright /);
    expect(stdout).toMatch(/130 {2}stopped by Ctrl\+C/);
  }
}, 60_000);
