import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect, test } from "vitest";
import { EngineError } from "./engine.ts";
import { engineContract } from "./engine-contract.ts";
import { newOrtEngine } from "./ort.ts";
import { newTfjsEngine } from "./tfjs.ts";
import { newTinyStep } from "./tiny-step.ts";

const open = async () => newTfjsEngine(tf, "TensorFlow.js, plain");

engineContract("TensorFlow.js on its CPU backend", open, () => newOrtEngine("cpu", { threads: 1 }));

test("a graph that does not fit on the device leaves nothing there, wherever its loading ends", async () => {
  const { graph, state } = newTinyStep();
  const before = tf.memory().numTensors;
  const roomFor = (most: number) => {
    let made = 0;
    const tensor = (...values: Parameters<typeof tf.tensor>) => {
      if (++made > most) throw new Error("out of memory");
      return tf.tensor(...values);
    };
    return newTfjsEngine({ ...tf, tensor } as typeof tf, "small");
  };
  const needed = graph.constants.filter((it) => it.type !== "int64").length + state.size;
  for (const most of [0, 1, needed >> 1, needed - 1]) {
    await expect(roomFor(most).load(graph, state)).rejects.toThrow(EngineError);
    expect(tf.memory().numTensors).toBe(before);
  }
  await (await roomFor(needed).load(graph, state)).dispose();
  expect(tf.memory().numTensors).toBe(before);
});

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
