// Three steps of tiny encoders against PyTorch; test/parity/step-oracle.py made the numbers.
import { readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { expectAllClose } from "@tagwright/testing";
import { describe, expect, test } from "vitest";
import type { HostTensor } from "../engines/engine.ts";
import type { EncoderShape } from "../source/pretrained.ts";
import { bake, buildEncoder } from "./bert.ts";
import { trainingOperators } from "./operators.ts";
import { floats, type Run, withGraph } from "./run-graph.ts";
import { buildGradients, buildStep, type StepOptions } from "./step.ts";

interface OracleStep {
  readonly lengths: readonly number[];
  readonly length: number;
  readonly slots: readonly number[];
  readonly rate: number;
  readonly loss: number;
  readonly encoderNorm: number;
  readonly headNorm: number;
}

interface OracleCase {
  readonly loss: StepOptions["loss"];
  readonly clip: number;
  readonly decay: number;
  readonly layerDecay: number;
  readonly shape: EncoderShape;
  readonly steps: readonly OracleStep[];
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly float32: string }>>;
}

const file = path.join(import.meta.dirname, "../../../../test/fixtures/step-oracle.json.gz");
const oracle: { readonly cases: readonly OracleCase[] } = JSON.parse(gunzipSync(readFileSync(file)).toString());

function tensor({ tensors }: OracleCase, name: string): HostTensor {
  const { shape, float32 } = tensors[name]!;
  const bytes = new Uint8Array(Buffer.from(float32, "base64"));
  return { type: "float32", shape, data: new Float32Array(bytes.buffer) };
}

function named(it: OracleCase, prefix: string): [string, HostTensor][] {
  const names = Object.keys(it.tensors).filter((name) => name.startsWith(prefix));
  return names.map((name) => [name.slice(prefix.length), tensor(it, name)]);
}

const ones = (length: number) => new Float32Array(length).fill(1);
const zerosLike = ({ shape, data }: HostTensor) => floats(shape, new Float32Array(data.length));

/** Softmax ignores what all keys share, so this gradient is 0 but for rounding, and AdamW makes full steps of rounding. */
const isKeyBias = (name: string) => name.endsWith("key.bias");

/** Relative to the largest: small elements of a gradient are differences of large ones. */
function expectSameGradient(actual: HostTensor, expected: HostTensor): void {
  const largest = (expected.data as Float32Array).reduce((it, value) => Math.max(it, Math.abs(value)), 0);
  expectAllClose(actual.data as Float32Array, expected.data as Float32Array, { atol: 1e-4 * largest });
}

const tableNames = ["words", "positions", "head", "head.bias"] as const;
const feedOf = (table: string) => (table === "head.bias" ? table : `${table}.rows`);

/** The state and the tables of a run, and how a step is fed from them. */
class Training {
  readonly state = new Map<string, HostTensor>();
  readonly tables = new Map<string, HostTensor>();
  readonly case: OracleCase;

  constructor(it: OracleCase) {
    this.case = it;
    for (const [name, value] of named(it, "before.")) {
      const table = tableNames.find((known) => name === known || name === `${known}.rows`);
      for (const part of ["", ".first", ".second"])
        (table ? this.tables : this.state).set(`${table ?? name}${part}`, part === "" ? value : zerosLike(value));
    }
  }

  /** Rows of each table that step `index` touches; padding has a row too. */
  rowsOf(index: number): Record<(typeof tableNames)[number], readonly number[]> {
    const { slots, length } = this.case.steps[index]!;
    const ids = [...tensor(this.case, `step.${index}.ids`).data] as number[];
    const first = this.case.shape.firstPosition;
    const words = [...new Set(ids)].sort((a, b) => a - b);
    return { words, positions: Array.from({ length }, (_, i) => first + i), head: slots, "head.bias": slots };
  }

  feeds(index: number): Map<string, HostTensor> {
    const { rate } = this.case.steps[index]!;
    const rows = this.rowsOf(index);
    const feeds = new Map(this.state);
    for (const name of ["mask", "sign", "cost", "dropout"]) feeds.set(name, tensor(this.case, `step.${index}.${name}`));
    const { shape, data } = tensor(this.case, `step.${index}.ids`);
    feeds.set("ids", {
      type: "int32",
      shape,
      data: Int32Array.from(data as Float32Array, (id) => rows.words.indexOf(id)),
    });
    for (const name of tableNames)
      for (const part of ["", ".first", ".second"])
        feeds.set(part === "" ? feedOf(name) : `${name}${part}`, this.taken(`${name}${part}`, rows[name]));
    const t = index + 1;
    const scalars = {
      rate: rate / (1 - 0.9 ** t),
      headRate: rate / (1 - 0.9 ** t),
      secondScale: 1 / Math.sqrt(1 - 0.999 ** t),
      decay: rate * this.case.decay,
    };
    for (const [name, value] of Object.entries(scalars)) feeds.set(name, floats([1], [value]));
    return feeds;
  }

  async step(run: Run, index: number): Promise<Map<string, HostTensor>> {
    const results = await run(this.feeds(index));
    const rows = this.rowsOf(index);
    for (const name of this.state.keys()) this.state.set(name, results.get(`${name}.next`)!);
    for (const name of tableNames)
      for (const part of ["", ".first", ".second"])
        this.put(`${name}${part}`, rows[name], results.get(`${part === "" ? feedOf(name) : name + part}.next`)!);
    return results;
  }

  private width(name: string): number {
    return this.tables.get(name)!.shape[1] ?? 1;
  }

  private taken(name: string, rows: readonly number[]): HostTensor {
    const { shape, data } = this.tables.get(name)!;
    const width = this.width(name);
    const values = rows.flatMap((row) => [...(data as Float32Array).subarray(row * width, (row + 1) * width)]);
    return floats([rows.length, ...shape.slice(1)], values);
  }

