import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { expect, test } from "vitest";
import { chooseEngine, openEngine } from "./choose.ts";
import { type Engine, EngineError, type EngineName, type HostTensor, type Program, type Tensors } from "./engine.ts";
import { newOrtEngine } from "./ort.ts";
import { newTfjsEngine } from "./tfjs.ts";
import { newTinyStep } from "./tiny-step.ts";

const tiny = newTinyStep();
const trial = { graph: tiny.graph, state: tiny.state, feeds: tiny.feeds(0) };

interface Behaviour {
  readonly wait?: number;
  readonly loss?: number;
  readonly fails?: string;
  /** What it throws, as no error of ours, when it is to free something. */
  readonly sticks?: string;
}

/** Engines that only sleep and answer: `loss` is what they compute, `fails` what they throw. */
function fakes(behaviour: Partial<Record<EngineName, Behaviour>>) {
  const open = new Set<EngineName>();
  const opened: EngineName[] = [];
  return {
    stillOpen: open,
    opened,
    open: async (name: EngineName): Promise<Engine> => {
      const { wait = 0, loss = 1, fails, sticks } = behaviour[name]!;
      opened.push(name);
      open.add(name);
      const run = async () => {
        await new Promise((resolve) => setTimeout(resolve, wait));
        if (fails !== undefined) throw new EngineError(fails);
        return new Map<string, HostTensor>([["loss", { type: "float32", shape: [1], data: Float32Array.of(loss) }]]);
      };
      const free = async () => {
        if (sticks !== undefined) throw new Error(sticks);
      };
      const program = { run, readState: async () => new Map(), writeState: async () => {}, dispose: free };
      return {
        name,
        description: name,
        load: async () => program,
        dispose: async () => {
          open.delete(name);
          await free();
        },
      };
    },
  };
}

test("auto takes the fastest of two steps, says why, and closes the others", async () => {
  const { open, stillOpen } = fakes({ cpu: { wait: 60 }, webgpu: { wait: 5 }, tfjs: { wait: 120 } });
  const chosen = await chooseEngine("auto", trial, { threads: 1, open, tryOut: ["cpu", "webgpu", "tfjs"] });
  expect(chosen.engine.name).toBe("webgpu");
  expect(chosen.reason).toMatch(/^fastest here: a trial step took [\d.]+ ms, [\d.]+ ms on cpu, [\d.]+ ms on tfjs$/u);
  expect(chosen.notes).toEqual([]);
  expect([...stillOpen]).toEqual(["webgpu"]);
});

test("auto falls back to the CPU from a GPU that fails or computes wrongly, with a note", async () => {
  const { open, stillOpen } = fakes({ cpu: { wait: 20 }, webgpu: { fails: "device lost" }, cuda: { loss: 1.3 } });
  const chosen = await chooseEngine("auto", trial, { threads: 1, open, tryOut: ["cpu", "webgpu", "cuda"] });
  expect(chosen.engine.name).toBe("cpu");
  expect(chosen.reason).toBe("the only one that works here");
  expect(chosen.notes).toEqual([
    "webgpu is out: device lost",
    "cuda is out: it computes loss 1.300 where the CPU computes 1.000",
  ]);
  expect([...stillOpen]).toEqual(["cpu"]);
});

test("a GPU without 16-bit numbers is not worth a note, one that computes wrongly with them is", async () => {
  const { open } = fakes({ cpu: { wait: 20 }, webgpu: { wait: 1 }, webgpu16: { loss: 1.3 } });
  const tryOut = ["cpu", "webgpu", "webgpu16"] as const;
  const wrong = await chooseEngine("auto", trial, { threads: 1, open, tryOut });
  expect(wrong.notes).toEqual(["webgpu16 is out: it computes loss 1.300 where the CPU computes 1.000"]);
  const lacking = async (name: EngineName) => {
    if (name === "webgpu16") throw new EngineError("no 16-bit numbers");
    return open(name);
  };
  const chosen = await chooseEngine("auto", trial, { threads: 1, open: lacking, tryOut });
  expect(chosen.engine.name).toBe("webgpu");
  expect(chosen.notes).toEqual([]);
});

