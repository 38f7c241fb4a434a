// Long trainings as they go wrong: a second one starts, the process is killed, and the run goes on where it was.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { scratchFolder } from "@tagwright/testing";
import { afterAll, expect, test } from "vitest";
import { contentOf, start, tagwright } from "./command-line.ts";
import { makeJsonLines, newRandom } from "./notes.ts";

const home = mkdtempSync(path.join(os.tmpdir(), "tagwright-home-"));
process.env["TAGWRIGHT_HOME"] = home;
afterAll(() => rmSync(home, { recursive: true, force: true }));

const encoder = path.resolve(import.meta.dirname, "../fixtures/encoders/tiny-bert");

function fineTune(corpus: string, out: string, ...more: string[]): string[] {
  const options = ["--encoder", encoder, "--engine", "cpu", "--features", "words", "--checkpoint-steps", "2", "--json"];
  return ["train", "--corpus", corpus, "--out", out, ...options, ...more];
}

test("of two trainings with an encoder the second is told who runs, also for another folder or a frozen encoder", async () => {
  const folder = scratchFolder({ "long.jsonl": makeJsonLines(3000, 60), "short.jsonl": makeJsonLines(60, 6) });
  const [long, short] = [path.join(folder, "long.jsonl"), path.join(folder, "short.jsonl")];
  const first = start(fineTune(long, path.join(folder, "first")), { channel: true });
  await first.seen(/"type":"step"/);
  for (const more of [[], ["--freeze"]]) {
    const second = await tagwright(fineTune(short, path.join(folder, "second"), ...more));
    expect(second.code, second.stderr).toBe(5);
    expect(second.stderr).toMatch(/one training with an encoder at a time.*process \d+ on .*since \d{4}-.*first\)/);
    expect(second.stderr).toMatch(/wait for it or stop it/);
  }
  const words = await tagwright(["train", "--corpus", short, "--out", path.join(folder, "words")]);
  expect(words.code, words.stderr).toBe(0);
  first.child.send("stop");
  const { code, stderr } = await first.finished;
  expect(code, stderr).toBe(130);
  expect(stderr).toContain("To go on, train with the same command again.");
  expect(readdirSync(home)).toEqual([]);
  const third = await tagwright(fineTune(short, path.join(folder, "second")));
  expect(third.code, third.stderr).toBe(0);
  expect(readdirSync(folder).filter((it) => /partial|lock/.test(it))).toEqual([]);
  expect(existsSync(path.join(folder, "first.training"))).toBe(true);
}, 120_000);

/** Whoever fine-tunes now, as its lock says. */
function worker(): number | undefined {
  const lock = readdirSync(home).find((it) => it.endsWith(".lock"));
  try {
    return JSON.parse(readFileSync(path.join(home, lock!), "utf8")).pid;
  } catch {
    // Not there yet, or just being written.
    return undefined;
  }
}

