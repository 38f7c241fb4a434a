import path from "node:path";
import { expectAllClose } from "@tagwright/testing";
import { afterAll, expect, test } from "vitest";
import { recipeFor } from "../config.ts";
import type { Program } from "../encoder/engines/engine.ts";
import { newOrtEngine } from "../encoder/engines/ort.ts";
import { readEncoderFolder } from "../encoder/source/read-encoder.ts";
import { toLabelMatrix, topicProblem } from "../ranker/test-data.ts";
import { newWorkerPool } from "../ranker/worker-pool.ts";
import { NO_NODE } from "../ranker/worker-protocol.ts";
import { flatTree } from "../tree/build-tree.ts";
import { CheckpointError } from "./checkpoint.ts";
import { bootstrapHead, predictCandidates, tuningData } from "./concat-model.ts";
import { type FineTuneHooks, fineTune, type TuningPosition } from "./fine-tune.ts";
import { newPieceCollector, selectPieces } from "./pieces.ts";
import { newTable } from "./table.ts";
import { newTunedEncoder, type TunedEncoder } from "./tuned-encoder.ts";

const engine = await newOrtEngine("cpu", { threads: 1 });
const pool = newWorkerPool(1);
afterAll(async () => {
  await pool.dispose();
  await engine.dispose();
});

const published = await readEncoderFolder(
  path.resolve(import.meta.dirname, "../../../test/fixtures/encoders/tiny-bert"),
);
const { shape } = published;
const [numDocuments, numLabels, numTopics] = [96, 72, 12];

/** Topics and labels are two levels that are wide enough to be learnt; texts of 12 to 16 pieces name both. */
function problem() {
  const { features, labels, tree } = topicProblem(numDocuments, numLabels, numTopics, 5);
  const collector = newPieceCollector();
  for (let d = 0; d < numDocuments; d++) {
    const label = labels.labels[labels.indptr[d]!]!;
    const words = Array.from({ length: 10 + (d % 5) }, (_, k) => (k % 2 === 0 ? 20 + (label % numTopics) : 40 + label));
    collector.add([Int32Array.of(2, ...words, 3)]);
  }
  const examples = { features, labels };
  const pieces = collector.finish();
  const all = Uint32Array.from({ length: numDocuments }, (_, d) => d);
  return { examples, pieces, tree, shape, heldOut: { examples, pieces: selectPieces(pieces, all) } };
}

const base = recipeFor("fast", 3, { maxPieces: 16, batch: 16 });
const recipe = { ...base, tuning: { ...base.tuning, epochs: [7, 1, 2], fewestSteps: 1, predicted: 2 } };

type Weights = typeof published.weights;
const newEncoder = (weights: Weights = published.weights) =>
  newTunedEncoder(engine, shape, weights, { ...recipe.tuning, loss: "squared-hinge" });

const silent: FineTuneHooks = {
  onLevel: () => undefined,
  onStep: async () => undefined,
  onQuality: () => undefined,
  onEmbedded: () => undefined,
};

