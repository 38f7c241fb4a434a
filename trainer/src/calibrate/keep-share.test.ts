import { expect, test } from "vitest";
import type { EncoderWeights } from "../encoder/source/pretrained.ts";
import { interpolate, keepShare } from "./keep-share.ts";
import type { WeighedEmbedding } from "./rehearse-embedding.ts";

const one = (value: number): EncoderWeights =>
  new Map([
    ["words", { type: "float32", shape: [2], data: Float32Array.of(value, 2 * value) }],
    ["norm.scale", { type: "float32", shape: [1], data: Float32Array.of(value) }],
  ]);
const numbers = (weights: EncoderWeights) => [...weights.values()].flatMap(({ data }) => [...(data as Float32Array)]);
const reaching = (ndcg: number) =>
  ({ weight: 2, tried: [{ weight: 2, precision: 0, ndcg }] }) as unknown as WeighedEmbedding;

/** What is kept where weights of this value reach `ndcg(value)`; published are 0, tuned are 4. */
async function keep(ndcg: (value: number) => number) {
  const tuned = { weights: one(4), weighed: reaching(ndcg(4)) };
  return keepShare([0, 0.5], one(0), tuned, async (weights) => reaching(ndcg(numbers(weights)[0]!)));
}

test("weights between two lie on the line between them, and the ends are the two", () => {
  const [from, to] = [one(1), one(3)];
  expect(numbers(interpolate(from, to, 0.5))).toEqual([2, 4, 2]);
  expect(numbers(interpolate(from, to, 1))).toEqual(numbers(to));
  expect(interpolate(from, to, 0)).toBe(from);
  const lacks = new Map([["words", to.get("words")!]]);
  expect(numbers(interpolate(from, lacks, 0.5))).toEqual([2, 4, 1]);
});

test("the share that is best on held-out documents is kept, with its weights", async () => {
  const half = await keep((value) => 1 - Math.abs(value - 2) / 10);
  expect(half.share).toBe(0.5);
  expect(numbers(half.weights)).toEqual([2, 4, 2]);
  expect(half.tried.map(({ share }) => share)).toEqual([1, 0.5, 0]);
  expect((await keep((value) => -value)).share).toBe(0);
  expect((await keep((value) => value)).share).toBe(1);
});

test("of equal shares the largest is kept, and without others all of it", async () => {
  expect((await keep(() => 0.7)).share).toBe(1);
  const tuned = { weights: one(4), weighed: reaching(0.1) };
  const never = async (): Promise<WeighedEmbedding> => Promise.reject(new Error("not asked"));
  expect(await keepShare([], one(0), tuned, never)).toMatchObject({ share: 1, tried: [{ share: 1, ndcg: 0.1 }] });
});
