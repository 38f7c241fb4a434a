import { expectAllClose } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BeamSearch, newBeam, newRanking } from "./beam-search.ts";
import { EnsembleSearch, parseScoring, type Scoring } from "./ensemble.ts";
import { randomMember, randomRow } from "./random-member.ts";

const problems = fc.record({
  numLabels: fc.integer({ min: 1, max: 40 }),
  numMembers: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(1e6),
  k: fc.integer({ min: 0, max: 50 }),
  scoring: fc.record({
    beam: fc.integer({ min: 1, max: 10 }),
    power: fc.constantFrom(1, 3),
    pathWeight: fc.constantFrom(0, 1),
    candidates: fc.integer({ min: 1, max: 30 }),
  }),
});

function make(numLabels: number, numMembers: number, seed: number, scoring: Scoring) {
  const members = Array.from({ length: numMembers }, (_, m) => randomMember(numLabels, 8, seed * 10 + m));
  return { members, search: new EnsembleSearch(members, scoring, numLabels), row: randomRow(8, seed) };
}

test("a label's value is the mean over the trees of its score there, zero where it did not come up", () => {
  fc.assert(
    fc.property(problems, ({ numLabels, numMembers, seed, k, scoring }) => {
      const { members, search, row } = make(numLabels, numMembers, seed, scoring);
      const given = new Map<number, { values: number[]; margins: number[] }>();
      for (const { tree, ranker } of members) {
        const ranking = newRanking(scoring.candidates);
        new BeamSearch(tree, ranker).search(row, scoring.candidates, scoring, ranking, newBeam(scoring.beam));
        for (let i = 0; i < ranking.length; i++) {
          const [label, score, margin] = [ranking.labels[i]!, ranking.scores[i]!, ranking.margins[i]!];
          const it = given.get(label) ?? { values: [], margins: [] };
          it.values.push(score < 0 ? Math.exp(score) : 1 + 0.1 * Math.min(margin - 1, 1));
          it.margins.push(margin);
          given.set(label, it);
        }
      }
      const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
      const expected = [...given]
        .map(([label, { values, margins }]) => ({
          label,
          value: sum(values) / numMembers,
          margin: sum(margins) / margins.length,
        }))
        .sort((a, b) => b.value - a.value)
        .slice(0, k);
      const ranked = search.search(row, k);
      expectAllClose(
        ranked.values.subarray(0, ranked.length),
        expected.map((it) => it.value),
        { atol: 1e-12 },
      );
      for (let i = 0; i < ranked.length; i++) {
        const it = given.get(ranked.labels[i]!)!;
        expectAllClose(
          [ranked.values[i]!, ranked.margins[i]!],
          [sum(it.values) / numMembers, sum(it.margins) / it.margins.length],
          { atol: 1e-12 },
        );
      }
      expect(new Set(ranked.labels.subarray(0, ranked.length)).size).toBe(ranked.length);
    }),
    { numRuns: 300 },
  );
});

test("one tree's order is kept, even where scores are too low to differ as probabilities", () => {
  const scoring = { beam: 40, power: 3, pathWeight: 1, candidates: 40 };
  const { members, search, row } = make(40, 1, 3, scoring);
  for (const level of members[0]!.ranker.levels) for (let n = 0; n < level.bias.length; n++) level.bias[n]! -= 9;
  const ranking = newRanking(40);
  new BeamSearch(members[0]!.tree, members[0]!.ranker).search(row, 40, scoring, ranking, newBeam(40));
  expect(Math.exp(ranking.scores[0]!)).toBe(0);
  expect([...search.search(row, 40).labels]).toEqual([...ranking.labels]);
});

test("a search leaves nothing behind for the next", () => {
  const scoring = { beam: 5, power: 3, pathWeight: 1, candidates: 7 };
  const { members, search } = make(25, 3, 8, scoring);
  for (let seed = 0; seed < 20; seed++) {
    const row = randomRow(8, seed);
    const ranked = search.search(row, seed % 9);
    const fresh = new EnsembleSearch(members, scoring, 25).search(row, seed % 9);
    expect([...ranked.labels.subarray(0, ranked.length)]).toEqual([...fresh.labels.subarray(0, fresh.length)]);
    expect(ranked.length).toBe(fresh.length);
  }
});

test("a manifest that says nothing of a loss means the squared hinge, and one that names an unknown loss is refused", () => {
  const scoring = { beam: 10, power: 3, pathWeight: 1, candidates: 50 };
  expect(parseScoring(scoring)).toEqual(scoring);
  expect(parseScoring({ ...scoring, loss: "squared-hinge" })).toEqual(scoring);
  expect(parseScoring({ ...scoring, loss: "logistic" })).toEqual({ ...scoring, loss: "logistic" });
  for (const loss of ["hinge", null, 1, {}]) expect(parseScoring({ ...scoring, loss })).toBeUndefined();
});

test("a manifest may name a rule for several encoders, and only one of the known ones", () => {
  const scoring = { beam: 10, power: 3, pathWeight: 1, candidates: 50 };
  expect(parseScoring({ ...scoring, combine: "softmax" })).toEqual({ ...scoring, combine: "softmax" });
  for (const combine of ["median", "", null, 1, {}]) expect(parseScoring({ ...scoring, combine })).toBeUndefined();
});
