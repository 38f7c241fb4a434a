import { readFileSync } from "node:fs";
import path from "node:path";
import { expectAllClose } from "@tagwright/testing";
import { expect, test } from "vitest";
import { newRandom } from "../random.ts";
import { calibrationError } from "./calibration-error.ts";
import { createMetrics, type Metrics, quantile, type Ranked } from "./metrics.ts";
import { inversePropensities } from "./propensity.ts";

interface Case {
  readonly options: {
    readonly numLabels: number;
    readonly trainDocuments: number;
    readonly threshold: number;
    readonly labelDocuments: [string, number][];
  };
  readonly rows: { suggestions: Ranked[]; truth: string[]; milliseconds: number }[];
  readonly expected: Metrics;
}

const oracleFile = path.join(import.meta.dirname, "../../../test/fixtures/metrics-oracle.json");
const { cases } = JSON.parse(readFileSync(oracleFile, "utf8")) as { cases: Case[] };

function flatten(value: object): [string, number][] {
  return Object.entries(value).flatMap(([key, it]: [string, unknown]) =>
    typeof it === "object" && it !== null
      ? flatten(it).map(([inner, n]): [string, number] => [`${key}.${inner}`, n])
      : [[key, Number(it)] as [string, number]],
  );
}

const ranked = (...ids: string[]): Ranked[] => ids.map((id, i) => ({ id, probability: 0.9 - i / 10 }));

function metricsOf(rows: [Ranked[], string[]][], threshold = 0.5): Metrics {
  const metrics = createMetrics({ numLabels: 9, labelDocuments: new Map(), trainDocuments: 100, threshold });
  for (const [suggestions, truth] of rows) metrics.add(suggestions, truth, 1);
  return metrics.result();
}

test("all figures agree with NumPy and scikit-learn, short lists and empty truths included", () => {
  expect(cases.length).toBe(3);
  for (const { options, rows, expected } of cases) {
    expect(rows.some((it) => it.truth.length === 0)).toBe(true);
    expect(rows.some((it) => it.suggestions.length < 10)).toBe(true);
    const metrics = createMetrics({ ...options, labelDocuments: new Map(options.labelDocuments) });
    for (const { suggestions, truth, milliseconds } of rows) metrics.add(suggestions, truth, milliseconds);
    const actual = flatten(metrics.result());
    expect(actual.map(([name]) => name)).toEqual(flatten(expected).map(([name]) => name));
    for (const [name, value] of flatten(expected)) {
      expect(Object.fromEntries(actual)[name], name).toBeCloseTo(value, 9);
    }
  }
});

test("precision divides by k and recall by the number of true labels", () => {
  const { precision, recall } = metricsOf([
    [ranked("a", "x", "b"), ["a", "b"]],
    [ranked("x"), ["c"]],
  ]);
  expect(precision).toEqual({ 1: 1 / 2, 3: 1 / 3, 5: 1 / 5, 10: 1 / 10 });
  expect(recall).toEqual({ 5: 1 / 2, 10: 1 / 2 });
});

test("nDCG is 1 for the true labels first and discounts by log2 of the rank", () => {
  expect(metricsOf([[ranked("b", "a", "x"), ["a", "b"]]]).ndcg).toEqual({ 3: 1, 5: 1 });
  const late = metricsOf([[ranked("x", "a"), ["a"]]]).ndcg;
  expect(late[3]).toBeCloseTo(Math.log2(2) / Math.log2(3), 12);
});

test("a label that the model has never seen lowers recall, nDCG and PSP but cannot be hit", () => {
  const { recall, ndcg, psp } = metricsOf([[ranked("a"), ["a", "unseen"]]]);
  expect(recall[5]).toBe(0.5);
  expect(ndcg[5]).toBeCloseTo(1 / (1 + 1 / Math.log2(3)), 12);
  expect(psp[3]).toBeLessThan(1);
});

test("F1 counts suggestions at or over the threshold only", () => {
  const { f1 } = metricsOf([[ranked("a", "x", "b"), ["a", "b", "c"]]], 0.8);
  // a taken and true, x taken and false, b and c missed.
  expect(f1.micro).toBeCloseTo(2 / (2 + 1 + 2), 12);
  expect(f1.macro).toBeCloseTo(1 / 4, 12);
});

test("nothing evaluated gives zeros, never NaN", () => {
  for (const [name, value] of flatten(metricsOf([]))) expect(value, name).toBe(name === "labels" ? 9 : 0);
});

test("rare labels weigh more, and more so the larger the corpus", () => {
  const counts = new Map([
    ["rare", 1],
    ["common", 500],
  ]);
  const small = inversePropensities(counts, 1000);
  expect(small("rare")).toBeCloseTo(1 + (Math.log(1000) - 1) * 2.5 ** 0.55 * 2.5 ** -0.55, 12);
  expect(small("rare")).toBeGreaterThan(small("common"));
  expect(inversePropensities(counts, 100_000)("rare")).toBeGreaterThan(small("rare"));
  expect(inversePropensities(counts, 2)("rare")).toBe(1);
});

test("a constant probability that is right on average has no calibration error, in any order of hits", () => {
  const outcomes = Array.from({ length: 1000 }, (_, i) => i < 300);
  expect(calibrationError(new Float64Array(1000).fill(0.3), outcomes, 15).error).toBeCloseTo(0, 9);
  expect(calibrationError(new Float64Array(1000).fill(0.8), outcomes, 15).error).toBeCloseTo(0.5, 9);
});

test("errors of opposite sign in different bins do not cancel", () => {
  const probabilities = [...new Array<number>(100).fill(0.2), ...new Array<number>(100).fill(0.8)];
  const outcomes = probabilities.map((it) => it < 0.5);
  expect(calibrationError(probabilities, outcomes, 2).error).toBeCloseTo(0.8, 9);
});

test("what chance makes of the calibration error is what draws from the probabilities themselves measure", () => {
  const random = newRandom(5);
  for (const count of [150, 600, 3000]) {
    const probabilities = Array.from({ length: count }, () => 0.02 + 0.96 * random() ** 2);
    const draws = Array.from({ length: 300 }, () => {
      const outcomes = probabilities.map((it) => random() < it);
      return calibrationError(probabilities, outcomes, 15);
    });
    const mean = draws.reduce((sum, it) => sum + it.error, 0) / draws.length;
    expect(mean / draws[0]!.byChance).toBeGreaterThan(0.95);
    expect(mean / draws[0]!.byChance).toBeLessThan(1.05);
  }
});

test("quantiles are linear between ranks", () => {
  expectAllClose(
    [quantile([4, 1, 3, 2], 0.5), quantile([1, 2], 0.95), quantile([7], 0.5), quantile([], 0.5)],
    [2.5, 1.95, 7, 0],
  );
});
