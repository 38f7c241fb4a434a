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
  const { signal } = stopOnSignals(view);
  let code: ExitCode;
  try {
    code = await work({ signal, view, print });
    view.close();
  } catch (error) {
    view.close();
    code = signal.aborted ? 130 : exitCodeOf(error);
    const message = signal.aborted ? "Stopped" : describe(error);
    if (json) print(`${JSON.stringify({ type: "error", message, code })}\n`);
    process.stderr.write(signal.aborted ? "Stopped; what was there before is as it was.\n" : `Error: ${message}\n`);
    if (code === 1 && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  }
  exitWhenWritten(code);
}

function stopOnSignals(view: View): AbortController {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    view.close();
    process.stderr.write("\nStopping cleanly; press Ctrl+C again to stop at once.\n");
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller;
}

/** A pipe may still hold output: `process.exit` would cut it off. */
function exitWhenWritten(code: ExitCode): void {
  process.stdout.write("", () => process.exit(code));
}

function describe(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : String(error);
}
