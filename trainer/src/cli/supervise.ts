// A long run works in a process of its own: a step in onnxruntime blocks its thread for seconds, and whoever presses Ctrl+C
// should not wait for it. This side waits, asks, and ends a child that does not listen.
// Invariant: the child does not outlive this process: it ends when the channel between them does.
import { type ChildProcess, fork } from "node:child_process";
import type { ExitCode } from "../progress.ts";
import { endWithError, exitWhenWritten, onStopRequest, sayStopped, sayStopping, supervised } from "./run-command.ts";

/** Between asking and ending: with what comes after it, under a second. */
const patienceMs = 700;
const showCursor = "\u001B[?25h";

export interface SupervisedRun {
  /** Whether stdout is for programs. */
  readonly json: boolean;
  /** What a child that was killed could not do: release locks, remove half-written files. */
  readonly tidyUp: () => Promise<void>;
  /** How to go on, where a run that was cut off left something to go on from. */
  readonly hint: () => Promise<string | undefined>;
}

/** Runs this very command line in a child and ends the process with its exit code; 130 when stopped. */
export async function superviseCommand({ json, tidyUp, hint }: SupervisedRun): Promise<void> {
  const [script, ...args] = process.argv.slice(1);
  const child = fork(script!, args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, [supervised]: "1" },
  });
  let isStopping = false;
  onStopRequest(() => {
    if (isStopping) return kill(child);
    isStopping = true;
    sayStopping();
    if (child.connected) child.send("stop", () => undefined);
    setTimeout(() => kill(child), patienceMs).unref();
    return undefined;
  });
  const { code, signal, error } = await endOf(child);
  if (code !== null && code !== 130) return exitWhenWritten(code as ExitCode);
  if (code === null) {
    if (process.stderr.isTTY) process.stderr.write(showCursor);
    await tidyUp();
  }
  const next = await hint();
  const goOn = next === undefined ? "" : `; ${next}`;
  if (!isStopping && code === null) {
    const reason = error?.message ?? `${signal}: where memory runs out, the system does that`;
    return endWithError(json, `the process that trained was ended from outside (${reason})${goOn}`, 1);
  }
  if (code === null) sayStopped(json);
  if (next !== undefined) process.stderr.write(`To go on, ${next}.\n`);
  return exitWhenWritten(130);
}

interface Ending {
  /** Null where there was none: `signal` or `error` then says why. */
  readonly code: number | null;
  readonly signal?: NodeJS.Signals | null;
  readonly error?: Error;
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", (error) => resolve({ code: null, error }));
  });
}

function kill(child: ChildProcess): void {
  child.kill("SIGKILL");
}
