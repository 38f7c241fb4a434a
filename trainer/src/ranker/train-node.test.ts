import { type Chunk, type Loss, newReferenceKernels } from "@tagwright/model/internals";
import { expect, test } from "vitest";
import { exact, toData, toLabelMatrix, topicProblem } from "./test-data.ts";
import { newNodeTrainer, type RankerData, type RankerOptions } from "./train-node.ts";

const none = new Uint32Array(0);
/** What eps and float32 leave of a gradient; one document more or less moves it by much more. */
const atOptimum = 0.015;

/** [child][feature] */
function denseWeights(chunk: Chunk, numChildren: number, numFeatures: number): Float64Array[] {
  const dense = Array.from({ length: numChildren }, () => new Float64Array(numFeatures));
  for (const [row, feature] of chunk.features.entries()) {
    for (let e = chunk.rowStart[row]!; e < chunk.rowStart[row + 1]!; e++) {
      dense[chunk.children[e]!]![feature] = chunk.weights[e]!;
    }
  }
  return dense;
}

interface Example {
  readonly document: number;
  readonly isPositive: boolean;
  readonly cost: number;
}

/** −∂loss/∂z at the margin z = y(w·x + b): of max(0, 1 − z)² or of log(1 + exp(−z)). */
function pull(loss: Loss, z: number): number {
  return loss === "squared-hinge" ? 2 * Math.max(0, 1 - z) : 1 / (1 + Math.exp(z));
}

/** Largest entry of the gradient of ½‖w‖² + ½b² + Σ cost·loss: zero at the optimum alone. */
function gradient(
  { features }: RankerData,
  w: Float64Array,
  bias: number,
  examples: readonly Example[],
  loss: Loss = "squared-hinge",
): number {
  const g = Float64Array.from(w);
  let ofBias = bias;
  for (const { document, isPositive, cost } of examples) {
    const y = isPositive ? 1 : -1;
    let score = bias;
    for (let p = features.indptr[document]!; p < features.indptr[document + 1]!; p++) {
      score += w[features.indices[p]!]! * features.values[p]!;
    }
    const slope = cost * pull(loss, y * score) * y;
    ofBias -= slope;
    for (let p = features.indptr[document]!; p < features.indptr[document + 1]!; p++) {
      g[features.indices[p]!]! -= slope * features.values[p]!;
    }
  }
  return Math.max(Math.abs(ofBias), ...g.map(Math.abs));
}

/** Trains a topic's labels and checks each child against the problem that `rows` and the options define. */
function expectOptimal(options: RankerOptions, extra: Uint32Array): void {
  const { data, labels, tree, features } = topicProblem(150, 12, 3, 4);
  const topic = 1;
  const { bias, chunk } = newNodeTrainer(data, newReferenceKernels()).train(1, topic, extra, options);
  const weights = denseWeights(chunk, 4, features.numCols);
  const labelsOf = (d: number) => [...labels.labels.subarray(labels.indptr[d], labels.indptr[d + 1])];
  const rows = Array.from({ length: 150 }, (_, d) => d).filter(
    (d) => labelsOf(d).some((label) => label % 3 === topic) || extra.includes(d),
  );
  expect(rows.length).toBeLessThan(150);
  const { childStart } = tree.levels[1]!;
  for (let child = 0; child < 4; child++) {
    const label = tree.labelOf[childStart[topic]! + child]!;
    const examples = rows.map((document) => {
      const own = labelsOf(document);
      const isPositive = own.includes(label);
      const relevance = options.induceRelevance ? 1 / own.length : 1;
      return { document, isPositive, cost: isPositive ? options.positiveCost * relevance : options.negativeCost };
    });
    expect(gradient(data, weights[child]!, bias[child]!, examples, options.loss)).toBeLessThan(atOptimum);
    // And of no other problem: without its negatives they are far from one.
    expect(
      gradient(
        data,
        weights[child]!,
        bias[child]!,
        examples.filter((it) => it.isPositive),
        options.loss,
      ),
    ).toBeGreaterThan(10 * atOptimum);
  }
}

test("each child's weights are the optimum of telling it from the other documents below its parent", () => {
  expectOptimal(exact, none);
});

test("documents that are brought in are negatives of all children", () => {
  expectOptimal(exact, Uint32Array.of(0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144));
});

test("costs weigh positives and negatives, and a positive by its share where relevance is induced", () => {
  expectOptimal({ ...exact, positiveCost: 4, negativeCost: 0.5 }, none);
  expectOptimal({ ...exact, induceRelevance: true }, Uint32Array.of(7, 70));
});