test("the levels are learnt coarse to fine, and each starts from what the one above has made", async () => {
  const input = problem();
  const encoder = await newEncoder();
  const levels: { nodes: number; lengths: number[]; isFresh: boolean[] }[] = [];
  const embedded: { maxPieces: number; raw: Float32Array; weights: Weights }[] = [];
  const begun: TuningPosition[] = [];
  const step: Program = {
    async run(feeds, accept) {
      const moments = [...(await encoder.step.readState())].filter(([name]) => name.endsWith(".second"));
      const isFresh = [...moments, ...feeds]
        .filter(([name]) => name.endsWith(".second"))
        .every(([, { data }]) => (data as Float32Array).every((it) => it === 0));
      levels.at(-1)!.isFresh.push(isFresh);
      levels.at(-1)!.lengths.push(feeds.get("ids")!.shape[1]!);
      return encoder.step.run(feeds, accept);
    },
    readState: (names) => encoder.step.readState(names),
    writeState: (values) => encoder.step.writeState(values),
    dispose: () => encoder.step.dispose(),
  };
  const watched: TunedEncoder = {
    ...encoder,
    step,
    async embed(pieces, maxPieces, ...rest) {
      const raw = await encoder.embed(pieces, maxPieces, ...rest);
      if (pieces === input.pieces) embedded.push({ maxPieces, raw, weights: copyOf(await encoder.weights()) });
      return raw;
    },
  };
  const hooks: FineTuneHooks = {
    ...silent,
    onLevel: (level, numLevels, nodes) => {
      expect([level, numLevels]).toEqual([levels.length, 2]);
      levels.push({ nodes, lengths: [], isFresh: [] });
    },
    async onStep(level, { step }, { head, ...now }) {
      if (step === 1) begun[level] = { ...now, head: { weights: copied(head.weights), bias: copied(head.bias) } };
    },
  };
  await fineTune(input, watched, recipe, pool, hooks);

  expect(levels.map((it) => it.nodes)).toEqual([numTopics, numLabels]);
  // One pass of 6 batches, then two; 8 pieces of each text, then all of them.
  expect(levels.map((it) => it.lengths.length)).toEqual([6, 12]);
  expect(new Set(levels[0]!.lengths)).toEqual(new Set([8]));
  expect(Math.min(...levels[1]!.lengths)).toBeGreaterThan(8);
  expect(Math.max(...levels[1]!.lengths)).toBe(16);
  // The moments of a level are its own.
  for (const { isFresh } of levels) expect(isFresh).toEqual(isFresh.map((_, i) => i === 0));

  expect(embedded.map((it) => it.maxPieces)).toEqual([8, 16]);
  expect(embedded[0]!.weights).toEqual(copyOf(published.weights));
  const [, { raw, weights }] = embedded as [unknown, (typeof embedded)[number]];
  for (const name of ["words", "layer.1.up.weight"])
    expect(weights.get(name)!.data).not.toEqual(published.weights.get(name)!.data);
  const again = await newEncoder(weights);
  expect(raw).toEqual(await again.embed(input.pieces, 16, "first", () => undefined));
  await again.dispose();

  const data = tuningData(input.examples, input.tree);
  const predicted = await predictCandidates(data, input.tree, 1, raw, recipe, pool);
  expect(begun.map((it) => it.predicted)).toEqual([undefined, predicted]);
  for (const [level, { head }] of begun.entries()) {
    const start = await bootstrapHead(
      data,
      input.tree,
      level,
      embedded[level]!.raw,
      begun[level]!.predicted,
      recipe,
      pool,
    );
    expectAllClose(head.weights.rows, start.weights, { atol: 2 * recipe.tuning.headRate });
    expectAllClose(head.bias.rows, start.bias, { atol: 2 * recipe.tuning.headRate });
  }
  await encoder.dispose();
});

test.each(["flat", "dynamic"] as const)(
  "where labels are the only level, %s tells each document's own labels apart from all others",
  async (schedule) => {
    const input = { ...problem(), tree: flatTree(numLabels) };
    const own = [...input.examples.labels.indptr.keys()].slice(1).map((d) => {
      const { indptr, labels } = input.examples.labels;
      return [...labels.subarray(indptr[d - 1]!, indptr[d]!)].join();
    });
    const encoder = await newEncoder();
    const marked: string[] = [];
    const step: Program = {
      ...encoder.step,
      async run(feeds, accept) {
        const { shape: marks, data } = feeds.get("sign")!;
        const [size, slots] = marks as [number, number];
        expect(slots).toBe(numLabels);
        for (let b = 0; b < size; b++) {
          const row = (data as Float32Array).subarray(b * slots, (b + 1) * slots);
          marked.push([...row.keys()].filter((slot) => row[slot] === 1).join());
        }
        return encoder.step.run(feeds, accept);
      },
    };
    const begun: unknown[] = [];
    const onLevel: FineTuneHooks["onLevel"] = (...level) => void begun.push(level);
    const short = { ...recipe, tuning: { ...recipe.tuning, schedule, epochs: [1, 1] } };
    await fineTune(input, { ...encoder, step }, short, pool, { ...silent, onLevel });
    expect(begun).toEqual([[0, 1, numLabels]]);
    // Each document comes once in each of the two passes.
    expect(marked.sort()).toEqual([...own, ...own].sort());
    await encoder.dispose();
  },
);

