// What all commands share: Ctrl+C, where output goes, and how a failure becomes a message and an exit code.
import type { ExitCode } from "../progress.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { createJsonView, createTerminalView, type View } from "./view.ts";

export interface CommandContext {
  /** Aborted by the first Ctrl+C or SIGTERM; the second ends the process at once. */
  readonly signal: AbortSignal;
  readonly view: View;
  /** Writes to stdout, which carries results only. */
  print(text: string): void;
}

/** Stopped with a part of the work done: `message` says what stands and how to take it back. */
export class StoppedHalfwayError extends Error {
  override readonly name = "StoppedHalfwayError";
}

export interface RunOptions {
  /** Whether stdout is for programs: a failure is then a JSON line there, too. */
  readonly json: boolean;
  /** Whether progress goes to stdout as JSON lines. */
  readonly jsonProgress?: boolean;
}

/** Runs `work` and ends the process with its exit code; never returns to the caller's caller with work left to do. */
export async function runCommand(
  { json, jsonProgress = false }: RunOptions,
  work: (context: CommandContext) => Promise<ExitCode>,
): Promise<void> {
  const print = (text: string) => void process.stdout.write(text);
  const view = jsonProgress ? createJsonView(print) : createTerminalView(process.stderr, process.stderr.isTTY === true);
  const controller = new AbortController();
  const { signal } = controller;
  onStopRequest(() => {
    if (signal.aborted) process.exit(130);
    view.close();
    if (!isSupervised()) sayStopping();
    controller.abort();
  });
  try {
    const code = await work({ signal, view, print });
    view.close();
    exitWhenWritten(code);
  } catch (error) {
    view.close();
    if (!signal.aborted) return endWithError(json, describe(error), exitCodeOf(error), error);
    sayStopped(json, error instanceof StoppedHalfwayError ? error.message : undefined);
    exitWhenWritten(130);
  }
}

/** Environment variable of a process that another one of ours watches over: see supervise.ts. */
export const supervised = "TAGWRIGHT_SUPERVISED";

export function isSupervised(): boolean {
  return process.env[supervised] !== undefined;
}

/**
 * Calls `stop` for Ctrl+C, SIGTERM, and the message "stop" of a program that started this one with a channel: Windows has
 * no signal that asks. Where that program ends, this one does, too.
 */
export function onStopRequest(stop: () => void): void {
  // The keys reach every process of a terminal; a supervised one is told by its supervisor.
  process.on("SIGINT", isSupervised() ? () => undefined : stop);
  process.on("SIGTERM", stop);
  if (process.channel === undefined) return;
  process.on("message", (message) => {
    if (message === "stop") stop();
  });
  process.on("disconnect", () => process.exit(130));
}

export function sayStopping(): void {
  process.stderr.write("\nStopping cleanly; press Ctrl+C again to stop at once.\n");
}

/** @param halfway what stands of the work, and how to take it back */
export function sayStopped(json: boolean, halfway?: string): void {
  if (json) printError(halfway ?? "Stopped", 130);
  process.stderr.write(halfway === undefined ? "Stopped; what was there before is as it was.\n" : `${halfway}\n`);
}

/** @param error shown with its stack where it is unexpected. */
export function endWithError(json: boolean, message: string, code: ExitCode, error?: unknown): void {
  if (json) printError(message, code);
  process.stderr.write(`Error: ${message}\n`);
  if (code === 1 && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  exitWhenWritten(code);
}

function printError(message: string, code: ExitCode): void {
  process.stdout.write(`${JSON.stringify({ type: "error", message, code })}\n`);
}

/** A pipe may still hold output: `process.exit` would cut it off. */
export function exitWhenWritten(code: ExitCode): void {
  process.stdout.write("", () => process.exit(code));
}

function describe(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : String(error);
}
