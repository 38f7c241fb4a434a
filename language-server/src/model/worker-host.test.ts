import { writeFileSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { afterEach, expect, test } from "vitest";
import { CancellationTokenSource } from "vscode-languageserver";
import { Cancelled, type Log } from "../guard.ts";
import { WorkerDied, WorkerHost } from "./worker-host.ts";

const hosts: WorkerHost[] = [];
afterEach(() => {
  for (const it of hosts.splice(0)) void it.dispose();
});

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A host over a worker that says what it was asked, in order; `folder` tells it how to behave. */
function host(options: { hangMs?: number } = {}) {
  const script = path.join(scratchFolder(), "worker.cjs");
  writeFileSync(
    script,
    `const { parentPort } = require("node:worker_threads");
     const seen = [];
     parentPort.on("message", (message) => {
       if (message === "close") return;
       const { id, params } = message;
       if (params.folder === "die") process.exit(7);
       if (params.folder === "hang") return;
       if (params.folder === "fail") return parentPort.postMessage({ id, ok: false, message: "no model" });
       seen.push(params.texts[0]);
       const until = Date.now() + (params.folder === "slow" ? 100 : 0);
       while (Date.now() < until);
       parentPort.postMessage({ id, ok: true, result: [...seen] });
     });`,
  );
  let deaths = 0;
  const made = new WorkerHost({ script, log: quiet, onDeath: () => deaths++, ...options });
  hosts.push(made);
  const ask = (folder: string, text: string, more = {}) =>
    made.request("suggest", { folder, texts: [text], k: 1 }, more);
  return { host: made, ask, deaths: () => deaths };
}

test("requests are answered one by one, in order", async () => {
  const { ask } = host();
  const [, , third] = await Promise.all([ask("", "a"), ask("", "b"), ask("", "c")]);
  expect(third).toEqual(["a", "b", "c"]);
});

test("a background request waits until no other is left", async () => {
  const { ask } = host();
  const first = ask("slow", "first");
  const background = ask("", "background", { background: true });
  const urgent = ask("", "urgent");
  expect(await background).toEqual(["first", "urgent", "background"]);
  await Promise.all([first, urgent]);
});

test("a cancelled request never reaches the worker", async () => {
  const { ask } = host();
  const source = new CancellationTokenSource();
  const first = ask("slow", "first");
  const cancelled = ask("", "cancelled", { token: source.token });
  source.cancel();
  await expect(cancelled).rejects.toThrow(Cancelled);
  await first;
  expect(await ask("", "last")).toEqual(["first", "last"]);
  await expect(ask("", "late", { token: source.token })).rejects.toThrow(Cancelled);
});

test("what waits about an old version of a document is dropped; other documents and what runs already are not", async () => {
  const { ask, host: made } = host();
  const running = ask("slow", "running", { document: "a" });
  const stale = ask("", "stale", { document: "a" });
  const other = ask("", "other", { document: "b" });
  const lasting = ask("", "lasting");
  made.dropStale("a");
  await expect(stale).rejects.toThrow(Cancelled);
  await running;
  await other;
  expect(await lasting).toEqual(["running", "other", "lasting"]);
});

test("an operation that fails rejects with its message, and the worker lives on", async () => {
  const { ask, deaths } = host();
  await expect(ask("fail", "x")).rejects.toThrow("no model");
  expect(await ask("", "y")).toEqual(["y"]);
  expect(deaths()).toBe(0);
});

test("when the thread dies its request fails, and those that waited are answered by a new thread", async () => {
  const { ask, deaths, host: made } = host();
  const dying = ask("die", "x");
  const waiting = ask("", "y");
  await expect(dying).rejects.toThrow(WorkerDied);
  expect(await waiting).toEqual(["y"]);
  expect(deaths()).toBe(1);
  expect(made.restarts).toBe(1);
});

test("a thread that dies again and again is given up, until the user asks to try again", async () => {
  const { ask, host: made } = host();
  for (let i = 0; i < 4; i++) await expect(ask("die", "x")).rejects.toThrow("ended with code 7");
  await expect(ask("", "y")).rejects.toThrow("restart the server");
  made.reset();
  expect(await ask("", "z")).toEqual(["z"]);
});

test("a request that hangs is ended with its thread", async () => {
  const { ask } = host({ hangMs: 200 });
  await expect(ask("hang", "x")).rejects.toThrow(WorkerDied);
  expect(await ask("", "y")).toEqual(["y"]);
});

test("disposing rejects what is under way", async () => {
  const { ask, host: made } = host();
  const first = ask("slow", "x");
  const second = ask("", "y");
  const closed = made.dispose();
  await expect(first).rejects.toThrow(WorkerDied);
  await expect(second).rejects.toThrow(WorkerDied);
  await closed;
});

test("a thread that does not end by itself when it is asked to is ended", async () => {
  const { ask, host: made } = host();
  void ask("hang", "x").catch(() => undefined);
  const start = performance.now();
  await made.dispose();
  expect(performance.now() - start).toBeGreaterThan(1000);
  expect(made.restarts).toBe(0);
});
