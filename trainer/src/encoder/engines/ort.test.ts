import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect, test } from "vitest";
import { hasCudaProvider } from "./available.ts";
import { EngineError } from "./engine.ts";
import { engineContract } from "./engine-contract.ts";
import { newOrtEngine } from "./ort.ts";
import { newTfjsEngine } from "./tfjs.ts";

engineContract(
  "onnxruntime on CPU",
  () => newOrtEngine("cpu", { threads: 1 }),
  async () => newTfjsEngine(tf, "plain"),
);

test("the description names the library and the threads", async () => {
  const engine = await newOrtEngine("cpu", { threads: 2 });
  expect(engine.description).toMatch(/^CPU, onnxruntime \d+\.\d+\.\d+, 2 threads$/u);
  await engine.dispose();
});

test.skipIf(hasCudaProvider())("CUDA without its binaries is an error that says how to get them", async () => {
  await expect(newOrtEngine("cuda")).rejects.toThrow(EngineError);
  await expect(newOrtEngine("cuda")).rejects.toThrow("npm rebuild onnxruntime-node");
});