test.each([
  ["one document", 1, 2],
  ["nothing", 0, 0],
])("with %s held out the encoder is asked for it as a level begins and ends, or not at all", async (_, held, looks) => {
  const { examples, ...input } = problem();
  const { numLabels: labels } = examples.labels;
  const documents = Uint32Array.from({ length: held }, (_document, d) => d);
  const heldOut = {
    examples: { ...examples, labels: toLabelMatrix([[0]].slice(0, held), labels) },
    pieces: selectPieces(input.pieces, documents),
  };
  const encoder = await newEncoder();
  const asked: unknown[] = [];
  const watched: TunedEncoder = {
    ...encoder,
    embed(pieces, ...rest) {
      if (pieces === heldOut.pieces) asked.push(pieces);
      return encoder.embed(pieces, ...rest);
    },
  };
  const told: number[] = [];
  const onQuality: FineTuneHooks["onQuality"] = (level) => void told.push(level);
  await fineTune({ ...input, examples, heldOut }, watched, recipe, pool, { ...silent, onQuality });
  expect(asked.length).toBe(2 * looks);
  expect(told).toEqual([0, 1].flatMap((level) => Array.from({ length: looks }, () => level)));
  await encoder.dispose();
});

function copyOf(weights: Weights): Weights {
  return new Map([...weights].map(([name, it]) => [name, { ...it, data: (it.data as Float32Array).slice() }]));
}

function copied({ rows, width }: TuningPosition["head"]["weights"]) {
  return newTable(rows.slice(), width);
}

/** One step before the end of the second level. */
function nearTheEnd(
  numNodes = numLabels,
  { keep = 2, nodes = new Uint32Array(2 * numDocuments) } = {},
): TuningPosition {
  const { hidden } = shape;
  const head = {
    weights: newTable(new Float32Array(numNodes * hidden), hidden),
    bias: newTable(new Float32Array(numNodes), 1),
  };
  return { level: 1, position: { step: 11, updates: 11, rateScale: 1 }, head, predicted: { keep, nodes } };
}

const goOn = async (from: TuningPosition) => {
  const encoder = await newEncoder();
  const begun: unknown[] = [];
  const onLevel: FineTuneHooks["onLevel"] = (...level) => void begun.push(level);
  const onStep: FineTuneHooks["onStep"] = async (level, { step }) => void begun.push({ level, step });
  try {
    await fineTune(problem(), encoder, recipe, pool, { ...silent, onLevel, onStep }, undefined, from);
    return begun;
  } finally {
    await encoder.dispose();
  }
};

test("a run that goes on in the second level leaves out the first", async () => {
  const nodes = Uint32Array.from({ length: 2 * numDocuments }, (_, i) => (i % 2 === 0 ? numTopics - 1 : NO_NODE));
  expect(await goOn(nearTheEnd(numLabels, { nodes }))).toEqual([[1, 2, numLabels], { level: 1, step: 12 }]);
});

test.each([
  ["a node too few in its head", nearTheEnd(numLabels - 1)],
  ["candidates of other documents", nearTheEnd(numLabels, { keep: 3 })],
  [
    "candidates that the level above has not",
    nearTheEnd(numLabels, { nodes: new Uint32Array(2 * numDocuments).fill(numTopics) }),
  ],
])("a checkpoint with %s is refused in the second level", async (_, from) => {
  await expect(goOn(from)).rejects.toThrow(CheckpointError);
});
