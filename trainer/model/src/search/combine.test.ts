import { readFileSync } from "node:fs";
import path from "node:path";
import { expectAllClose } from "@tagwright/testing";
import { expect, test } from "vitest";
import { Combiner, combinations } from "./combine.ts";
import { CombinedSearch } from "./combined-search.ts";
import { EnsembleSearch } from "./ensemble.ts";
import { randomMember, randomRow } from "./random-member.ts";
import type { RankedLabels } from "./tally.ts";

type List = { labels: number[]; values: number[] };

const fixtures = path.join(import.meta.dirname, "../../../../test/fixtures");
const oracle: { cases: { numLabels: number; longest: number; models: List[][]; combined: Record<string, List[]> }[] } =
  JSON.parse(readFileSync(path.join(fixtures, "combine-oracle.json"), "utf8"));

function ranked({ labels, values }: List): RankedLabels {
  return {
    length: labels.length,
    labels: Uint32Array.from(labels),
    values: Float64Array.from(values),
    margins: Float64Array.from(values),
  };
}

function listOf({ length, labels, values }: RankedLabels): [number, number][] {
  return Array.from({ length }, (_, i) => [labels[i]!, values[i]!]);
}

// Its softmax computes in 32 bits.
test.each(combinations)("what %s makes of several rankings is what PECOS makes of them", (rule) => {
  for (const { numLabels, longest, models, combined } of oracle.cases) {
    const combiner = new Combiner({ rule, numModels: models.length, longest }, numLabels);
    for (const [row, expected] of combined[rule]!.entries()) {
      for (const [model, lists] of models.entries()) combiner.add(model, ranked(lists[row]!));
      const found = listOf(combiner.take(numLabels));
      expectAllClose(
        found.map(([, value]) => value),
        expected.values,
        { atol: 1e-7 },
      );
      const expectedOf = new Map(expected.labels.map((label, i) => [label, expected.values[i]!]));
      expect(found).toHaveLength(expectedOf.size);
      for (const [label, value] of found) expect(value).toBeCloseTo(expectedOf.get(label)!, 7);
    }
  }
});

test.each([
  // Labels 7, 3, 5 and 3, 9: a mean counts 0 where a label is missing.
  [
    "average",
    [
      [3, 0.7],
      [7, 0.45],
      [5, 0.15],
      [9, 0.1],
    ],
  ],
  // The logistic function of 0.9, 0.6, 0.3 is 0.7109, 0.6457, 0.5744; of 0.8 and 0.2 it is 0.69, 0.5498.
  [
    "sigmoid",
    [
      [3, (0.6457 + 0.69) / 2],
      [7, 0.7109 / 2],
      [5, 0.5744 / 2],
      [9, 0.5498 / 2],
    ],
  ],
  // exp is 2.4596, 1.8221, 1.3499, together 5.6316; and 2.2255, 1.2214, together 3.4469.
  [
    "softmax",
    [
      [3, (1.8221 / 5.6316 + 2.2255 / 3.4469) / 2],
      [7, 2.4596 / 5.6316 / 2],
      [9, 1.2214 / 3.4469 / 2],
      [5, 1.3499 / 5.6316 / 2],
    ],
  ],
  // Four labels a list at most: 4, 3, 2 and 4, 3.
  [
    "rank",
    [
      [3, 3.5],
      [7, 2],
      [9, 1.5],
      [5, 1],
    ],
  ],
  // The same and 2/3 or 1/3 for the model, halved: 7 comes before 3, as the first model says, then 9 after 3.
  [
    "round-robin",
    [
      [7, (4 + 2 / 3) / 2],
      [3, (4 + 1 / 3) / 2],
      [9, (3 + 1 / 3) / 2],
      [5, (2 + 2 / 3) / 2],
    ],
  ],
] as const)("%s of two short rankings, worked out by hand", (rule, expected) => {
  const combiner = new Combiner({ rule, numModels: 2, longest: 4 }, 10);
  combiner.add(0, ranked({ labels: [7, 3, 5], values: [0.9, 0.6, 0.3] }));
  combiner.add(1, ranked({ labels: [3, 9], values: [0.8, 0.2] }));
  const found = listOf(combiner.take(10));
  expect(found.map(([label]) => label)).toEqual(expected.map(([label]) => label));
  expectAllClose(
    found.map(([, value]) => value),
    expected.map(([, value]) => value),
    { atol: 1e-4 },
  );
});

test.each(combinations)(
  "%s knows what to do with models that have nothing to say, and forgets what was before",
  (rule) => {
    const combiner = new Combiner({ rule, numModels: 2, longest: 4 }, 10);
    const nothing = ranked({ labels: [], values: [] });
    combiner.add(0, nothing);
    combiner.add(1, nothing);
    expect(combiner.take(5)).toHaveLength(0);
    combiner.add(0, nothing);
    combiner.add(1, ranked({ labels: [4, 2], values: [0.5, 0.4] }));
    const { length, labels, margins } = combiner.take(1);
    expect([length, labels[0], margins[0]]).toEqual([1, 4, 0.5]);
  },
);

const scoring = { beam: 5, power: 3, pathWeight: 1, candidates: 9 };

test.each(combinations)(
  "each encoder's trees rank by their own features, and %s makes one list of theirs",
  (combine) => {
    const groups = [2, 1, 2].map((count, g) =>
      Array.from({ length: count }, (_, m) => randomMember(30, 8, 100 * g + m, 2 + g)),
    );
    const search = new CombinedSearch(groups, { ...scoring, combine }, 30);
    for (let seed = 0; seed < 10; seed++) {
      const rows = groups.map((_, g) => ({
        ...randomRow(8, seed),
        dense: Float32Array.from({ length: 2 + g }, (_, k) => Math.sin(seed + k)),
      }));
      const combiner = new Combiner({ rule: combine, numModels: 3, longest: 9 }, 30);
      for (const [g, members] of groups.entries()) {
        const alone = new EnsembleSearch(members, scoring, 30).search(rows[g]!, 9);
        combiner.add(g, alone);
      }
      expect(listOf(search.search(rows, 6))).toEqual(listOf(combiner.take(6)));
    }
  },
);

test("one encoder's list stays as it is", () => {
  const members = [0, 1].map((m) => randomMember(30, 8, m));
  const row = randomRow(8, 3);
  const alone = new EnsembleSearch(members, scoring, 30).search(row, 20);
  expect(listOf(new CombinedSearch([members], scoring, 30).search([row], 20))).toEqual(listOf(alone));
});
