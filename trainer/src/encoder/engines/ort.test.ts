import { createHash } from "node:crypto";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect, test } from "vitest";
import { hasCudaProvider } from "./available.ts";
import { EngineError, type Tensors } from "./engine.ts";
import { engineContract } from "./engine-contract.ts";
import { newOrtEngine } from "./ort.ts";
import { newTfjsEngine } from "./tfjs.ts";
import { newTinyStep } from "./tiny-step.ts";

engineContract(
  "onnxruntime on CPU",
  () => newOrtEngine("cpu", { threads: 2 }),
  async () => newTfjsEngine(tf, "plain"),
);

test("steps of a wide encoder end in the same bits each time, by several threads", async () => {
  const sizes = { hidden: 128, heads: 4, intermediate: 512, positions: 64, batch: 32, length: 64 };
  const train = async (threads: number) => {
    const engine = await newOrtEngine("cpu", { threads });
    const { graph, state, feeds, take } = newTinyStep(sizes);
    const program = await engine.load(graph, state);
    const hash = createHash("sha256");
    const add = (values: Tensors) => {
      for (const [name, { data }] of values) hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset));
    };
    for (let step = 0; step < 3; step++) {
      const results = await program.run(feeds(step));
      take(results);
      add(results);
    }
    add(await program.readState());
    await program.dispose();
    await engine.dispose();
    return hash.digest("hex");
  };
  for (const threads of [2, 4]) {
    const first = await train(threads);
    for (let again = 0; again < 2; again++) expect(await train(threads)).toBe(first);
  }
}, 60_000);

test("the description names the library and the threads", async () => {
  const engine = await newOrtEngine("cpu", { threads: 2 });
  expect(engine.description).toMatch(/^CPU, onnxruntime \d+\.\d+\.\d+, 2 threads$/u);
  await engine.dispose();
});

test.skipIf(hasCudaProvider())("CUDA without its binaries is an error that says how to get them", async () => {
  await expect(newOrtEngine("cuda")).rejects.toThrow(EngineError);
  await expect(newOrtEngine("cuda")).rejects.toThrow("npm rebuild onnxruntime-node");
});
