import { expectAllClose } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SparseRow } from "../sparse/csr.ts";
import type { LabelTree } from "../tree/label-tree.ts";
import { type BeamOptions, BeamSearch, newBeam, newRanking, type Ranking } from "./beam-search.ts";
import { denseMargin, parentOf, type RandomMember, randomMember, randomRow } from "./random-member.ts";

interface Found {
  readonly label: number;
  readonly score: number;
  readonly margin: number;
  readonly path: number;
}

const logScore = (margin: number, { power, loss }: BeamOptions) =>
  loss === "logistic" ? Math.log(1 / (1 + Math.exp(-margin))) : -(Math.max(0, 1 - margin) ** power);

/** All leaves with their scores by walking up from each: no beam, no chunks. */
function allLeaves(member: RandomMember, row: SparseRow, options: BeamOptions): Found[] {
  const last = member.tree.levels.length - 1;
  const leaves = Array.from(member.tree.labelOf, (label, leaf) => {
    let path = 0;
    let node = leaf;
    for (let level = last; level > 0; level--) {
      node = parentOf(member, level, node);
      path += logScore(denseMargin(member, level - 1, node, row), options);
    }
    const margin = denseMargin(member, last, leaf, row);
    return { label, margin, path, score: logScore(margin, options) + options.pathWeight * path };
  });
  return leaves.sort((a, b) => b.score - a.score || b.margin - a.margin);
}

function search(member: RandomMember, row: SparseRow, k: number, options: BeamOptions): Found[] {
  const ranking = newRanking(Math.max(k, 1));
  new BeamSearch(member.tree, member.ranker).search(row, k, options, ranking, newBeam(options.beam));
  return listed(ranking);
}

function listed({ length, labels, scores, margins, paths }: Ranking): Found[] {
  return Array.from({ length }, (_, i) => ({
    label: labels[i]!,
    score: scores[i]!,
    margin: margins[i]!,
    path: paths[i]!,
  }));
}

const problems = fc.record({
  numLabels: fc.integer({ min: 1, max: 60 }),
  numFeatures: fc.integer({ min: 1, max: 40 }),
  width: fc.constantFrom(0, 0, 1, 5, 16, 37),
  seed: fc.nat(1e6),
  k: fc.integer({ min: 1, max: 80 }),
  options: fc.record({
    beam: fc.integer({ min: 1, max: 8 }),
    power: fc.constantFrom(1, 2, 3, 1.5),
    pathWeight: fc.constantFrom(0, 0.5, 1),
    loss: fc.constantFrom("squared-hinge" as const, "logistic" as const),
  }),
});

function expectSameList(actual: readonly Found[], expected: readonly Found[]): void {
  for (const key of ["score", "margin", "path"] as const) {
    expectAllClose(
      actual.map((it) => it[key]),
      expected.map((it) => it[key]),
      { atol: 1e-9 },
    );
  }
  expect(actual.map((it) => it.label)).toEqual(expected.map((it) => it.label));
}

test("a beam as wide as the tree finds what scoring every path finds", () => {
  fc.assert(
    fc.property(problems, ({ numLabels, numFeatures, width, seed, k, options }) => {
      const member = randomMember(numLabels, numFeatures, seed, width);
      const row = randomRow(numFeatures, seed + 1, width);
      const wide = { ...options, beam: numLabels };
      expectSameList(search(member, row, k, wide), allLeaves(member, row, wide).slice(0, k));
    }),
    { numRuns: 300 },
  );
});

test("a narrow beam keeps the best nodes of each level and scores their children only", () => {
  fc.assert(
    fc.property(problems, ({ numLabels, numFeatures, width, seed, k, options }) => {
      const member = randomMember(numLabels, numFeatures, seed, width);
      const row = randomRow(numFeatures, seed + 1, width);
      const { levels } = member.tree;
      let kept = new Set([0]);
      for (let level = 0; level + 1 < levels.length; level++) {
        const scored: { node: number; score: number }[] = [];
        for (let node = 0; node < levels[level]!.childStart.at(-1)!; node++) {
          if (!kept.has(parentOf(member, level, node))) continue;
          let score = 0;
          for (let t = level, at = node; t >= 0; at = parentOf(member, t, at), t--) {
            score += logScore(denseMargin(member, t, at, row), options);
          }
          scored.push({ node, score });
        }
        scored.sort((a, b) => b.score - a.score);
        // Ties at the edge of the beam have a test of their own.
        fc.pre(scored.length <= options.beam || scored[options.beam - 1]!.score !== scored[options.beam]!.score);
        kept = new Set(scored.slice(0, options.beam).map(({ node }) => node));
      }
      const last = levels.length - 1;
      const leafOf = new Map(Array.from(member.tree.labelOf, (label, leaf) => [label, leaf]));
      const expected = allLeaves(member, row, options).filter(({ label }) =>
        kept.has(parentOf(member, last, leafOf.get(label)!)),
      );
      expectSameList(search(member, row, k, options), expected.slice(0, k));
    }),
    { numRuns: 300 },
  );
});

/** One level: label i has margin `biases[i]` whatever the row. */
function flat(biases: readonly number[]): RandomMember {
  const member = randomMember(biases.length, 1, 0);
  const tree: LabelTree = {
    levels: [{ childStart: Uint32Array.of(0, biases.length) }],
    labelOf: Uint32Array.from(biases.keys()),
  };
  const empty = {
    features: new Uint32Array(0),
    rowStart: new Uint32Array(1),
    children: new Uint16Array(0),
    weights: new Float32Array(0),
  };
  return { ...member, tree, ranker: { levels: [{ bias: Float32Array.from(biases), chunk: () => empty }] } };
}