test("auto leaves a device that cannot even be freed, and says why it failed before that", async () => {
  const sticks = "device lost: nothing was freed";
  const { open } = fakes({ cpu: { wait: 20 }, webgpu: { fails: "device lost", sticks }, cuda: { wait: 60, sticks } });
  const chosen = await chooseEngine("auto", trial, { threads: 1, open, tryOut: ["cpu", "webgpu", "cuda"] });
  expect(chosen.engine.name).toBe("cpu");
  expect(chosen.notes).toEqual(["webgpu is out: device lost"]);
});

test("auto where nothing runs is an error that names every reason", async () => {
  const { open } = fakes({ cpu: { fails: "no library" }, webgpu: { fails: "no adapter" } });
  const choice = chooseEngine("auto", trial, { threads: 1, open, tryOut: ["cpu", "webgpu"] });
  await expect(choice).rejects.toThrow("no engine runs here: cpu is out: no library; webgpu is out: no adapter");
});

test("the one asked for is opened and no other, and is not replaced where it fails", async () => {
  const { open, opened } = fakes({ cuda: {} });
  expect((await chooseEngine("cuda", trial, { threads: 1, open })).reason).toBe("asked for");
  expect(opened).toEqual(["cuda"]);
  const broken = async () => {
    throw new EngineError("not here");
  };
  await expect(chooseEngine("webgpu", trial, { threads: 1, open: broken })).rejects.toThrow("not here");
});

/** The CPU, under the name of a GPU, with a mistake in what it is fed or keeps. */
async function mistaken(run: (program: Program, feeds: Tensors) => Promise<Tensors>): Promise<Engine> {
  const engine = await newOrtEngine("cpu", { threads: 1 });
  return {
    name: "webgpu",
    description: "a GPU",
    load: async (graph, state) => {
      const program = await engine.load(graph, state);
      return {
        run: (feeds) => run(program, feeds),
        readState: (names) => program.readState(names),
        writeState: (values) => program.writeState(values),
        dispose: () => program.dispose(),
      };
    },
    dispose: () => engine.dispose(),
  };
}

const filledWith = (feeds: Tensors, name: string, change: (value: number) => number): Tensors => {
  const it = feeds.get(name)!;
  return new Map(feeds).set(name, { ...it, data: (it.data as Float32Array).map(change) });
};

test.each<[string, (program: Program, feeds: Tensors) => Promise<Tensors>]>([
  ["keeps no state from step to step", (program, feeds) => program.run(feeds, () => false)],
  ["reads padding", (program, feeds) => program.run(filledWith(feeds, "mask", () => 1))],
  ["takes steps of half the size", (program, feeds) => program.run(filledWith(feeds, "rate", (it) => it / 2))],
  ["forgets how much gradients differ", (program, feeds) => program.run(filledWith(feeds, "secondScale", () => 1))],
])("on the real graph, a GPU is out that %s", async (_, run) => {
  const { engine, notes } = await chooseEngine("auto", trial, {
    threads: 1,
    open: async (name) => (name === "cpu" ? openEngine(name, 1) : mistaken(run)),
    tryOut: ["cpu", "webgpu"],
  });
  expect(engine.name).toBe("cpu");
  expect(notes).toEqual([expect.stringMatching(/^webgpu is out: it computes .* the CPU computes/u)]);
  await engine.dispose();
});

test("on the real graph, auto takes an engine of another library for as good as the CPU", async () => {
  const { engine, notes } = await chooseEngine("auto", trial, {
    threads: 1,
    open: async (name) => (name === "cpu" ? openEngine(name, 1) : newTfjsEngine(tf, "TensorFlow.js, plain")),
    tryOut: ["cpu", "tfjs"],
  });
  expect(notes).toEqual([]);
  await engine.dispose();
});

test("on the real graph, auto finds an engine on any machine, and it leaves the state alone", async () => {
  const { engine } = await chooseEngine("auto", trial, { threads: 1, open: openEngine, tryOut: ["cpu", "cpu"] });
  const program = await engine.load(trial.graph, trial.state);
  expect(await program.readState()).toEqual(trial.state);
  await program.dispose();
  await engine.dispose();
});
