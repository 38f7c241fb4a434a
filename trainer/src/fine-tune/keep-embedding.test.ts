import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import type { EmbeddingPart } from "./embed.ts";
import { type EmbeddingTask, keepEmbedding } from "./keep-embedding.ts";
import { newPieceCollector } from "./pieces.ts";

function task(weight: number, piece = 1): EmbeddingTask {
  const collector = newPieceCollector();
  for (let d = 0; d < 3; d++) collector.add([Int32Array.of(piece, d)]);
  const words = { type: "float32", shape: [1], data: Float32Array.of(weight) } as const;
  return { weights: new Map([["words", words]]), pieces: collector.finish(), maxPieces: 8, hidden: 2 };
}

test("an embedding is made once for the same weights and pieces, and again for others or where it was damaged", async () => {
  const folder = path.join(scratchFolder(), "share");
  let made = 0;
  const ask = (of: EmbeddingTask) => keepEmbedding(folder, of, async () => new Float32Array(6).fill(++made));
  expect([...(await ask(task(1)))]).toEqual([1, 1, 1, 1, 1, 1]);
  expect([...(await ask(task(1)))]).toEqual([1, 1, 1, 1, 1, 1]);
  expect((await ask(task(2)))[0]).toBe(2);
  expect((await ask(task(2, 7)))[0]).toBe(3);
  expect((await ask(task(2, 7)))[0]).toBe(3);
  const kept = path.join(folder, readdirSync(folder)[0]!);
  const tensors = path.join(kept, readdirSync(kept).find((it) => it.endsWith(".safetensors"))!);
  const bytes = readFileSync(tensors);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(tensors, bytes);
  expect((await ask(task(2, 7)))[0]).toBe(4);
});

test("a part that was kept is gone on from, for the same task alone", async () => {
  const folder = path.join(scratchFolder(), "part");
  const asked: number[] = [];
  const make = (until: number) => async (part: EmbeddingPart) => {
    asked.push(part.done);
    for (let done = part.done; done < until; ) {
      part.values.fill(10 + done, 2 * done, 2 * done + 2);
      await part.keep(++done);
    }
    if (until < 3) throw new Error("cut off");
    return part.values;
  };
  await expect(keepEmbedding(folder, task(1), make(2), 1)).rejects.toThrow("cut off");
  await expect(keepEmbedding(folder, task(1), make(1), 2)).rejects.toThrow("cut off");
  expect([...(await keepEmbedding(folder, task(1), make(3), 1))]).toEqual([10, 10, 11, 11, 12, 12]);
  expect(asked).toEqual([0, 2, 2]);
  await expect(keepEmbedding(folder, task(2), make(2), 2)).rejects.toThrow("cut off");
  expect([...(await keepEmbedding(folder, task(3), make(3), 1))]).toEqual([10, 10, 11, 11, 12, 12]);
  expect(asked).toEqual([0, 2, 2, 0, 0]);
});
