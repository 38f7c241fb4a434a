// What every engine must do, as one suite: the same steps give the same weights, and the state is the caller's to accept.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import { scatterAdd } from "../graph/operators.ts";
import type { EncoderShape } from "../source/pretrained.ts";
import type { Engine, HostTensor, Program, Tensors } from "./engine.ts";
import { newTinyEncoding, newTinyStep } from "./tiny-step.ts";

/** `openOther` gives an engine of another library, whose weights after twenty steps of a transformer must be the same. */
export function engineContract(name: string, open: () => Promise<Engine>, openOther: () => Promise<Engine>): void {
  describe(name, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine?.dispose());

    async function withProgram(work: (program: Program) => Promise<void>, state = regressionState()): Promise<void> {
      const program = await engine.load(regression, state);
      try {
        await work(program);
      } finally {
        await program.dispose();
      }
    }

    test("twenty steps give the weights that the recurrence gives, whatever the number of rows", () =>
      withProgram(async (program) => {
        const expected = newTwin();
        for (let step = 0; step < 20; step++) {
          const feeds = regressionFeeds(1 + (step % 5), step);
          const results = await program.run(feeds);
          expectClose(results.get("loss")!, [expected.step(feeds)]);
          expect([...results.keys()].sort()).toEqual(["loss", "prediction"]);
          expect(results.get("prediction")!.shape).toEqual([1 + (step % 5), 1]);
        }
        const state = await program.readState();
        expect([...state.keys()].sort()).toEqual(["momentum", "scale", "weights"]);
        expectClose(state.get("weights")!, expected.weights);
        expectClose(state.get("momentum")!, expected.momentum);
        expect([...state.get("scale")!.data]).toEqual([0.5]);
      }));

    test.each(["bert", "mpnet"] as const)(
      "twenty steps of a tiny %s give the weights that another library gives",
      async (it) => {
        const other = await openOther();
        const [ours, theirs] = [await trainTiny(engine, it), await trainTiny(other, it)];
        await other.dispose();
        expect(ours.losses.at(-1)!).toBeLessThan(ours.losses[0]! / 2);
        expectAllClose(ours.losses, theirs.losses, 1e-3);
        for (const [key, { data }] of ours.state) {
          // A bias of the keys moves all scores of a row alike: its gradient is rounding, which AdamW scales up.
          if (/\.(?:first|second)$|key\.bias$/u.test(key)) continue;
          expectAllClose(Array.from(data, Number), Array.from(theirs.state.get(key)!.data, Number), 2e-3, key);
        }
      },
      120_000,
    );

    test.each([
      ["bert", "mean"],
      ["bert", "pooler"],
      ["distilbert", "first"],
      ["roberta", "pooler"],
      ["mpnet", "mean"],
      ["mpnet", "first"],
    ] as const)("%s, pooled by %s, embeds texts as another library does", async (family, pooling) => {
      const other = await openOther();
      const [ours, theirs] = [await embedTiny(engine, family, pooling), await embedTiny(other, family, pooling)];
      await other.dispose();
      expect(ours.shape).toEqual([3, 8]);
      const [found, expected] = [ours, theirs].map(({ data }) => Array.from(data, Number)) as [number[], number[]];
      expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.1);
      expectAllClose(found, expected, 1e-4, "embedding");
    });

    test("rows that repeat add up to the last addend, each time", async () => {
      const { graph, feeds, sums } = repeatedRows();
      const program = await engine.load(graph, new Map());
      for (let round = 0; round < 10; round++) {
        expect(Buffer.compare(bytesOf((await program.run(feeds)).get("sums")!), bytesOf(sums))).toBe(0);
      }
      await program.dispose();
    });

    test("a step that is not accepted leaves the state as it was", () =>
      withProgram(async (program) => {
        const expected = newTwin();
        for (let step = 0; step < 3; step++) {
          await program.run(regressionFeeds(2, 40 + step), (results) => (results.get("loss")!.data[0] as number) < 0);
          await program.run(regressionFeeds(2, step), () => true);
          expected.step(regressionFeeds(2, step));
        }
        await expect(
          program.run(regressionFeeds(2, 9), () => {
            throw new RangeError("no");
          }),
        ).rejects.toThrow("no");
        expectClose((await program.readState(["weights"])).get("weights")!, expected.weights);
      }));

    test("state that is written is state that is read, and what was read stays as it was", () =>
      withProgram(async (program) => {
        const written = tensor([3, 1], [7, 8, 9]);
        await program.writeState(new Map([["weights", written]]));
        (written.data as Float32Array).fill(0);
        const before = await program.readState(["weights"]);
        expect([...before.keys()]).toEqual(["weights"]);
        await program.run(regressionFeeds(4, 1));
        expect([...before.get("weights")!.data]).toEqual([7, 8, 9]);
        expect([...(await program.readState(["weights"])).get("weights")!.data]).not.toEqual([7, 8, 9]);
        expect([...(await program.readState(["momentum"])).get("momentum")!.data]).not.toEqual([0, 0, 0]);
      }));

    test("a program goes on from state that another left", async () => {
      const expected = newTwin();
      let state = regressionState();
      for (let half = 0; half < 2; half++) {
        await withProgram(async (program) => {
          for (let step = 0; step < 5; step++) {
            await program.run(regressionFeeds(3, 5 * half + step));
            expected.step(regressionFeeds(3, 5 * half + step));
          }
          state = await program.readState();
        }, state);
      }
      expectClose(state.get("weights")!, expected.weights);
    });

    test("feeds and state that do not fit are refused by name, and change nothing", () =>
      withProgram(async (program) => {
        const good = regressionFeeds(2, 0);
        const wrong = (key: string, value: HostTensor) => program.run(new Map([...good, [key, value]]));
        await expect(program.run(new Map([["x", good.get("x")!]]))).rejects.toThrow('feed "y" is missing');
        await expect(wrong("z", good.get("y")!)).rejects.toThrow('feed "z" is no input');
        await expect(wrong("weights", good.get("y")!)).rejects.toThrow('feed "weights" is no input');
        await expect(wrong("x", tensor([2, 4], new Array(8).fill(1)))).rejects.toThrow("expects float32 [rows, 3]");
        await expect(wrong("y", tensor([3, 1], [1, 2, 3]))).rejects.toThrow("expects float32 [2, 1]");
        await expect(wrong("y", tensor([2, 1], [1]))).rejects.toThrow("its data is 1 elements in a Float32Array");
        await expect(wrong("y", { ...tensor([2, 1], [1, 2]), data: Int32Array.of(1, 2) })).rejects.toThrow(
          "Int32Array",
        );
        await expect(wrong("y", { ...tensor([2, 1], [1, 2]), type: "int32" })).rejects.toThrow("is int32 [2, 1]");
        await expect(program.writeState(new Map([["weights", tensor([2], [1, 2])]]))).rejects.toThrow(RangeError);
        await expect(program.writeState(new Map([["x", tensor([2], [1, 2])]]))).rejects.toThrow('"x" is no state');
        await expect(program.readState(["loss"])).rejects.toThrow('"loss" is no state');
        expect(await program.readState()).toEqual(regressionState());
        await expect(engine.load(regression, new Map([...regressionState()].slice(1)))).rejects.toThrow("has no value");
      }));

    test("a program is used by one caller at a time, and not after its end", () =>
      withProgram(async (program) => {
        const first = program.run(regressionFeeds(2, 0));
        await expect(program.run(regressionFeeds(2, 0))).rejects.toThrow("while it ran");
        await first;
        const last = program.run(regressionFeeds(2, 1));
        await program.dispose();
        await last;
        await program.dispose();
        await expect(program.readState()).rejects.toThrow("after its end");
      }));

    test("a graph with an operator that nobody knows does not load", async () => {
      const nodes = regression.nodes.map((it) => (it.op === "FusedMatMul" ? { ...it, op: "Sigmund" } : it));
      await expect(engine.load({ ...regression, nodes }, regressionState())).rejects.toThrow(/^(?!\/).*Sigmund/u);
    });
  });
}

