// Wraps every handler: one bad request never ends the server. Cancelling is no error; everything else is logged and
// answered with the empty result that the handler names.
import type { CancellationToken } from "vscode-languageserver";

export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Thrown inside a handler when its request was cancelled or its answer would be stale. */
export class Cancelled extends Error {
  constructor() {
    super("cancelled");
    this.name = "Cancelled";
  }
}

export function throwIfCancelled(token: CancellationToken): void {
  if (token.isCancellationRequested) throw new Cancelled();
}

/** The handler `run`, made safe: never throws, never rejects. */
export function guard<P, R>(
  log: Log,
  name: string,
  empty: R,
  run: (params: P, token: CancellationToken) => R | Promise<R>,
): (params: P, token: CancellationToken) => Promise<R> {
  return async (params, token) => {
    try {
      throwIfCancelled(token);
      const result = await run(params, token);
      return token.isCancellationRequested ? empty : result;
    } catch (error) {
      if (!(error instanceof Cancelled)) log.error(`${name}: ${describe(error)}`);
      return empty;
    }
  };
}

/** Waits `ms`, so that a request which the next key stroke cancels costs nothing. @throws Cancelled */
export async function settle(ms: number, token: CancellationToken): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    token.onCancellationRequested(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  throwIfCancelled(token);
}

export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : ` (${describe(error.cause)})`;
  return `${error.message}${cause}`;
}
