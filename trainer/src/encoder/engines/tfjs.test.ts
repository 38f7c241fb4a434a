import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect, test } from "vitest";
import { engineContract } from "./engine-contract.ts";
import { newOrtEngine } from "./ort.ts";
import { newTfjsEngine } from "./tfjs.ts";
import { newTinyStep } from "./tiny-step.ts";

const open = async () => newTfjsEngine(tf, "TensorFlow.js, plain");

engineContract("TensorFlow.js on its CPU backend", open, () => newOrtEngine("cpu", { threads: 1 }));

test("the memory of the device does not grow from step to step", async () => {
  const engine = await open();
  const tiny = newTinyStep();
  const before = tf.memory().numTensors;
  const program = await engine.load(tiny.graph, tiny.state);
  const loaded = tf.memory().numTensors;
  for (let step = 0; step < 4; step++) await program.run(tiny.feeds(step), () => step % 2 === 0);
  expect(tf.memory().numTensors).toBe(loaded);
  await program.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