const rate = 0.05;
const decay = 0.9;

/** Linear regression by gradient descent with momentum: loss = Σ (scale·x·w - y)². */
const regression: Graph = {
  name: "regression",
  inputs: [
    { name: "weights", type: "float32", shape: [3, 1] },
    { name: "momentum", type: "float32", shape: [3, 1] },
    { name: "scale", type: "float32", shape: [1] },
    { name: "x", type: "float32", shape: ["rows", 3] },
    { name: "y", type: "float32", shape: ["rows", 1] },
  ],
  outputs: [
    { name: "prediction", type: "float32", shape: ["rows", 1] },
    { name: "next.weights", type: "float32", shape: [3, 1] },
    { name: "loss", type: "float32", shape: [] },
    { name: "next.momentum", type: "float32", shape: [3, 1] },
  ],
  constants: [
    { name: "rate", type: "float32", shape: [], data: Float32Array.of(rate) },
    { name: "decay", type: "float32", shape: [], data: Float32Array.of(decay) },
    { name: "axes", type: "int64", shape: [2], data: BigInt64Array.of(0n, 1n) },
  ],
  nodes: [
    { op: "FusedMatMul", domain: "com.microsoft", inputs: ["x", "weights"], outputs: ["product"] },
    { op: "Mul", inputs: ["product", "scale"], outputs: ["prediction"] },
    { op: "Sub", inputs: ["prediction", "y"], outputs: ["error"] },
    { op: "Mul", inputs: ["error", "error"], outputs: ["squares"] },
    {
      op: "ReduceSum",
      inputs: ["squares", "axes"],
      outputs: ["loss"],
      attributes: { keepdims: { kind: "int", value: 0 } },
    },
    {
      op: "Gemm",
      inputs: ["x", "error"],
      outputs: ["gradient"],
      attributes: { transA: { kind: "int", value: 1 }, alpha: { kind: "float", value: 1 } },
    },
    { op: "Mul", inputs: ["momentum", "decay"], outputs: ["decayed"] },
    { op: "Add", inputs: ["decayed", "gradient"], outputs: ["next.momentum"] },
    { op: "Mul", inputs: ["next.momentum", "rate"], outputs: ["move"] },
    { op: "Sub", inputs: ["weights", "move"], outputs: ["next.weights"] },
  ],
  state: [
    { input: "weights", output: "next.weights" },
    { input: "momentum", output: "next.momentum" },
    { input: "scale" },
  ],
};

