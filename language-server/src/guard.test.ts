import { expect, test } from "vitest";
import { type CancellationToken, CancellationTokenSource } from "vscode-languageserver";
import { Cancelled, describe, guard, type Log, settle } from "./guard.ts";

function recorder(): { log: Log; errors: string[] } {
  const errors: string[] = [];
  const ignore = () => undefined;
  return { errors, log: { debug: ignore, info: ignore, warn: ignore, error: (it) => errors.push(it) } };
}

const token: CancellationToken = new CancellationTokenSource().token;

test("a handler that throws is logged under its name and answers empty", async () => {
  const { log, errors } = recorder();
  const handler = guard(log, "hover", "empty", () => {
    throw new Error("no such thing", { cause: new Error("deep down") });
  });
  expect(await handler(undefined, token)).toBe("empty");
  expect(errors).toEqual(["hover: no such thing (deep down)"]);
});

test("parameters of any shape reach a handler without ending the server", async () => {
  const { log } = recorder();
  const handler = guard(log, "hover", 0, ({ a }: { a: { b: number } }) => a.b);
  for (const wrong of [undefined, null, 3, {}, { a: null }]) expect(await handler(wrong as never, token)).toBe(0);
});

test("cancelling is no error, and a cancelled answer is dropped", async () => {
  const { log, errors } = recorder();
  const source = new CancellationTokenSource();
  const late = guard(log, "completion", "empty", async () => {
    source.cancel();
    return "stale";
  });
  expect(await late(undefined, source.token)).toBe("empty");
  expect(await guard(log, "completion", "empty", () => "not run")(undefined, source.token)).toBe("empty");
  expect(errors).toEqual([]);
});

test("settling ends at once when the request is cancelled", async () => {
  const source = new CancellationTokenSource();
  setTimeout(() => source.cancel(), 10);
  await expect(settle(600_000, source.token)).rejects.toThrow(Cancelled);
});

test("anything that was thrown can be described", () => {
  expect(describe("text")).toBe("text");
  expect(describe(undefined)).toBe("undefined");
});
