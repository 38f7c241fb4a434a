import { expectAllClose } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { explainPath, labelsBelow } from "./explain.ts";
import { denseMargin, parentOf, randomMember, randomRow } from "./random-member.ts";

const problems = fc.record({
  numLabels: fc.integer({ min: 1, max: 40 }),
  numFeatures: fc.integer({ min: 1, max: 30 }),
  width: fc.constantFrom(0, 3, 16),
  seed: fc.nat(1e6),
  choice: fc.nat(1000),
});

test("each margin on a label's path is its bias plus the contributions and the embedding's, and the dense product", () => {
  fc.assert(
    fc.property(problems, ({ numLabels, numFeatures, width, seed, choice }) => {
      const member = randomMember(numLabels, numFeatures, seed, width);
      const row = randomRow(numFeatures, seed + 1, width);
      const label = choice % numLabels;
      const path = explainPath(member, label, row);
      expect(path.map((it) => it.level)).toEqual([...member.tree.levels.keys()]);
      let node = member.tree.labelOf.indexOf(label);
      for (const { level, node: found, bias, margin, contributions, embedding } of [...path].reverse()) {
        expect(found).toBe(node);
        const weights = member.dense[level]![node]!;
        expectAllClose(
          contributions,
          Array.from(row.indices, (feature, k) => weights[feature]! * row.values[k]!),
          { atol: 1e-12 },
        );
        expectAllClose([bias + contributions.reduce((a, b) => a + b, 0) + embedding], [margin]);
        if (width === 0) expect(embedding).toBe(0);
        expectAllClose([margin], [denseMargin(member, level, node, row)], { atol: 1e-9 });
        node = parentOf(member, level, node);
      }
      expect(node).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test("the labels below a node are those whose path leads through it", () => {
  fc.assert(
    fc.property(problems, ({ numLabels, seed, choice }) => {
      const member = randomMember(numLabels, 1, seed);
      const level = choice % member.tree.levels.length;
      const node = choice % member.tree.levels[level]!.childStart.at(-1)!;
      const through = [...member.tree.labelOf].filter((label) => {
        const row = { indices: new Uint32Array(0), values: new Float32Array(0) };
        return explainPath(member, label, row)[level]!.node === node;
      });
      expect(labelsBelow(member.tree, level, node, 1000)).toEqual(through);
      expect(labelsBelow(member.tree, level, node, 2)).toEqual(through.slice(0, 2));
    }),
    { numRuns: 200 },
  );
});