const anyRow = randomRow(1, 0);
const options: BeamOptions = { beam: 4, power: 3, pathWeight: 1 };

/** The parents whose chunks a search for `k` labels reads, level by level. */
function read(member: RandomMember, row: SparseRow, k: number, options: BeamOptions): number[][] {
  const parents: number[][] = member.ranker.levels.map(() => []);
  const levels = member.ranker.levels.map(({ bias, chunk }, t) => ({
    bias,
    chunk: (parent: number) => {
      parents[t]!.push(parent);
      return chunk(parent);
    },
  }));
  search({ ...member, ranker: { levels } }, row, k, options);
  return parents;
}

test("no chunk is read below a node that is worse than the last label of the list", () => {
  const paths = { ...options, beam: 60 };
  let [few, all] = [0, 0];
  for (let seed = 0; seed < 20; seed++) {
    const member = randomMember(60, 12, seed);
    const row = randomRow(12, seed + 1);
    const ranked = search(member, row, 60, paths);
    const worst = ranked[2]!.score;
    const pathOf = new Map(ranked.map(({ label, path }) => [label, path]));
    const last = member.tree.levels.length - 1;
    const parents = read(member, row, 3, paths)[last]!;
    for (const [leaf, label] of member.tree.labelOf.entries()) {
      if (pathOf.get(label)! > worst) expect(parents).toContain(parentOf(member, last, leaf));
    }
    few += parents.length;
    all += read(member, row, 60, paths)[last]!.length;
  }
  expect(few).toBeLessThan(all / 2);
});

test("no chunk is read above the last level that cannot bring a node into the beam", () => {
  const narrow = { ...options, beam: 2 };
  let [few, kept] = [0, 0];
  for (let seed = 0; seed < 40; seed++) {
    const member = randomMember(60, 12, seed);
    const row = randomRow(12, seed + 1);
    const inner = read(member, row, 60, narrow).slice(1, -1);
    few += inner.reduce((sum, parents) => sum + parents.length, 0);
    for (const depth of inner.keys()) {
      const beam = newBeam(narrow.beam);
      new BeamSearch(member.tree, member.ranker).searchLevels(row, depth + 1, narrow, beam);
      kept += beam.length;
    }
  }
  expect(few).toBeGreaterThan(0);
  expect(few).toBeLessThan(kept);
});

test("past the hinge the margin decides, and equal leaves keep the tree's order", () => {
  const labels = (biases: number[], k: number) => search(flat(biases), anyRow, k, options).map((it) => it.label);
  expect(labels([1, 2, 0.5, 4, 1], 5)).toEqual([3, 1, 0, 4, 2]);
  expect(labels([1, 2, 0.5, 4, 1], 3)).toEqual([3, 1, 0]);
  expect(labels([0, 0, 0, 0], 4)).toEqual([0, 1, 2, 3]);
  expect(labels([0, 0, 0, 0], 2)).toEqual([0, 1]);
});

test("more labels wanted than there are gives all, and none wanted gives none", () => {
  expect(search(flat([1, 2]), anyRow, 50, options).length).toBe(2);
  expect(search(flat([1, 2]), anyRow, 0, options)).toEqual([]);
});

test("an empty row is scored by the biases alone", () => {
  const member = randomMember(20, 5, 9);
  const empty = { indices: new Uint32Array(0), values: new Float32Array(0) };
  const wide = { ...options, beam: 20 };
  expectSameList(search(member, empty, 20, wide), allLeaves(member, empty, wide));
});

test("one search after another gives what a fresh one gives, rows without a dense block among them", () => {
  const member = randomMember(30, 12, 5, 20);
  const reused = new BeamSearch(member.tree, member.ranker);
  const [ranking, beam] = [newRanking(10), newBeam(options.beam)];
  for (let seed = 0; seed < 20; seed++) {
    const row = randomRow(12, seed, seed % 3 === 0 ? 0 : 20);
    reused.search(row, 10, options, ranking, beam);
    expect(listed(ranking)).toEqual(search(member, row, 10, options));
  }
});

test("a row without a dense block is scored by the other block, in a model that has both", () => {
  const wide = { ...options, beam: 20 };
  const [both, sparse] = [randomMember(20, 5, 9, 8), randomMember(20, 5, 9, 8)];
  const row = randomRow(5, 3);
  const levels = sparse.ranker.levels.map(({ bias, chunk }) => ({
    bias,
    chunk: (parent: number) => {
      const { dense: _, ...rest } = chunk(parent);
      return rest;
    },
  }));
  expect(search(both, row, 20, wide)).toEqual(search({ ...sparse, ranker: { levels } }, row, 20, wide));
});

test("a dense block of another width than the model's is refused", () => {
  const member = randomMember(20, 5, 9, 8);
  expect(() => search(member, randomRow(5, 3, 9), 5, options)).toThrow("a row of 9");
});

test("of nodes with equal scores the first of the level stay in the beam", () => {
  const { tree, ranker } = flat([1, 1.5, 0.2, 2, 1]);
  const kept = (beam: number) => {
    const it = newBeam(beam);
    new BeamSearch(tree, ranker).searchLevels(anyRow, 1, { ...options, beam }, it);
    return [...it.nodes.subarray(0, it.length)];
  };
  expect(kept(2)).toEqual([0, 1]);
  expect(kept(4)).toEqual([0, 1, 3, 4]);
  expect(kept(9)).toEqual([0, 1, 3, 4, 2]);
});
