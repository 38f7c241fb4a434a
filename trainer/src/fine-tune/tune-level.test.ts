import { expect, test } from "vitest";
import type { HostTensor, Program, Tensors } from "../encoder/engines/engine.ts";
import { planBatches } from "./batches.ts";
import { newPieceCollector } from "./pieces.ts";
import { newFeeder } from "./step-feeds.ts";
import { newTable } from "./table.ts";
import { DivergenceError, type StepReport, tuneLevel } from "./tune-level.ts";

/** A program that adds 1 to every row it is fed, and whose loss is what `lossOf` says. */
function newProgram(lossOf: (run: number) => number, rates: number[]): Program {
  let run = 0;
  return {
    async run(feeds: Tensors, accept?: (results: Tensors) => boolean) {
      rates.push((feeds.get("rate")!.data as Float32Array)[0]!);
      const scalar = (value: number): HostTensor => ({ type: "float32", shape: [1], data: Float32Array.of(value) });
      const results = new Map<string, HostTensor>(
        [...feeds].map(([name, it]) => [
          `${name}.next`,
          { ...it, data: Float32Array.from(it.data as Float32Array, (v) => v + 1) },
        ]),
      );
      results.set("loss", scalar(lossOf(run++)));
      results.set("norm.encoder", scalar(1));
      results.set("norm.head", scalar(1));
      accept?.(results);
      return results;
    },
    readState: async () => new Map(),
    writeState: async () => undefined,
    dispose: async () => undefined,
  };
}

function task() {
  const collector = newPieceCollector();
  for (let d = 0; d < 4; d++) collector.add([Int32Array.of(1, 3, 2)]);
  const level = {
    level: 0,
    numNodes: 2,
    childStart: Uint32Array.of(0, 2),
    own: {
      indptr: Uint32Array.of(0, 1, 2, 3, 4),
      nodes: Uint32Array.of(0, 1, 0, 1),
      counts: Float32Array.of(1, 1, 1, 1),
    },
  };
  const all = Uint32Array.of(0, 1);
  const tables = {
    words: newTable(new Float32Array(4), 1),
    positions: newTable(new Float32Array(3), 1),
    head: newTable(new Float32Array(2), 1),
    bias: newTable(new Float32Array(2), 1),
  };
  const options = { maxPieces: 3, firstPosition: 0, hidden: 1, dropout: 0, wordDropout: 0 };
  const pieces = collector.finish();
  const feeder = newFeeder(pieces, level, { candidatesOf: () => all }, tables, options);
  const plan = planBatches(pieces, { maxPieces: 3, size: 1, epochs: 3, seed: 0 });
  const rest = { rate: 1, headRate: 1, warmUp: 0, weightDecay: 0, seed: 0 };
  return { plan, feeder, tables, ...rest };
}

test("a loss that is no number is undone: no row moves, the rate is halved, and the run goes on", async () => {
  const it = task();
  const reports: StepReport[] = [];
  const rates: number[] = [];
  const program = newProgram((run) => (run === 2 ? Number.NaN : 1), rates);
  await tuneLevel(it, program, async (report) => void reports.push(report));
  expect(reports.map(({ isUndone }) => isUndone)).toEqual(Array.from({ length: 12 }, (_, i) => i === 2));
  expect(reports.at(-1)).toMatchObject({ step: 12, updates: 11, rateScale: 0.5 });
  expect([...it.tables.words.rows]).toEqual([0, 11, 11, 11]);
  expect(reports[3]!.rate / reports[1]!.rate).toBeCloseTo((0.5 * 9) / 11, 6);
});

test("a loss that never is a number ends the run with what to do", async () => {
  const failing = tuneLevel(
    task(),
    newProgram(() => Number.POSITIVE_INFINITY, []),
    async () => undefined,
  );
  await expect(failing).rejects.toThrow(DivergenceError);
  await expect(failing).rejects.toThrow(/--engine cpu/u);
});

test("a run that goes on from the middle feeds what it would have fed", async () => {
  const whole: number[] = [];
  await tuneLevel(
    task(),
    newProgram(() => 1, whole),
    async () => undefined,
  );
  const rest: number[] = [];
  const from = { step: 5, updates: 5, rateScale: 1 };
  await tuneLevel(
    task(),
    newProgram(() => 1, rest),
    async () => undefined,
    undefined,
    from,
  );
  expect(rest).toEqual(whole.slice(5));
});

test("aborting ends the level with the signal's reason before another step is run", async () => {
  const stop = new AbortController();
  const rates: number[] = [];
  const onStep = async ({ step }: StepReport) => {
    if (step === 3) stop.abort(new Error("enough"));
  };
  await expect(
    tuneLevel(
      task(),
      newProgram(() => 1, rates),
      onStep,
      stop.signal,
    ),
  ).rejects.toThrow("enough");
  expect(rates).toHaveLength(3);
});