test("with the logistic loss as with the squared hinge", () => {
  expectOptimal({ ...exact, loss: "logistic" }, none);
  expectOptimal(
    { ...exact, loss: "logistic", positiveCost: 10, negativeCost: 5, induceRelevance: true },
    Uint32Array.of(7, 70),
  );
});

test("at the root all documents take part", () => {
  const { data, labels, features } = topicProblem(90, 9, 3, 2);
  const { bias, chunk } = newNodeTrainer(data, newReferenceKernels()).train(0, 0, none, exact);
  const weights = denseWeights(chunk, 3, features.numCols);
  for (let topic = 0; topic < 3; topic++) {
    const examples = Array.from({ length: 90 }, (_, document) => {
      const own = [...labels.labels.subarray(labels.indptr[document], labels.indptr[document + 1])];
      return { document, isPositive: own.some((label) => label % 3 === topic), cost: 1 };
    });
    expect(gradient(data, weights[topic]!, bias[topic]!, examples)).toBeLessThan(atOptimum);
  }
});

test("more children than lanes come out in their places", () => {
  const { data, labels, tree, features } = topicProblem(400, 80, 2, 6);
  const { bias, chunk } = newNodeTrainer(data, newReferenceKernels()).train(1, 0, none, exact);
  const weights = denseWeights(chunk, 40, features.numCols);
  for (const child of [0, 15, 16, 39]) {
    const label = tree.labelOf[child]!;
    const examples = Array.from({ length: 400 }, (_, document) => {
      const own = [...labels.labels.subarray(labels.indptr[document], labels.indptr[document + 1])];
      return { document, own, isPositive: own.includes(label), cost: 1 };
    }).filter(({ own }) => own.some((it) => it % 2 === 0));
    expect(gradient(data, weights[child]!, bias[child]!, examples)).toBeLessThan(atOptimum);
  }
});

test("a chunk's features ascend, as do the children of each", () => {
  const { data } = topicProblem(200, 40, 2, 6);
  const { chunk } = newNodeTrainer(data, newReferenceKernels()).train(1, 1, none, exact);
  const ascends = (it: ArrayLike<number>) => Array.from(it).every((value, i) => i === 0 || value > it[i - 1]!);
  expect(ascends(chunk.features)).toBe(true);
  for (let row = 0; row < chunk.features.length; row++) {
    expect(ascends(chunk.children.subarray(chunk.rowStart[row], chunk.rowStart[row + 1]))).toBe(true);
  }
});

test("the threshold drops small weights and leaves the others as they are", () => {
  const { data, features } = topicProblem(150, 12, 3, 4);
  const trainer = newNodeTrainer(data, newReferenceKernels());
  const all = denseWeights(trainer.train(1, 0, none, exact).chunk, 4, features.numCols);
  const kept = denseWeights(trainer.train(1, 0, none, { ...exact, threshold: 0.15 }).chunk, 4, features.numCols);
  const expected = all.map((row) => row.map((it) => (Math.abs(it) < Math.fround(0.15) ? 0 : it)));
  expect(kept).toEqual(expected);
  expect(kept).not.toEqual(all);
});

test("a trainer that goes from node to node answers as one that never saw another", () => {
  const { data } = topicProblem(150, 60, 3, 4);
  const used = newNodeTrainer(data, newReferenceKernels());
  const halves = [0, 1].map((index) => ({ index, count: 2 }));
  const jobs = [
    ...halves.map((part) => ({ parent: 1, extra: none, part, options: exact })),
    ...halves.map((part) => ({ parent: 2, extra: none, part, options: exact })),
    { parent: 2, extra: Uint32Array.of(0, 1, 3), part: halves[0]!, options: exact },
    { parent: 2, extra: Uint32Array.of(0, 1, 4), part: halves[0]!, options: exact },
    { parent: 2, extra: Uint32Array.of(0, 1, 4), part: halves[0]!, options: { ...exact, seed: 2 } },
  ];
  for (const { parent, extra, part, options } of jobs) {
    const fast = { ...options, eps: 0.1 };
    const fresh = newNodeTrainer(data, newReferenceKernels());
    expect(used.train(1, parent, extra, fast, part)).toEqual(fresh.train(1, parent, extra, fast, part));
  }
});

test("a node without documents answers a margin of -1", () => {
  const { features, tree } = topicProblem(5, 6, 3, 1);
  const labels = toLabelMatrix([[0], [0], [3], [0], [3]], 6);
  const trainer = newNodeTrainer(toData(features, labels, tree), newReferenceKernels());
  const { bias, chunk } = trainer.train(1, 1, none, exact);
  expect([...bias]).toEqual([-1, -1]);
  expect(chunk.features.length).toBe(0);
});
