import { expect, test } from "vitest";
import { newOrtEngine } from "../encoder/engines/ort.ts";
import { readEncoderFolder } from "../encoder/source/read-encoder.ts";
import { tiny } from "../test-data.ts";
import { newTrial } from "./trial.ts";

test("a trial has texts of several lengths: who reads their padding gets other embeddings", async () => {
  const { shape, weights } = await readEncoderFolder(tiny("bert"));
  const { graph, state, feeds } = newTrial(shape, weights, { clip: 1, lowestShare: 0.12 });
  const mask = feeds.get("mask")!;
  const unmasked = new Map(feeds).set("mask", { ...mask, data: new Float32Array(mask.data.length).fill(1) });
  const engine = await newOrtEngine("cpu", { threads: 1 });
  const program = await engine.load(graph, state);
  const embed = async (fed: typeof feeds) =>
    (await program.run(fed, () => false)).get("embedding")!.data as Float32Array;
  const [expected, found] = [await embed(feeds), await embed(unmasked)];
  await program.dispose();
  await engine.dispose();
  const distance = Math.hypot(...expected.map((it, i) => found[i]! - it));
  // All tokens of so small an encoder are much alike; rounding is a thousandth of this. A MiniLM's differ by a tenth.
  expect(distance / Math.hypot(...expected)).toBeGreaterThan(1e-3);
});
