// Long trainings as they go wrong: a second one starts, the process is killed, and the run goes on where it was.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { afterAll, expect, test } from "vitest";
import { start, tagwright } from "./command-line.ts";
import { makeJsonLines } from "./notes.ts";

const home = mkdtempSync(path.join(os.tmpdir(), "tagwright-home-"));
process.env["TAGWRIGHT_HOME"] = home;
afterAll(() => rmSync(home, { recursive: true, force: true }));

const encoder = path.resolve(import.meta.dirname, "../fixtures/encoders/tiny-bert");

function fineTune(corpus: string, out: string, ...more: string[]): string[] {
  const options = ["--encoder", encoder, "--engine", "cpu", "--features", "words", "--checkpoint-steps", "2", "--json"];
  return ["train", "--corpus", corpus, "--out", out, ...options, ...more];
}

test("of two fine-tunings on a machine the second is told who runs, also for another folder", async () => {
  const folder = scratchFolder({ "long.jsonl": makeJsonLines(3000, 60), "short.jsonl": makeJsonLines(60, 6) });
  const [long, short] = [path.join(folder, "long.jsonl"), path.join(folder, "short.jsonl")];
  const first = start(fineTune(long, path.join(folder, "first")), { channel: true });
  await first.seen(/"type":"step"/);
  const second = await tagwright(fineTune(short, path.join(folder, "second")));
  expect(second.code, second.stderr).toBe(5);
  expect(second.stderr).toMatch(/one fine-tuning at a time.*process \d+ on .*since \d{4}-.*first\)/);
  expect(second.stderr).toMatch(/wait for it or stop it/);
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
