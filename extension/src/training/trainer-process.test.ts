import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ProgressEvent } from "@tagwright/trainer/progress";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lineReader, parseEvent, runTrainer } from "./trainer-process.ts";

/** Runs a few lines of JavaScript as the trainer. */
function trainer(source: string, killAfterMs = 5000) {
  const folder = mkdtempSync(path.join(tmpdir(), "tagwright-trainer-"));
  const script = path.join(folder, "trainer.cjs");
  writeFileSync(script, source);
  const events: ProgressEvent[] = [];
  const texts: string[] = [];
  const run = runTrainer({
    script,
    args: ["train", "--json"],
    cwd: folder,
    killAfterMs,
    onEvent: (it) => events.push(it),
    onText: (it) => texts.push(it),
  });
  return { run, events, texts };
}

test("events arrive in order, other output as text, and the exit code at the end", async () => {
  const { run, events, texts } = trainer(`
    process.stdout.write('{"type":"log","level":"info","message":"a"}\\n{"type":"lo');
    process.stdout.write('g","level":"info","message":"b"}\\nnot json\\n{"type":"unknown"}\\n');
    process.stderr.write("oops\\n");
    process.exitCode = 3;
  `);
  expect(await run.ended).toBe(3);
  expect(events.map((it) => it.type === "log" && it.message)).toEqual(["a", "b"]);
  expect(texts.sort()).toEqual(["not json", "oops", '{"type":"unknown"}']);
});

test("a cancelled run ends with 130, whatever code the trainer leaves", async () => {
  const { run } = trainer('process.on("message", (it) => it === "stop" && process.exit(0));');
  setTimeout(() => run.cancel(), 300);
  expect(await run.ended).toBe(130);
});

test("a trainer that does not listen is ended all the same", async () => {
  const { run } = trainer('process.on("message", () => {});', 200);
  setTimeout(() => run.cancel(), 300);
  expect(await run.ended).toBe(130);
});

test("a script that is not there is a failure with a reason, not an exception", async () => {
  const texts: string[] = [];
  const missing = path.join(tmpdir(), "no-such-trainer.cjs");
  const run = runTrainer({
    script: missing,
    args: [],
    cwd: tmpdir(),
    onEvent: () => {},
    onText: (it) => texts.push(it),
  });
  expect(await run.ended).toBe(1);
  expect(texts.join("\n")).toContain("no-such-trainer.cjs");
});

test("lines are the same however the stream is cut", () => {
  const cuts = fc.array(fc.stringMatching(/^[a-c\n\r]{0,5}$/), { maxLength: 20 });
  fc.assert(
    fc.property(cuts, (chunks) => {
      const lines: string[] = [];
      const reader = lineReader((it) => lines.push(it));
      for (const it of chunks) reader.push(it);
      reader.end();
      const whole = chunks
        .join("")
        .split("\n")
        .map((it) => it.replace(/\r$/, ""));
      expect(lines).toEqual(whole.filter((it) => it !== ""));
    }),
  );
});

test.each(["", "{", "[]", "{}", '{"type":1}', '"done"', "null"])("%j is no event", (line) => {
  expect(parseEvent(line)).toBeUndefined();
});
