import { expectAllClose } from "@tagwright/testing";
import { expect, test } from "vitest";
import { EncoderError } from "../errors.ts";
import { newPieceTokenizer } from "../text/pieces.ts";
import { exampleOnnx, exampleTokenizer, exampleTokenizerConfig, exampleWords, message } from "./example-encoder.ts";
import { type EncoderSession, type EncoderSessionOptions, openTextEncoder } from "./session.ts";

const pieces = newPieceTokenizer(exampleTokenizer, exampleTokenizerConfig);
/** [PAD] is far from everything: a mask that lets it through would be seen. */
const table = [
  [1000, -1000, 1000],
  [0, 0, 0],
  [0, 0, 3],
  [0, 3, 0],
  ...exampleWords.map((_, i) => [i + 1, 2 * i, 5 - i]),
];
const options: EncoderSessionOptions = {
  onnx: exampleOnnx({ table }),
  pieces,
  hidden: 3,
  maxPieces: 16,
  passages: 1,
  threads: 1,
};

async function withEncoder(
  use: (encoder: EncoderSession) => Promise<void>,
  changes: Partial<EncoderSessionOptions> = {},
) {
  const encoder = await openTextEncoder({ ...options, ...changes });
  try {
    await use(encoder);
  } finally {
    await encoder.dispose();
  }
}

/** The unit mean of the rows of `words` between [CLS] and [SEP]. */
function expected(...words: readonly string[]): number[] {
  const rows = [2, 3, ...words.map((it) => 4 + exampleWords.indexOf(it))].map((id) => table[id]!);
  const sum = [0, 1, 2].map((i) => rows.reduce((total, row) => total + row[i]!, 0));
  const norm = Math.hypot(...sum);
  return sum.map((it) => it / norm);
}

test("an embedding is the graph's, scaled to unit length, whatever stands beside it in the batch", async () => {
  await withEncoder(async (encoder) => {
    const texts = ["sea", "a boat, a bird, a sea, bread and salt", "Salt bread", ""];
    const together = await encoder.encode(texts);
    expectAllClose(together[0]!, expected("sea"), { atol: 1e-6 });
    expectAllClose(together[2]!, expected("salt", "bread"), { atol: 1e-6 });
    expect([...together[3]!]).toEqual([0, 0, 0]);
    for (const [i, text] of texts.entries()) {
      expectAllClose((await encoder.encode([text]))[0]!, together[i]!, { atol: 1e-6 });
    }
  });
});

test("a long text is the mean of its passages", async () => {
  await withEncoder(
    async (encoder) => {
      const [found] = await encoder.encode(["sea sea bird bird"]);
      const parts = [expected("sea", "sea"), expected("bird", "bird")];
      const sum = [0, 1, 2].map((i) => parts[0]![i]! + parts[1]![i]!);
      expectAllClose(
        found!,
        sum.map((it) => it / Math.hypot(...sum)),
        { atol: 1e-6 },
      );
    },
    { maxPieces: 4, passages: 2 },
  );
});

test("hundreds of texts of all lengths come back in their order", async () => {
  await withEncoder(
    async (encoder) => {
      const words = Array.from({ length: 300 }, (_, i) =>
        Array.from({ length: (i * 7) % 90 }, (_, j) => exampleWords[(i + j) % 6]!),
      );
      const found = await encoder.encode(words.map((it) => it.join(" ")));
      for (const [i, it] of words.entries()) {
        expectAllClose(found[i]!, it.length === 0 ? [0, 0, 0] : expected(...it), { atol: 1e-5 });
      }
    },
    { maxPieces: 128 },
  );
});

test("a graph is read as ONNX even where its bytes begin like onnxruntime's own format", async () => {
  const unknownField = message([15, "..ORTM"]);
  expect(new TextDecoder().decode(unknownField.subarray(4, 8))).toBe("ORTM");
  await withEncoder(
    async (encoder) => {
      expectAllClose((await encoder.encode(["sea"]))[0]!, expected("sea"), { atol: 1e-6 });
    },
    { onnx: Uint8Array.of(...unknownField, ...options.onnx) },
  );
});

test("cancelling stops between two batches, and the encoder lives on", async () => {
  await withEncoder(
    async (encoder) => {
      const texts = Array.from({ length: 400 }, () => "sea bird ".repeat(40));
      const abort = new AbortController();
      const encoding = encoder.encode(texts, abort.signal);
      setTimeout(() => abort.abort(new Error("stop")), 1);
      await expect(encoding).rejects.toThrow("stop");
      await expect(encoder.encode(["sea"], abort.signal)).rejects.toThrow("stop");
      expectAllClose((await encoder.encode(["sea"]))[0]!, expected("sea"), { atol: 1e-6 });
    },
    { maxPieces: 128 },
  );
});

test("closing waits for the batch that runs; what comes later is refused", async () => {
  const encoder = await openTextEncoder(options);
  const running = encoder.encode(["sea"]);
  await encoder.dispose();
  await encoder.dispose();
  await running.catch((error) => expect(error).toBeInstanceOf(EncoderError));
  await expect(encoder.encode(["sea"])).rejects.toThrow(EncoderError);
});

test.each([
  ["bytes that are no graph", { onnx: Uint8Array.of(1, 2, 3) }, /cannot be loaded/],
  ["embeddings of another width", { hidden: 4 }, /gave 3 values, expected 1 x 4/],
  ["numbers that are none", { onnx: exampleOnnx({ table: table.map(() => [Number.NaN, 0, 0]) }) }, /finite/],
  ["a vocabulary that is smaller than the tokenizer's", { onnx: exampleOnnx({ table: table.slice(0, 2) }) }, /failed/],
])("an encoder is refused at its start: %s", async (_, changes, message) => {
  const error = await openTextEncoder({ ...options, ...changes }).catch((it) => it);
  expect(error).toBeInstanceOf(EncoderError);
  expect(error.message).toMatch(message);
});