/** @returns whether there was such a process. */
function kill(pid: number, signal: "SIGKILL" | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

test("a run that is killed again and again, anywhere, is gone on with and ends in the same model", async () => {
  // So many labels make two levels.
  const folder = scratchFolder({ "notes.jsonl": makeJsonLines(150, 80) });
  const corpus = path.join(folder, "notes.jsonl");
  const [whole, out] = [path.join(folder, "whole"), path.join(folder, "killed")];
  const undisturbed = await tagwright(fineTune(corpus, whole));
  expect(undisturbed.code, undisturbed.stderr).toBe(0);
  const lines = undisturbed.stdout.split("\n").length;
  const random = newRandom(5);
  let kills = 0;
  /** What a run leaves that is killed when the model is in its place, and the next one takes away. */
  let leftBehind: string[] = [];
  for (let round = 0; round < 6; round++) {
    const run = start(fineTune(corpus, out));
    // The first quarter comes before the encoder.
    const after = Math.floor(lines / 4) + random(20);
    await run.seen(new RegExp(`^([^\\n]*\\n){${after}}`)).catch(() => undefined);
    const pid = worker();
    if (pid !== undefined) kill(pid, "SIGKILL");
    run.child.kill("SIGKILL");
    const isKilled = (await run.finished).code === null;
    if (isKilled) kills++;
    // What was killed has memory to give back before it is gone.
    for (let i = 0; pid !== undefined && kill(pid, 0) && i < 100; i++) await sleep(20);
    if (!existsSync(out)) continue;
    if (isKilled) leftBehind = ["killed.lock", "killed.training"];
    break;
  }
  if (!existsSync(out)) expect((await tagwright(fineTune(corpus, out))).code).toBe(0);
  expect(kills).toBeGreaterThan(1);
  const dated = /^(model\.json|README\.md)$/;
  expect(contentOf(out, dated)).toEqual(contentOf(whole, dated));
  const left = readdirSync(folder).filter((it) => !leftBehind.includes(it));
  expect(left.sort()).toEqual(["killed", "notes.jsonl", "whole"]);
}, 240_000);

test("a training on words that is stopped says how to go on, and does: what it has learnt is not learnt again", async () => {
  const folder = scratchFolder({ "notes.jsonl": makeJsonLines(3000, 300) });
  const out = path.join(folder, "model");
  const given = [
    "train",
    "--corpus",
    path.join(folder, "notes.jsonl"),
    "--out",
    out,
    "--checkpoint-steps",
    "1",
    "--json",
  ];
  const first = start(given, { channel: true });
  await first.seen(/"stage":"calibrate"/);
  first.child.send("stop");
  const { code, stderr } = await first.finished;
  expect(code, stderr).toBe(130);
  expect(stderr).toContain("Stopped; to go on, train with the same command again.");
  expect(readdirSync(`${out}.training/words`).length).toBeGreaterThan(0);
  const second = await tagwright(given);
  expect(second.code, second.stderr).toBe(0);
  expect(second.stdout).toContain("goes on from what the same run has learnt from words");
  expect(readdirSync(folder).sort()).toEqual(["model", "notes.jsonl"]);
}, 60_000);

// A limit on file sizes, in kilobytes, stands in for a full disk.
test.skipIf(process.platform === "win32")(
  "a disk that has no room for a checkpoint ends a fine-tuning with 6, and the old model is served",
  async () => {
    const folder = scratchFolder({ "notes.jsonl": makeJsonLines(300, 60) });
    const [corpus, out] = [path.join(folder, "notes.jsonl"), path.join(folder, "model")];
    const words = await tagwright(["train", "--corpus", corpus, "--out", out, "--features", "words"]);
    expect(words.code, words.stderr).toBe(0);
    const before = contentOf(out);
    const kilobytes = 24;
    // Its signal ignored, writing fails with an error.
    const through = `trap "" XFSZ; ulimit -f ${2 * kilobytes}; exec "$@"`;
    const full = await tagwright(fineTune(corpus, out), { through });
    expect(full.stderr).toMatch(
      /model\.training.*: a checkpoint could not be written \(EFBIG\): .*choose another disk or raise the limit/,
    );
    expect(full.code, full.stderr).toBe(6);
    expect(contentOf(out)).toEqual(before);
    expect(readdirSync(folder, { recursive: true }).filter((it) => /partial|lock/.test(String(it)))).toEqual([]);
    const { code, stdout } = await tagwright(["doctor", "--model", out, "--json"]);
    expect(code, stdout).toBe(0);
  },
  120_000,
);

test.skipIf(process.platform === "win32")(
  "a disk that has no room for the encoder of the new model ends with 6, and the old model is served",
  async () => {
    const folder = scratchFolder({ "notes.jsonl": makeJsonLines(40, 4) });
    const [corpus, out] = [path.join(folder, "notes.jsonl"), path.join(folder, "model")];
    const words = await tagwright(["train", "--corpus", corpus, "--out", out, "--features", "words"]);
    expect(words.code, words.stderr).toBe(0);
    const before = contentOf(out);
    const kilobytes = 32;
    const through = `trap "" XFSZ; ulimit -f ${2 * kilobytes}; exec "$@"`;
    const full = await tagwright(fineTune(corpus, out, "--freeze"), { through });
    expect(full.stderr).toMatch(
      /model: the model could not be written \(EFBIG\): .*; choose another disk or raise the/u,
    );
    expect(full.code, full.stderr).toBe(6);
    expect(contentOf(out)).toEqual(before);
    expect(readdirSync(folder, { recursive: true }).filter((it) => /partial|lock/.test(String(it)))).toEqual([]);
    const again = await tagwright(fineTune(corpus, out, "--freeze"));
    expect(again.code, again.stderr).toBe(0);
    const large = readdirSync(out).filter((it) => statSync(path.join(out, it)).size > kilobytes * 1024);
    expect(large).toEqual(["encoder.onnx"]);
  },
  120_000,
);

function measure(corpus: string): string[] {
  return ["bench", "recursion", "--corpus", corpus, "--encoder", encoder, "--engine", "cpu"];
}

test("the three schedules are measured side by side, and flat reaches its own end", async () => {
  const folder = scratchFolder({ "notes.jsonl": makeJsonLines(150, 12) });
  const corpus = path.join(folder, "notes.jsonl");
  const run = await tagwright([...measure(corpus), "--json"]);
  expect(run.code, run.stderr).toBe(0);
  const { type, measured } = JSON.parse(run.stdout.trim().split("\n").at(-1)!);
  expect(type).toBe("recursion");
  expect(measured.map((it: { schedule: string }) => it.schedule)).toEqual(["recursive", "flat", "dynamic"]);
  for (const { head, tuningSeconds, seconds, precision } of measured) {
    expect(head.length).toBeGreaterThanOrEqual(2);
    expect(head.at(-1).seconds).toBeCloseTo(tuningSeconds, 6);
    expect(head[0].seconds).toBeLessThan(head.at(-1).seconds);
    expect(tuningSeconds).toBeLessThan(seconds);
    expect(precision["1"]).toBeGreaterThan(0);
  }
  const table = await tagwright([...measure(corpus), "--schedules", "flat"]);
  expect(table.code, table.stderr).toBe(0);
  const [names, cells] = table.stdout
    .trim()
    .split("\n")
    .filter((it) => /Schedule|flat/.test(it))
    .map((it) => it.trim().split(/ {2,}/));
  const cell = (name: string) => Number(cells![names!.indexOf(name)]);
  expect(cell("To flat s")).toBeLessThanOrEqual(cell("Tuning s"));
}, 180_000);

test.each(["what a killed run of the same process id left", "nothing"])(
  "a corpus of which nothing can be held out is refused by a measurement that finds %s in its place",
  async (left) => {
    const folder = scratchFolder({ "few.jsonl": makeJsonLines(6, 3) });
    const corpus = path.join(folder, "few.jsonl");
    const run = start([...measure(corpus), "--schedules", "flat"]);
    const scratch = path.join(os.tmpdir(), `tagwright-bench-${run.child.pid}`);
    if (left !== "nothing") mkdirSync(path.join(scratch, "flat.training"), { recursive: true });
    const { code, stderr } = await run.finished;
    expect(stderr).toContain(`${corpus}: at least 10 documents expected, so that some can be held out`);
    expect(code, stderr).toBe(3);
    expect(existsSync(scratch)).toBe(false);
  },
  120_000,
);

test("a measurement that is stopped leaves nothing behind, and lets the next fine-tuning begin", async () => {
  const folder = scratchFolder({ "notes.jsonl": makeJsonLines(3000, 60) });
  const run = start([...measure(path.join(folder, "notes.jsonl")), "--json"], { channel: true });
  await run.seen(/"type":"step"/);
  expect(readdirSync(home)).toHaveLength(1);
  const scratch = path.join(os.tmpdir(), `tagwright-bench-${run.child.pid}`);
  expect(readdirSync(scratch).length).toBeGreaterThan(0);
  run.child.send("stop");
  const { code, stderr } = await run.finished;
  expect(code, stderr).toBe(130);
  expect(existsSync(scratch)).toBe(false);
  expect(readdirSync(home)).toEqual([]);
}, 120_000);
