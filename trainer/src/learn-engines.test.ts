// The whole recursion on engines of other kinds: what they learn is what the CPU learns, to within rounding.
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect, test } from "vitest";
import type { Engine } from "./encoder/engines/engine.ts";
import { newOrtEngine } from "./encoder/engines/ort.ts";
import { newTfjsEngine } from "./encoder/engines/tfjs.ts";
import { openWebGpu } from "./encoder/engines/webgpu-here.ts";
import { embedWith } from "./fine-tune/embed.ts";
import { learnEncoder } from "./learn-encoder.ts";
import type { ProgressEvent } from "./progress.ts";
import { newWorkerPool } from "./ranker/worker-pool.ts";
import { problem, recipe } from "./test-engines.ts";

const webGpu = await openWebGpu();
const engines: [string, Engine][] = [["TensorFlow.js", newTfjsEngine(tf, "TensorFlow.js, plain")]];
if (typeof webGpu === "string") test.skip(`WebGPU: skipped, no GPU and no SwiftShader: ${webGpu}`, () => {});
else engines.push(["WebGPU", webGpu]);

test.each(engines)(
  "%s learns level by level what the CPU learns, going on from a checkpoint",
  async (_, engine) => {
    const { encoder, set, pieces, heldOut } = await problem(scratchFolder, 2);
    const pool = newWorkerPool(1);
    const events: ProgressEvent[] = [];
    const learn = (on: Engine, checkpoints: string, onEvent?: (event: ProgressEvent) => void, signal?: AbortSignal) =>
      learnEncoder(encoder, set, pieces, heldOut, recipe, {
        ...{ engine: on, pool, checkpoints, freeze: false, checkpointSteps: 8, signal },
        onProgress(event) {
          events.push(event);
          onEvent?.(event);
        },
      });
    const folder = () => path.join(scratchFolder(), "model.training");
    const cpu = await newOrtEngine("cpu", { threads: 1 });
    try {
      const expected = (await learn(cpu, folder())).embeddings.values;
      const losses = lastLosses(events);
      expect(losses).toHaveLength(2);
      events.length = 0;

      const cut = new AbortController();
      const stop = (it: ProgressEvent) => it.type === "checkpoint" && it.step === 16 && cut.abort(new Error("enough"));
      const checkpoints = folder();
      await expect(learn(engine, checkpoints, stop, cut.signal)).rejects.toThrow("enough");
      const resumedAt = events.length;
      const { values } = (await learn(engine, checkpoints)).embeddings;
      expect(events.slice(resumedAt).find((it) => it.type === "step")).toMatchObject({ step: 17 });

      for (const [level, loss] of lastLosses(events).entries()) expect(loss / losses[level]!).toBeCloseTo(1, 2);
      const untuned = await embedWith(cpu, encoder.shape, encoder.weights, pieces, 32, () => undefined);
      // On the CPU a level starts from embeddings by 8-bit weights.
      expect(distance(values, expected)).toBeLessThan(0.25 * distance(untuned, expected));
    } finally {
      await Promise.all([cpu, engine, pool].map((it) => it.dispose()));
    }
  },
  300_000,
);

/** Of each level's last step, which is always said. */
function lastLosses(events: readonly ProgressEvent[]): number[] {
  return events.flatMap((it) => (it.type === "step" && it.step === it.steps ? [it.loss] : []));
}

function distance(ours: Float32Array, theirs: Float32Array): number {
  expect(ours.length).toBe(theirs.length);
  return Math.hypot(...ours.map((it, i) => it - theirs[i]!));
}
