import { expect, test } from "vitest";
import { EncoderError } from "../errors.ts";
import { ServedEncoder } from "./served-encoder.ts";
import type { EncoderSession } from "./session.ts";

/** An encoder that embeds a text as its length; `asked` are the texts that reached it. */
function setUp({ fails = false } = {}) {
  const asked: string[][] = [];
  const states: string[] = [];
  const session = {
    disposed: false,
    failing: false,
    async encode(texts: readonly string[], signal?: AbortSignal) {
      signal?.throwIfAborted();
      if (session.failing) throw new EncoderError("out of memory");
      asked.push([...texts]);
      return texts.map((it) => Float32Array.of(it.length));
    },
    look: () => ({ whole: true, headings: 0, tail: false }),
    async dispose() {
      session.disposed = true;
    },
  };
  let finish: () => void = () => undefined;
  const loaded = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const encoder = new ServedEncoder({
    open: async (): Promise<EncoderSession> => {
      await loaded;
      if (fails) throw new EncoderError("no library");
      return session;
    },
    onChange: (it) => states.push(it.kind),
  });
  return { encoder, asked, states, session, finish };
}

const lengths = (found: readonly Float32Array[] | undefined) => found?.map((it) => it[0]);

test("there is no embedding while the encoder is loaded, and one afterwards", async () => {
  const { encoder, states, finish } = setUp();
  expect(await encoder.encode(["a"])).toBeUndefined();
  expect(encoder.state).toEqual({ kind: "loading" });
  finish();
  await encoder.opened;
  expect(lengths(await encoder.encode(["a", "bb", ""]))).toEqual([1, 2, 0]);
  expect(states).toEqual(["ready"]);
});

test("an encoder that cannot be loaded is a state with its reason, for ever", async () => {
  const { encoder, finish } = setUp({ fails: true });
  finish();
  await expect(encoder.opened).rejects.toThrow("no library");
  expect(await encoder.encode(["a"])).toBeUndefined();
  expect(encoder.state).toEqual({ kind: "failed", reason: "no library" });
});

test("an encoder that fails at work is let go, and asking goes on without it", async () => {
  const { encoder, session, states, finish } = setUp();
  finish();
  await encoder.opened;
  session.failing = true;
  expect(await encoder.encode(["a"])).toBeUndefined();
  expect(encoder.state).toEqual({ kind: "failed", reason: "out of memory" });
  expect(session.disposed).toBe(true);
  expect(states).toEqual(["ready", "failed"]);
});

test("the same text is encoded once, also twice in one question, until others have taken its place", async () => {
  const { encoder, asked, finish } = setUp();
  finish();
  await encoder.opened;
  expect(lengths(await encoder.encode(["a", "bb", "a"]))).toEqual([1, 2, 1]);
  expect(lengths(await encoder.encode(["bb", "ccc"]))).toEqual([2, 3]);
  expect(asked).toEqual([["a", "bb"], ["ccc"]]);
  await encoder.encode(Array.from({ length: 600 }, (_, i) => `text ${i}`));
  await encoder.encode(["a"]);
  expect(asked.at(-1)).toEqual(["a"]);
});

test("cancelling is no failure", async () => {
  const { encoder, finish } = setUp();
  finish();
  await encoder.opened;
  const signal = AbortSignal.abort(new Error("stop"));
  await expect(encoder.encode(["a"], signal)).rejects.toThrow("stop");
  expect(encoder.state).toEqual({ kind: "ready" });
});

test("a model that is closed while its encoder is loaded frees it as soon as it is there", async () => {
  const { encoder, session, states, finish } = setUp();
  await encoder.dispose();
  finish();
  await encoder.opened;
  expect(session.disposed).toBe(true);
  expect(states).toEqual([]);
});
