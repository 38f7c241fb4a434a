// On this machine's GPU, or on SwiftShader, a GPU in software (node test/gpu/set-up.mjs installs it).
import * as ort from "onnxruntime-node";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Graph } from "../graph/graph.ts";
import { type Engine, EngineError, type HostTensor } from "./engine.ts";
import { engineContract } from "./engine-contract.ts";
import { newOrtEngine } from "./ort.ts";
import { newWebGpuCopies } from "./ort-webgpu.ts";
import { newTinyStep } from "./tiny-step.ts";
import { openWebGpu } from "./webgpu-here.ts";

const engine = await openWebGpu();

test("a copying session that could not be made is made at the next copy", async () => {
  const options: ort.InferenceSession.SessionOptions = { executionProviders: ["nowhere"] };
  const copies = newWebGpuCopies(ort, options);
  const tensor = new ort.Tensor("float32", [1, 2], [2]);
  await expect(copies.download(tensor)).rejects.toThrow();
  options.executionProviders = ["cpu"];
  expect((await copies.download(tensor)).data).toEqual(Float32Array.of(1, 2));
  await copies.dispose();
});

if (typeof engine === "string") {
  test.skip(`skipped, no GPU and no SwiftShader: ${engine}`, () => {});
} else {
  await engine.dispose();
  webGpuTests(() => newOrtEngine("webgpu"));
}

function webGpuTests(open: () => Promise<Engine>): void {
  engineContract("onnxruntime on WebGPU", open, () => newOrtEngine("cpu"));

  test("state stays on the device from step to step, and what comes back is results alone", async () => {
    const engine = await open();
    const created = vi.spyOn(ort.InferenceSession, "create");
    onTestFinished(() => created.mockRestore());
    const state = new Map<string, HostTensor>([
      ["weights", { type: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
      ["moment", { type: "float32", shape: [2], data: Float32Array.of(0, 1) }],
      ["count", { type: "int32", shape: [1], data: Int32Array.of(1) }],
      ["scale", { type: "float32", shape: [1], data: Float32Array.of(2) }],
    ]);
    const program = await engine.load(movingState, state);
    const sessions = await Promise.all(created.mock.results.map((it) => it.value as Promise<ort.InferenceSession>));
    const runs = vi.spyOn(sessions.find((it) => it.outputNames.includes("weights.next"))!, "run");
    let before: Record<string, ort.Tensor> = {};
    for (let step = 0; step < 3; step++) {
      const results = await program.run(new Map([["x", { type: "float32", shape: [2], data: Float32Array.of(1, 1) }]]));
      const given = runs.mock.calls[step]![0] as Record<string, ort.Tensor>;
      const made = (await runs.mock.results[step]!.value) as Record<string, ort.Tensor>;
      expect([...results.keys()]).toEqual(["twice"]);
      expect(made["twice"]!.location).toBe("cpu");
      expect(given["scale"]!.location).toBe("gpu-buffer");
      for (const { input, output } of movingState.state) {
        if (output === undefined) continue;
        expect([output, made[output]!.location]).toEqual([output, "gpu-buffer"]);
        // The very tensor that a step has made is what the next one is given.
        if (step > 0) expect(given[input]).toBe(before[output]);
      }
      before = made;
    }
    const ended = await program.readState();
    const numbers = Object.fromEntries([...ended].map(([name, { data }]) => [name, [...data].map(Number)]));
    expect(numbers).toEqual({ weights: [4, 8, 6, 10], moment: [3, 4], count: [8], scale: [2] });
    await program.dispose();
    await engine.dispose();
  });

  test("state of every element type keeps its values, on the device or beside it", async () => {
    const engine = await open();
    const types = ["float32", "int32", "int64", "int8", "uint8"] as const;
    const inputs = types.map((type) => ({ name: type, type, shape: [2, 2] }));
    const result = { name: "sum", type: "float32", shape: [2, 2] } as const;
    const graph = {
      name: "types",
      inputs,
      outputs: [result],
      constants: [],
      nodes: [{ op: "Add", inputs: ["float32", "float32"], outputs: ["sum"] }],
      state: types.map((input) => ({ input })),
    };
    const values = [1, -2, 3, 100];
    const data = {
      float32: Float32Array.from(values),
      int32: Int32Array.from(values),
      int64: BigInt64Array.from(values.map(BigInt)),
      int8: Int8Array.from(values),
      uint8: Uint8Array.from(values),
    };
    const state = new Map(types.map((type) => [type, { type, shape: [2, 2], data: data[type] }]));
    const program = await engine.load(graph, state);
    const results = await program.run(new Map());
    expect([...results.get("sum")!.data]).toEqual([2, -4, 6, 200]);
    expect(await program.readState()).toEqual(state);
    await program.dispose();
    await engine.dispose();
  });
}

const problem16 = await newOrtEngine("webgpu16").then(
  (it) => it.dispose(),
  (error: Error) => error,
);

if (problem16 === undefined) {
  test("with products in 16 bits, twenty steps go where they go in 32", async () => {
    const losses = new Map<string, number[]>();
    for (const name of ["cpu", "webgpu16"] as const) {
      const engine = await newOrtEngine(name);
      const { graph, state, feeds, take } = newTinyStep();
      const program = await engine.load(graph, state);
      const all: number[] = [];
      for (let step = 0; step < 20; step++) {
        const results = await program.run(feeds(step));
        all.push(results.get("loss")!.data[0] as number);
        take(results);
      }
      losses.set(name, all);
      await program.dispose();
      await engine.dispose();
    }
    const [expected, found] = [losses.get("cpu")!, losses.get("webgpu16")!];
    expect(expected.at(-1)!).toBeLessThan(expected[0]! / 2);
    const apart = Math.max(...expected.map((it, step) => Math.abs(found[step]! - it))) / expected[0]!;
    expect(apart).toBeLessThan(0.05);
    // In 32 bits it is a thousandth of that.
    expect(apart).toBeGreaterThan(1e-5);
  }, 120_000);
} else {
  test("a machine without 16-bit numbers on a GPU says so, with the cure", () => {
    expect(problem16).toBeInstanceOf(EngineError);
    expect(problem16.message).toMatch(
      /^the webgpu16 engine does not run here: .+; it needs a GPU, and a driver, with 16-bit numbers; take --engine webgpu, or --engine cpu$/u,
    );
  });
}

/** A step of a moment, of weights that it moves, and of a counter; and a scale that stays. */
const movingState: Graph = {
  name: "moving",
  inputs: [
    { name: "x", type: "float32", shape: [2] },
    { name: "weights", type: "float32", shape: [2, 2] },
    { name: "moment", type: "float32", shape: [2] },
    { name: "count", type: "int32", shape: [1] },
    { name: "scale", type: "float32", shape: [1] },
  ],
  outputs: [
    { name: "twice", type: "float32", shape: [2] },
    { name: "weights.next", type: "float32", shape: [2, 2] },
    { name: "moment.next", type: "float32", shape: [2] },
    { name: "count.next", type: "int32", shape: [1] },
  ],
  constants: [],
  nodes: [
    { op: "Mul", inputs: ["x", "scale"], outputs: ["twice"] },
    { op: "Add", inputs: ["weights", "moment"], outputs: ["weights.next"] },
    { op: "Add", inputs: ["moment", "x"], outputs: ["moment.next"] },
    { op: "Add", inputs: ["count", "count"], outputs: ["count.next"] },
  ],
  state: [
    { input: "weights", output: "weights.next" },
    { input: "moment", output: "moment.next" },
    { input: "count", output: "count.next" },
    { input: "scale" },
  ],
};
