import { expect, test } from "vitest";
import type { Graph } from "../graph/graph.ts";
import { EngineError, type HostTensor, type Tensors } from "./engine.ts";
import { type Device, newResidentProgram } from "./resident-program.ts";

/** Counts up by what is fed; the device below computes it without looking. */
const graph: Graph = {
  name: "counter",
  inputs: [
    { name: "count", type: "float32", shape: [1] },
    { name: "by", type: "float32", shape: [1] },
  ],
  outputs: [
    { name: "next", type: "float32", shape: [1] },
    { name: "seen", type: "float32", shape: [1] },
  ],
  constants: [],
  nodes: [],
  state: [{ input: "count", output: "next" }],
};

const scalar = (value: number): HostTensor => ({ type: "float32", shape: [1], data: Float32Array.of(value) });
const named = (name: string, value: number): Tensors => new Map([[name, scalar(value)]]);

interface Cell {
  readonly value: number;
  freed: number;
}

/** A device whose memory is counted, and that can be taken away. */
function countingDevice() {
  const cells: Cell[] = [];
  const status = { lost: false, disposals: 0, room: Number.POSITIVE_INFINITY };
  const cell = (value: number): Cell => {
    if (cells.filter((it) => it.freed === 0).length >= status.room) throw new EngineError("out of memory");
    const made = { value, freed: 0 };
    cells.push(made);
    return made;
  };
  const alive = () => {
    if (status.lost) throw new EngineError("device lost");
  };
  const device: Device<Cell> = {
    upload: async (it) => cell(Number(it.data[0])),
    download: async (values) => new Map([...values].map(([name, it]) => [name, scalar(it.value)])),
    execute: async (state, feeds) => {
      alive();
      const sum = state.get("count")!.value + Number(feeds.get("by")!.data[0]);
      return { results: named("seen", sum), next: new Map([["next", cell(sum)]]) };
    },
    free: (it) => {
      it.freed++;
    },
    dispose: async () => {
      status.disposals++;
    },
  };
  return { device, cells, status };
}

test("every value on the device is freed once: refused, replaced, written over and last ones", async () => {
  const { device, cells, status } = countingDevice();
  const program = await newResidentProgram(graph, named("count", 1), device);
  await program.run(named("by", 1));
  await program.run(named("by", 5), () => false);
  await expect(
    program.run(named("by", 7), () => {
      throw new Error("stop");
    }),
  ).rejects.toThrow("stop");
  await program.writeState(named("count", 40));
  await program.run(named("by", 2));
  expect((await program.readState()).get("count")!.data[0]).toBe(42);
  expect(cells.filter((it) => it.freed === 0).map((it) => it.value)).toEqual([42]);
  await program.dispose();
  await program.dispose();
  expect(cells.map((it) => it.freed)).toEqual(cells.map(() => 1));
  expect(status.disposals).toBe(1);
});

test("an upload that does not fit frees what was uploaded before it, and the state stays", async () => {
  const twice: Graph = {
    ...graph,
    inputs: [...graph.inputs, { name: "scale", type: "float32", shape: [1] }],
    state: [...graph.state, { input: "scale" }],
  };
  const both = (count: number) => new Map([...named("count", count), ...named("scale", 2)]);
  const { device, cells, status } = countingDevice();
  status.room = 1;
  await expect(newResidentProgram(twice, both(1), device)).rejects.toThrow("out of memory");
  expect(cells.map((it) => it.freed)).toEqual([1]);
  status.room = 3;
  const program = await newResidentProgram(twice, both(1), device);
  await expect(program.writeState(both(40))).rejects.toThrow("out of memory");
  expect((await program.readState(["count"])).get("count")!.data[0]).toBe(1);
  await program.dispose();
  expect(cells.map((it) => it.freed)).toEqual([1, 1, 1, 1]);
});

test("a device that is lost in mid-run is an EngineError, and the state of the last good step can go elsewhere", async () => {
  const { device, status } = countingDevice();
  const program = await newResidentProgram(graph, named("count", 1), device);
  await program.run(named("by", 1));
  const checkpoint = await program.readState();
  status.lost = true;
  await expect(program.run(named("by", 1))).rejects.toThrow(EngineError);
  await program.dispose();
  const elsewhere = await newResidentProgram(graph, checkpoint, countingDevice().device);
  expect((await elsewhere.run(named("by", 1))).get("seen")!.data[0]).toBe(3);
  await elsewhere.dispose();
});

test("a device is given back where the state does not fit, and a graph that contradicts itself is refused", async () => {
  const { device, status } = countingDevice();
  await expect(newResidentProgram(graph, new Map(), device)).rejects.toThrow('state "count" of graph "counter"');
  expect(status.disposals).toBe(1);
  const nowhere = { ...graph, state: [{ input: "counter" }] };
  await expect(newResidentProgram(nowhere, new Map(), device)).rejects.toThrow('input "counter", which it lacks');
  const outputs = graph.outputs.map((it) => ({ ...it, shape: ["n"] }));
  await expect(newResidentProgram({ ...graph, outputs }, named("count", 1), device)).rejects.toThrow(
    'state "count" is float32 [1], its next value float32 [n]',
  );
});
