import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { scratchFolder } from "@tagwright/testing";
import { build } from "esbuild";
import { expect, test } from "vitest";

const windows = process.platform === "win32";

/** Its supervised half says its number, then does as its argument says. */
const source = `
  import { writeFileSync } from "node:fs";
  import { isSupervised, runCommand } from "./run-command.ts";
  import { superviseCommand } from "./supervise.ts";
  const [how, tidied] = process.argv.slice(2);
  const json = true;
  const works = {
    blocks: async () => { const end = Date.now() + 30_000; while (Date.now() < end); },
    listens: ({ signal }) => new Promise((_, reject) => { signal.onabort = () => reject(signal.reason); setInterval(() => {}, 1000); }),
    fails: async () => 7,
    dies: async () => process.kill(process.pid, "SIGKILL"),
  };
  if (!isSupervised()) {
    superviseCommand({ json, tidyUp: async () => writeFileSync(tidied, "tidied"), hint: async () => "do it again" });
  } else {
    runCommand({ json }, async (context) => {
      process.stdout.write(process.pid + "\\n");
      await new Promise((resolve) => setTimeout(resolve, 50));
      return works[how](context);
    });
  }
`;

interface Started {
  readonly child: ChildProcess;
  readonly tidied: string;
  /** Number of the supervised process. */
  readonly worker: Promise<number>;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

async function start(how: string, channel = false): Promise<Started> {
  const folder = scratchFolder();
  const [program, tidied] = [path.join(folder, "program.cjs"), path.join(folder, "tidied")];
  const stdin = { contents: source, resolveDir: import.meta.dirname, loader: "js" as const };
  await build({ stdin, outfile: program, bundle: true, platform: "node", external: ["onnxruntime-node"] });
  const stdio = ["ignore", "pipe", "pipe", ...(channel ? (["ipc"] as const) : [])] as const;
  const child = spawn(process.execPath, [program, how, tidied], { stdio: [...stdio] });
  const output = { stdout: "", stderr: "" };
  const worker = new Promise<number>((resolve) => {
    child.stdout!.on("data", (it) => {
      output.stdout += it;
      resolve(Number.parseInt(output.stdout, 10));
    });
  });
  child.stderr!.on("data", (it) => {
    output.stderr += it;
  });
  const ended = new Promise<Awaited<Started["ended"]>>((resolve) => {
    child.on("close", (code) => resolve({ code, ...output }));
  });
  return { child, tidied, worker, ended };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const stopped = { type: "error", message: "Stopped", code: 130 };

const ways: readonly (readonly [string, boolean])[] = [
  ["a message", true],
  ["a signal", false],
];

test.each(windows ? ways.slice(0, 1) : ways)(
  "%s stops a run whose thread is blocked for half a minute, and what it held is put in order",
  async (_, channel) => {
    const { child, worker, ended, tidied } = await start("blocks", channel);
    const pid = await worker;
    await sleep(200);
    const asked = performance.now();
    if (channel) child.send("stop");
    else child.kill("SIGINT");
    const { code, stdout, stderr } = await ended;
    // One second is the aim; the bound leaves room for a busy machine.
    expect(performance.now() - asked).toBeLessThan(3000);
    expect(code).toBe(130);
    expect(JSON.parse(stdout.trim().split("\n").at(-1)!)).toEqual(stopped);
    expect(stderr).toMatch(
      /Stopping cleanly.*\nStopped; what was there before is as it was\.\nTo go on, do it again\.\n$/,
    );
    expect(readFileSync(tidied, "utf8")).toBe("tidied");
    expect(isAlive(pid)).toBe(false);
  },
);

test("a run that listens ends by itself, and says once that it was stopped", async () => {
  const { child, worker, ended, tidied } = await start("listens", true);
  await worker;
  await sleep(200);
  child.send("stop");
  const { code, stdout, stderr } = await ended;
  expect(code).toBe(130);
  expect(
    stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((it) => JSON.parse(it)),
  ).toEqual([stopped]);
  expect(stderr.match(/Stopped;/g)).toHaveLength(1);
  expect(existsSync(tidied)).toBe(false);
});

test("a run ends with its own exit code", async () => {
  const { ended } = await start("fails");
  expect(await ended).toMatchObject({ code: 7, stderr: "" });
});

test("a run that the system ends is an error that says how to go on", async () => {
  const { ended, tidied } = await start("dies");
  const { code, stderr } = await ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/ended from outside \(.*memory.*\); do it again\n/);
  expect(readFileSync(tidied, "utf8")).toBe("tidied");
});

test.each([
  ["killed", false],
  ["left by the program that started it", true],
])("no run outlives its supervisor that is %s", async (_, channel) => {
  const { child, worker } = await start("listens", channel);
  const pid = await worker;
  const exit = once(child, "exit");
  if (channel) child.disconnect();
  else child.kill("SIGKILL");
  await exit;
  for (let i = 0; isAlive(pid) && i < 100; i++) await sleep(50);
  expect(isAlive(pid)).toBe(false);
});
