import { expect, test } from "vitest";
import { EngineError, type HostTensor, type Program } from "./engine.ts";
import { newFiniteProgram } from "./finite-program.ts";
import { newOrtEngine } from "./ort.ts";

const scalar = (value: number): HostTensor => ({ type: "float32", shape: [1], data: Float32Array.of(value) });

/** Adds `by` to its state, and says what came out of it. */
async function counter(): Promise<Program> {
  const value = { type: "float32", shape: [1] } as const;
  const engine = await newOrtEngine("cpu", { threads: 1 });
  const graph = {
    name: "counter",
    inputs: [
      { ...value, name: "count" },
      { ...value, name: "by" },
    ],
    outputs: [
      { ...value, name: "count.next" },
      { ...value, name: "seen" },
    ],
    constants: [],
    nodes: [
      { op: "Add", inputs: ["count", "by"], outputs: ["count.next"] },
      { op: "Add", inputs: ["count", "by"], outputs: ["seen"] },
    ],
    state: [{ input: "count", output: "count.next" }],
  };
  return engine.load(graph, new Map([["count", scalar(0)]]));
}

test("a result that is not finite fails the run, and the state stays as it was", async () => {
  const program = newFiniteProgram(await counter());
  const count = async () => (await program.readState()).get("count")!.data[0];
  await program.run(new Map([["by", scalar(2)]]));
  for (const bad of [Number.POSITIVE_INFINITY, Number.NaN]) {
    const run = program.run(new Map([["by", scalar(bad)]]));
    await expect(run).rejects.toThrow(EngineError);
    await expect(run).rejects.toThrow('"seen" has numbers that 16 bits cannot hold; continue');
    expect(await count()).toBe(2);
  }
  await program.run(new Map([["by", scalar(1)]]), () => false);
  expect(await count()).toBe(2);
  await program.writeState(new Map([["count", scalar(5)]]));
  await program.run(new Map([["by", scalar(1)]]));
  expect(await count()).toBe(6);
  await program.dispose();
});
