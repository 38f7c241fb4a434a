// Runs the trainer as a child process and reads its JSON lines. Knows nothing of VS Code. Cancelling asks first: the
// trainer then leaves the old model as it was; only one that does not listen is killed.
import { spawn } from "node:child_process";
import type { ProgressEvent } from "@tagwright/trainer/progress";

export interface TrainerOptions {
  /** Absolute path of `dist/tagwright.cjs`. */
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly onEvent: (event: ProgressEvent) => void;
  /** What is not a JSON line: warnings of Node, a crash. */
  readonly onText: (text: string) => void;
  /** After a polite request to end. Default 5000. */
  readonly killAfterMs?: number;
}

export interface TrainerRun {
  /** The exit code, 130 when cancelled. Never rejects. */
  readonly ended: Promise<number>;
  cancel(): void;
}

export function runTrainer({ script, args, cwd, onEvent, onText, killAfterMs = 5000 }: TrainerOptions): TrainerRun {
  // VS Code's own executable runs as Node with this variable; a real Node ignores it.
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: "1" };
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    windowsHide: true,
  });
  let cancelled = false;
  const lines = lineReader((line) => {
    const event = parseEvent(line);
    if (event === undefined) onText(line);
    else onEvent(event);
  });
  child.stdout!.setEncoding("utf8").on("data", lines.push);
  child.stderr!.setEncoding("utf8").on("data", (it: string) => onText(it.trimEnd()));
  const ended = new Promise<number>((resolve) => {
    child.on("error", (error) => {
      onText(error.message);
      resolve(1);
    });
    child.on("close", (code) => {
      lines.end();
      resolve(cancelled ? 130 : (code ?? 1));
    });
  });
  return {
    ended,
    cancel: () => {
      if (cancelled) return;
      cancelled = true;
      // Windows has no signal that asks: there it would end the trainer at once.
      if (child.connected) child.send("stop", () => undefined);
      const timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs).unref();
      void ended.then(() => clearTimeout(timer));
    },
  };
}

const eventTypes: Readonly<Record<ProgressEvent["type"], true>> = {
  start: true,
  estimate: true,
  progress: true,
  engine: true,
  encoder: true,
  level: true,
  step: true,
  quality: true,
  checkpoint: true,
  log: true,
  metrics: true,
  done: true,
  error: true,
};

/** Undefined for a line that is not an event. */
export function parseEvent(line: string): ProgressEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    const type = (value as { type?: unknown }).type;
    return typeof type === "string" && Object.hasOwn(eventTypes, type) ? (value as ProgressEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** Cuts a stream into lines; a chunk may end anywhere. Blank lines are left out. */
export function lineReader(onLine: (line: string) => void): { push: (chunk: string) => void; end: () => void } {
  let rest = "";
  const emit = (line: string) => {
    const text = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (text !== "") onLine(text);
  };
  return {
    push: (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) emit(line);
    },
    end: () => {
      emit(rest);
      rest = "";
    },
  };
}
