import { expect, test } from "vitest";
import type { TrainingSet } from "../features/training-set.ts";
import type { Judged } from "./calibrate.ts";
import { chooseCombination } from "./choose-combination.ts";

const numDocuments = 200;
const numLabels = 10;

/** Document d has the label d mod 10. */
const set = {
  labelIds: Array.from({ length: numLabels }, (_, label) => `l${label}`),
  statistics: { documents: numDocuments, counts: new Map() },
  labels: {
    indptr: Uint32Array.from({ length: numDocuments + 1 }, (_, d) => d),
    labels: Uint32Array.from({ length: numDocuments }, (_, d) => d % numLabels),
  },
} as unknown as TrainingSet;

function lists(suggest: (document: number) => [label: number, value: number][]): Judged[] {
  return Array.from({ length: numDocuments }, (_, document) => ({
    document,
    suggestions: suggest(document).map(([label, value]) => ({ label: label % numLabels, value })),
    milliseconds: 2,
  }));
}

/** Right and sure in every second document, else wrong and unsure; the other encoder the other way round. */
const sureWhenRight = [0, 1].map((parity) =>
  lists((d) =>
    d % 2 === parity
      ? [
          [d, 0.9],
          [d + 1, 0.1],
        ]
      : [
          [d + 1, 0.3],
          [d + 2, 0.2],
        ],
  ),
);

test("values count where they tell who is right, and their combination is what is judged", () => {
  const { rule, tried, judged } = chooseCombination(set, sureWhenRight, 5, "auto");
  expect(rule).toBe("average");
  expect(tried.map((it) => it.rule)).toEqual(["average", "sigmoid", "softmax", "rank", "round-robin"]);
  expect(tried[0]).toMatchObject({ precision: 1, ndcg: 1 });
  expect(tried.find((it) => it.rule === "round-robin")!.precision).toBe(0.5);
  expect(judged.every(({ document, suggestions }) => suggestions[0]!.label === document % numLabels)).toBe(true);
  expect(judged[0]).toMatchObject({ document: 0, milliseconds: 4 });
});

test("how often and how high a label stands counts where values say nothing", () => {
  // One encoder is often wrong, and loud; two quiet ones are right.
  const loud = lists((d) => [
    [d + 1, 1],
    [d, 0.05],
  ]);
  const quiet = lists((d) => [
    [d, 0.2],
    [d + 2, 0.1],
  ]);
  const { rule, tried } = chooseCombination(set, [loud, quiet, quiet], 2, "auto");
  expect(tried.find((it) => it.rule === rule)!.precision).toBe(1);
  expect(tried.find((it) => it.rule === "rank")!.precision).toBe(1);
  expect(tried.find((it) => it.rule === "average")!.precision).toBe(0);
});

test("of rules that rank alike the one whose values make the best probabilities is taken", () => {
  // Both agree in every document; how sure they are tells where they are right.
  const agreeing = lists((d) => (d % 2 === 0 ? [[d, 0.9]] : [[d + 1, 0.3]]));
  const { rule, tried } = chooseCombination(set, [agreeing, agreeing], 5, "auto");
  expect(new Set(tried.map((it) => it.ndcg)).size).toBe(1);
  expect(rule).toBe("average");
  const f1Of = (name: string) => tried.find((it) => it.rule === name)!.f1;
  expect(f1Of("average")).toBeGreaterThan(f1Of("rank"));
});

test("a rule that is asked for is taken, whatever it reaches, and without held-out documents nothing is measured", () => {
  const asked = chooseCombination(set, sureWhenRight, 5, "round-robin");
  expect([asked.rule, asked.tried.length]).toEqual(["round-robin", 1]);
  expect(chooseCombination(set, [[], []], 5, "auto")).toEqual({ rule: "average", judged: [], tried: [] });
  expect(chooseCombination(set, [[], []], 5, "softmax").rule).toBe("softmax");
});