  private put(name: string, rows: readonly number[], values: HostTensor): void {
    const width = this.width(name);
    const data = this.tables.get(name)!.data as Float32Array;
    rows.forEach((row, k) => {
      data.set((values.data as Float32Array).subarray(k * width, (k + 1) * width), row * width);
    });
  }
}

describe.each(oracle.cases)("$shape.family, $shape.pooling, $shape.activation, $loss", (it) => {
  const options = { loss: it.loss, clip: it.clip };

  test("loss and every gradient are those of PyTorch", async () => {
    const training = new Training(it);
    await withGraph(buildGradients(it.shape, options), async (run) => {
      const results = await run(training.feeds(0));
      expectAllClose(results.get("loss")!.data as Float32Array, [it.steps[0]!.loss], { atol: 0, rtol: 1e-5 });
      const rows = training.rowsOf(0);
      const gradients = named(it, "step.0.gradient.");
      expect(results.size).toBe(gradients.length + 1);
      for (const [name, expected] of gradients) {
        const table = tableNames.find((known) => known === name);
        const found = results.get(`gradient.${table ? feedOf(table) : name}`)!;
        const width = expected.shape[1] ?? 1;
        const wanted = table
          ? rows[table].flatMap((row) => [...(expected.data as Float32Array).subarray(row * width, (row + 1) * width)])
          : expected.data;
        if (isKeyBias(name)) expectAllClose(found.data as Float32Array, wanted as Float32Array, { atol: 1e-6 });
        else expectSameGradient(found, floats(found.shape, wanted as ArrayLike<number>));
      }
    });
  });

  test("three steps end in the weights of PyTorch, and say the same losses and norms", async () => {
    const training = new Training(it);
    await withGraph(buildStep(it.shape, { ...options, layerDecay: it.layerDecay }), async (run) => {
      for (const [index, { loss, encoderNorm, headNorm }] of it.steps.entries()) {
        const results = await training.step(run, index);
        const said = ["loss", "norm.encoder", "norm.head"].map((name) => results.get(name)!.data[0] as number);
        expectAllClose(said, [loss, encoderNorm, headNorm], { atol: 0, rtol: 5e-5 });
      }
    });
    for (const [name, expected] of named(it, "after.")) {
      if (isKeyBias(name)) continue;
      const found = training.tables.get(name) ?? training.state.get(name)!;
      expectAllClose(found.data as Float32Array, expected.data as Float32Array, { atol: 2e-5, rtol: 1e-4 });
    }
  });

  test("padding gets a gradient of exactly 0, and what it holds does not matter", async () => {
    const training = new Training(it);
    await withGraph(buildGradients(it.shape, options), async (run) => {
      const feeds = training.feeds(0);
      // The oracle pads with piece 1, which no text has; here its row holds large numbers.
      const { shape, data } = feeds.get("words.rows")!;
      const width = it.shape.hidden;
      const loud = Float32Array.from(data as Float32Array);
      loud
        .subarray(0, width)
        .fill(7)
        .fill(-9, width / 2);
      const results = await run(new Map(feeds).set("words.rows", floats(shape, loud)));
      expectAllClose(results.get("loss")!.data as Float32Array, [it.steps[0]!.loss], { atol: 0, rtol: 1e-5 });
      const gradient = results.get("gradient.words.rows")!.data as Float32Array;
      expect(gradient.subarray(0, width).every((value) => value === 0)).toBe(true);
      expect(gradient.subarray(width).some((value) => value !== 0)).toBe(true);
    });
  });

  test("the inference graph gives the embeddings of PyTorch", async () => {
    const weights = new Map(named(it, "before.")).set("types", floats([it.shape.hidden], ones(it.shape.hidden)));
    for (const [name, value] of named(it, "before.")) weights.set(name, value);
    await withGraph(bake(buildEncoder(it.shape), weights), async (run) => {
      const { shape, data } = tensor(it, "step.0.ids");
      const whole = (values: ArrayLike<number>): HostTensor => ({
        type: "int64",
        shape,
        data: BigInt64Array.from(Array.from(values), BigInt),
      });
      const mask = whole(tensor(it, "step.0.mask").data as Float32Array);
      const results = await run(
        new Map([
          ["input_ids", whole(data as Float32Array)],
          ["attention_mask", mask],
        ]),
      );
      const expected = tensor(it, "step.0.embedding").data as Float32Array;
      expectAllClose(results.get("embedding")!.data as Float32Array, expected, { atol: 1e-5, rtol: 1e-5 });
    });
  });
});

test("a frozen word table is fed without moments and is not given back", () => {
  const { shape } = oracle.cases[0]!;
  const graph = buildStep(shape, { loss: "bce", clip: 1, trainWords: false });
  const names = [...graph.inputs, ...graph.outputs].map(({ name }) => name).filter((name) => name.startsWith("words"));
  expect(names).toEqual(["words.rows"]);
});

test("graphs use no operator beyond the list that engines cover, and the list has no other", () => {
  const used = new Set<string>();
  for (const family of ["bert", "mpnet"] as const)
    for (const activation of ["gelu", "gelu_tanh", "relu"] as const)
      for (const pooling of ["mean", "first", "pooler"] as const)
        for (const loss of ["squared-hinge", "bce"] as const) {
          const shape = { ...oracle.cases[0]!.shape, family, activation, pooling };
          const graphs = [buildStep(shape, { loss, clip: 1 }), buildGradients(shape, { loss }), buildEncoder(shape)];
          for (const graph of graphs) for (const { op } of graph.nodes) used.add(op);
        }
  expect([...used].sort()).toEqual([...trainingOperators]);
});