function regressionState(): Tensors {
  return new Map([
    ["weights", tensor([3, 1], [1, -1, 0.5])],
    ["momentum", tensor([3, 1], [0, 0, 0])],
    ["scale", tensor([1], [0.5])],
  ]);
}

function regressionFeeds(rows: number, seed: number): Tensors {
  const wave = (count: number, frequency: number) =>
    Array.from({ length: count }, (_, i) => Math.round(100 * Math.sin(frequency * (i + 1) + seed)) / 100);
  return new Map([
    ["x", tensor([rows, 3], wave(3 * rows, 1.3))],
    ["y", tensor([rows, 1], wave(rows, 0.7))],
  ]);
}

/** The same recurrence in plain numbers. */
function newTwin() {
  const weights = [1, -1, 0.5];
  const momentum = [0, 0, 0];
  const step = (feeds: Tensors): number => {
    const [x, y] = [[...feeds.get("x")!.data].map(Number), [...feeds.get("y")!.data].map(Number)];
    const row = (i: number) => x.slice(3 * i, 3 * i + 3);
    const errors = y.map((it, i) => 0.5 * row(i).reduce((sum, value, k) => sum + value * weights[k]!, 0) - it);
    for (let k = 0; k < 3; k++) {
      momentum[k] = decay * momentum[k]! + errors.reduce((sum, it, i) => sum + it * row(i)[k]!, 0);
      weights[k]! -= rate * momentum[k]!;
    }
    return errors.reduce((sum, it) => sum + it * it, 0);
  };
  return { weights, momentum, step };
}

/** Many rows for few places of a table, in whole numbers: their sums are exact in any order. */
function repeatedRows(): { readonly graph: Graph; readonly feeds: Tensors; readonly sums: HostTensor } {
  const [rows, places, width] = [4096, 16, 128];
  const g = createBuilder();
  const table = g.input("table", "float32", ["places", width]);
  const indices = g.input("indices", "int32", ["rows"]);
  const updates = g.input("updates", "float32", ["rows", width]);
  const graph = g.finish("repeated rows", new Map([["sums", scatterAdd(g, table, indices, updates)]]));
  const at = Int32Array.from({ length: rows }, (_, i) => (i * i) % places);
  const values = Float32Array.from({ length: rows * width }, (_, i) => (i % 7) - 3);
  const sums = new Float32Array(places * width).fill(1);
  values.forEach((it, i) => {
    sums[at[Math.floor(i / width)]! * width + (i % width)]! += it;
  });
  const feeds = new Map<string, HostTensor>([
    ["table", tensor([places, width], new Array(places * width).fill(1))],
    ["indices", { type: "int32", shape: [rows], data: at }],
    ["updates", { type: "float32", shape: [rows, width], data: values }],
  ]);
  return { graph, feeds, sums: { type: "float32", shape: [places, width], data: sums } };
}

function bytesOf({ data }: HostTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function tensor(shape: readonly number[], values: readonly number[]): HostTensor {
  return { type: "float32", shape, data: Float32Array.from(values) };
}

async function trainTiny(
  engine: Engine,
  family: EncoderShape["family"],
): Promise<{ losses: number[]; state: Tensors }> {
  const tiny = newTinyStep({ family });
  const program = await engine.load(tiny.graph, tiny.state);
  const losses: number[] = [];
  for (let step = 0; step < 20; step++) {
    const results = await program.run(tiny.feeds(step));
    tiny.take(results);
    losses.push(Number(results.get("loss")!.data[0]));
  }
  const state = await program.readState();
  await program.dispose();
  return { losses, state };
}

async function embedTiny(
  engine: Engine,
  family: EncoderShape["family"],
  pooling: EncoderShape["pooling"],
): Promise<HostTensor> {
  const { graph, state, feeds } = newTinyEncoding(family, pooling);
  const program = await engine.load(graph, state);
  const results = await program.run(feeds);
  await program.dispose();
  return results.get("embedding")!;
}

function expectAllClose(
  actual: readonly number[],
  expected: readonly number[],
  tolerance: number,
  what = "losses",
): void {
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...actual.map((it, i) => Math.abs(it - expected[i]!)));
  expect(worst, what).toBeLessThan(tolerance);
}

function expectClose(actual: HostTensor, expected: readonly number[]): void {
  expect(actual.data.length).toBe(expected.length);
  expected.forEach((it, i) => {
    expect(Number(actual.data[i])).toBeCloseTo(it, 4);
  });
}
