import { expect, test } from "vitest";
import { EncoderError } from "../errors.ts";
import type { Passages } from "./passages.ts";
import { ServedEncoders } from "./served-encoders.ts";
import type { EncoderSession } from "./session.ts";

const whole = { whole: true, headings: 0, tail: false };

/** An encoder that embeds a text as its length times `factor`, once `finish` is called. */
function newEncoder(name: string, factor: number, read: Passages["read"] = whole) {
  const asked: string[] = [];
  const it = { disposed: false, failing: false };
  const session: EncoderSession = {
    async encode(texts) {
      if (it.failing) throw new EncoderError("out of memory");
      asked.push(...texts);
      return texts.map((text) => Float32Array.of(factor * text.length));
    },
    look: () => read,
    async dispose() {
      it.disposed = true;
    },
  };
  let settle: (error?: Error) => void = () => undefined;
  let isOpening = false;
  const loaded = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  const open = async () => {
    isOpening = true;
    await loaded;
    return session;
  };
  return Object.assign(it, {
    name,
    open,
    asked,
    finish: () => settle(),
    fail: (error: Error) => settle(error),
    isOpening: () => isOpening,
  });
}

function setUp(...encoders: ReturnType<typeof newEncoder>[]) {
  const states: string[] = [];
  return { served: new ServedEncoders(encoders, (state) => states.push(state.kind)), states };
}

test("encoders are loaded one after the other, and ready when all are", async () => {
  const [first, second] = [newEncoder("first", 1), newEncoder("second", 10)];
  const { served, states } = setUp(first, second);
  await expect.poll(first.isOpening).toBe(true);
  expect(second.isOpening()).toBe(false);
  first.finish();
  await expect.poll(second.isOpening).toBe(true);
  expect(await served.encode(["ab"])).toBeUndefined();
  expect(served.look("ab")).toBeUndefined();
  expect(served.state).toEqual({ kind: "loading" });
  second.finish();
  await served.opened;
  expect(await served.encode(["ab", "c"])).toEqual([
    [Float32Array.of(2), Float32Array.of(1)],
    [Float32Array.of(20), Float32Array.of(10)],
  ]);
  expect(states).toEqual(["ready"]);
});

test("one that cannot be loaded is named, and those before it are let go", async () => {
  const [first, second] = [newEncoder("first", 1), newEncoder("second", 10)];
  const { served, states } = setUp(first, second);
  first.finish();
  second.fail(new EncoderError("no library"));
  await expect(served.opened).rejects.toThrow(new EncoderError("second: no library"));
  expect(served.state).toEqual({ kind: "failed", reason: "second: no library" });
  expect(states).toEqual(["failed"]);
  expect(first.disposed).toBe(true);
});

test("what comes after one that cannot be loaded is not loaded at all, and its failure not told", async () => {
  const [first, second] = [newEncoder("first", 1), newEncoder("second", 10)];
  const { served, states } = setUp(first, second);
  first.fail(new EncoderError("no library"));
  await expect(served.opened).rejects.toThrow("first: no library");
  await new Promise((resolve) => setTimeout(resolve));
  expect(second.isOpening()).toBe(false);
  expect(states).toEqual(["failed"]);
});

test("one that fails at work ends all, once", async () => {
  const [first, second] = [newEncoder("first", 1), newEncoder("second", 10)];
  const { served, states } = setUp(first, second);
  first.finish();
  second.finish();
  await served.opened;
  second.failing = true;
  expect(await served.encode(["a"])).toBeUndefined();
  expect(await served.encode(["a"])).toBeUndefined();
  expect(served.state).toEqual({ kind: "failed", reason: "second: out of memory" });
  expect(states).toEqual(["ready", "failed"]);
  expect([first.disposed, second.disposed]).toEqual([true, true]);
});

test("what was read of a text is what the encoder with the shortest sight read", async () => {
  const parts = { whole: false, headings: 1, tail: true };
  const beginning = { whole: false, headings: 0, tail: false };
  const looks = async (...reads: Passages["read"][]) => {
    const encoders = reads.map((it, i) => newEncoder(`${i}`, 1, it));
    const { served } = setUp(...encoders);
    for (const it of encoders) it.finish();
    await served.opened;
    return served.look("a");
  };
  expect(await looks(whole, whole)).toBe("whole");
  expect(await looks(whole, parts)).toBe("parts");
  expect(await looks(beginning, whole, parts)).toBe("beginning");
});

test("a model without encoders has nothing to load", async () => {
  const { served, states } = setUp();
  await served.opened;
  expect(served.state).toEqual({ kind: "none" });
  expect(await served.encode(["a"])).toBeUndefined();
  expect(states).toEqual([]);
});
