// Runs the built command line as a person would: a process of its own, judged by output and exit code.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const program = path.resolve(import.meta.dirname, "../../dist/tagwright.cjs");

export interface Finished {
  /** Null where a signal ended the process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves when `pattern` has appeared on stdout; rejects where the process ends before that. */
  seen(pattern: RegExp): Promise<void>;
}

export interface StartOptions {
  readonly cwd?: string;
  /** A shell script that runs it with limits; it gets the command as "$@". */
  readonly through?: string;
  /** Whether the child gets a channel, as the editor's extension opens one. */
  readonly channel?: boolean;
}

/** Starts `tagwright …args`. */
export function start(args: readonly string[], options: StartOptions = {}): Running {
  if (!existsSync(program)) throw new Error(`${program} is missing; run "npm run build" first`);
  const command = [process.execPath, program, ...args];
  const [file, ...rest] = options.through === undefined ? command : ["sh", "-c", options.through, "sh", ...command];
  const channel = options.channel === true ? (["ipc"] as const) : [];
  const child = spawn(file!, rest, { cwd: options.cwd, stdio: ["ignore", "pipe", "pipe", ...channel] });
  let stdout = "";
  let stderr = "";
  child.stderr!.on("data", (chunk) => {
    stderr += chunk;
  });
  const waiting: { pattern: RegExp; resolve: () => void; reject: (error: Error) => void }[] = [];
  child.stdout!.on("data", (chunk) => {
    stdout += chunk;
    for (const it of waiting) if (it.pattern.test(stdout)) it.resolve();
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      for (const it of waiting) it.reject(new Error(`ended with ${code} before ${it.pattern} was seen:\n${stderr}`));
      resolve({ code, stdout, stderr });
    });
  });
  const seen = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      if (pattern.test(stdout)) resolve();
      else waiting.push({ pattern, resolve, reject });
    });
  return { child, finished, seen };
}

/** Runs `tagwright …args` to its end. */
export function tagwright(args: readonly string[], options: StartOptions = {}): Promise<Finished> {
  return start(args, options).finished;
}

/** Path to SHA-256 of every file below `folder`, without those that `skip` matches. */
export function contentOf(folder: string, skip = /^$/): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile());
  const hashes = files
    .map((it) => path.join(it.parentPath, it.name))
    .filter((file) => !skip.test(path.relative(folder, file)))
    .map((file): [string, string] => [
      path.relative(folder, file),
      createHash("sha256").update(readFileSync(file)).digest("hex"),
    ]);
  return Object.fromEntries(hashes.sort());
}
