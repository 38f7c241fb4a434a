import { expect, test } from "vitest";
import { rankerOptions, recipeFor, tuningLoss } from "./config.ts";

test("matched negatives and induced relevance are asked for, and change nothing else of a recipe", () => {
  for (const preset of ["fast", "best"] as const) {
    for (const loss of ["squared-hinge", "logistic"] as const) {
      const plain = recipeFor(preset, 1, { loss });
      expect(plain.ranker).toMatchObject({ matched: 0, induceRelevance: false });
      expect(recipeFor(preset, 1, { loss, negatives: "tfn", induceRelevance: false })).toEqual(plain);
      expect(recipeFor(preset, 1, { loss, negatives: "tfn+man", induceRelevance: true })).toEqual({
        ...plain,
        ranker: { ...plain.ranker, matched: plain.scoring.beam, induceRelevance: true },
      });
    }
  }
});

test("words of a larger corpus are learnt less closely, small corpora, many labels, embeddings and the best models are not", () => {
  const empty = new Uint32Array(0);
  const words = (numRows: number) => ({
    numRows,
    numCols: 1,
    indptr: new Uint32Array(numRows + 1),
    indices: empty,
    values: new Float32Array(0),
  });
  const epsOf = (preset: "fast" | "best", features: ReturnType<typeof words>, numLabels = 500) =>
    rankerOptions(recipeFor(preset, 1).ranker, features, numLabels, 1).eps;
  const dense = { width: 1, values: new Float32Array(600) };
  expect(epsOf("fast", words(600))).toBeGreaterThan(epsOf("fast", words(400)));
  expect(epsOf("fast", { ...words(600), ...{ dense } })).toBe(epsOf("fast", words(400)));
  expect(epsOf("fast", words(600), 10_000)).toBe(epsOf("fast", words(400)));
  expect(epsOf("best", words(600))).toBe(epsOf("fast", words(400)));
});

test("an encoder learns by cross-entropy where labels have documents enough, by the squared hinge where they are rare", () => {
  const { tuning } = recipeFor("fast", 1);
  const most = tuning.crossEntropyFrom * 50;
  expect([most, most - 1].map((entries) => tuningLoss(tuning, 50, entries))).toEqual(["bce", "squared-hinge"]);
});
