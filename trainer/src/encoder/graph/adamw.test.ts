import { expectAllClose } from "@tagwright/testing";
import { expect, test } from "vitest";
import { adamW, clipFactor, globalNorm } from "./adamw.ts";
import { createBuilder } from "./builder.ts";
import type { Graph } from "./graph.ts";
import { minus } from "./operators.ts";
import { floats, withGraph } from "./run-graph.ts";

const size = 4;

function updateGraph(limit: number): Graph {
  const g = createBuilder();
  const vector = (name: string) => g.input(name, "float32", [size]);
  const scalar = (name: string) => g.input(name, "float32", [1]);
  const parameter = { weight: vector("w"), first: vector("m"), second: vector("v"), gradient: vector("gradient") };
  const norm = globalNorm(g, [parameter.gradient]);
  const step = { clip: clipFactor(g, norm, limit), rate: scalar("rate"), secondScale: scalar("secondScale") };
  const { weight, first, second } = adamW(g, parameter, step, minus(g, g.scalar(1), scalar("decay")));
  return g.finish(
    "update",
    new Map([
      ["norm", norm],
      ["w.next", weight],
      ["m.next", first],
      ["v.next", second],
    ]),
  );
}

/** As in the paper, in float64: moments are means, the rate is not yet corrected. */
function paperStep(
  w: number[],
  m: number[],
  v: number[],
  gradient: readonly number[],
  t: number,
  rate: number,
  decay: number,
) {
  gradient.forEach((g, i) => {
    m[i] = 0.9 * m[i]! + 0.1 * g;
    v[i] = 0.999 * v[i]! + 0.001 * g * g;
    const direction = m[i]! / (1 - 0.9 ** t) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
    w[i] = w[i]! - rate * decay * w[i]! - rate * direction;
  });
}

test("steps follow the paper, with gradients clipped, tiny and zero, and a rate that changes down to 0", async () => {
  const limit = 2;
  const gradients = [
    [0.5, -1e-7, 0, 3],
    [0.1, 2e-8, 0, -8],
    [-0.3, 0, 0, 0.01],
    [1, 1, 0, 1],
  ];
  const rates = [0.01, 0.02, 0, 0.001];
  const decay = 0.1;
  const [w, m, v] = [
    [1, -1, 0.5, 0.1],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ];
  await withGraph(updateGraph(limit), async (run) => {
    let state = new Map(Object.entries({ w, m, v }).map(([name, it]) => [name, floats([size], it)]));
    for (const [index, gradient] of gradients.entries()) {
      const [t, rate] = [index + 1, rates[index]!];
      const results = await run(
        new Map([
          ...state,
          ["gradient", floats([size], gradient)],
          ["rate", floats([1], [rate / (1 - 0.9 ** t)])],
          ["secondScale", floats([1], [1 / Math.sqrt(1 - 0.999 ** t)])],
          ["decay", floats([1], [rate * decay])],
        ]),
      );
      const norm = Math.hypot(...gradient);
      expectAllClose(results.get("norm")!.data as Float32Array, [norm], { rtol: 1e-6 });
      const clip = Math.min(1, limit / (norm + 1e-6));
      paperStep(
        w!,
        m!,
        v!,
        gradient.map((it) => it * clip),
        t,
        rate,
        decay,
      );
      state = new Map(["w", "m", "v"].map((name) => [name, results.get(`${name}.next`)!]));
      expectAllClose(state.get("w")!.data as Float32Array, w!, { atol: 1e-6 });
    }
    expectAllClose(
      (state.get("m")!.data as Float32Array).map((it) => it * 0.1),
      m!,
      { atol: 1e-7 },
    );
    expectAllClose(
      (state.get("v")!.data as Float32Array).map((it) => it * 0.001),
      v!,
      { atol: 1e-7 },
    );
  });
});

test("a weight without gradient only decays", async () => {
  const feeds = { w: [1, 2, 3, 4], m: [0, 0, 0, 0], v: [0, 0, 0, 0], gradient: [0, 0, 0, 0] };
  const scalars = { rate: 0.1, secondScale: 31, decay: 0.25 };
  await withGraph(updateGraph(1), async (run) => {
    const vectors = Object.entries(feeds).map(([name, it]) => [name, floats([size], it)] as const);
    const rest = Object.entries(scalars).map(([name, it]) => [name, floats([1], [it])] as const);
    const results = await run(new Map([...vectors, ...rest]));
    expect([...results.get("w.next")!.data]).toEqual([0.75, 1.5, 2.25, 3]);
  });
});
