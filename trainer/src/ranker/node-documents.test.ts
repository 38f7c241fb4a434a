import type { LabelTree } from "@tagwright/model/internals";
import { expectAllClose } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeDocuments } from "./node-documents.ts";
import { toLabelMatrix } from "./test-data.ts";

// Two levels over six labels, out of order: node 0 has labels 4, 1; node 1 has 0; node 2 has 5, 2, 3.
const tree: LabelTree = {
  levels: [{ childStart: Uint32Array.of(0, 3) }, { childStart: Uint32Array.of(0, 2, 3, 6) }],
  labelOf: Uint32Array.of(4, 1, 0, 5, 2, 3),
};
const below = [
  [[4, 1], [0], [5, 2, 3]],
  [[4], [1], [0], [5], [2], [3]],
];

const corpora = fc.array(fc.subarray([0, 1, 2, 3, 4, 5]), { minLength: 1, maxLength: 12 });

test("a node has the documents with a label below it, each with the share of its labels that are there", () => {
  fc.assert(
    fc.property(corpora, (labelsOf) => {
      const levels = nodeDocuments(toLabelMatrix(labelsOf, 6), tree);
      expect(levels.length).toBe(2);
      for (const [t, { indptr, documents, share }] of levels.entries()) {
        for (const [node, labels] of below[t]!.entries()) {
          const inNode = labelsOf.map((own) => own.filter((label) => labels.includes(label)).length);
          const expected = [...labelsOf.keys()].filter((d) => inNode[d]! > 0);
          expect([...documents.subarray(indptr[node], indptr[node + 1])]).toEqual(expected);
          expectAllClose(
            share.subarray(indptr[node], indptr[node + 1]),
            expected.map((d) => inNode[d]! / labelsOf[d]!.length),
          );
        }
      }
    }),
  );
});

test("on each level the shares of a document with labels sum to 1", () => {
  fc.assert(
    fc.property(corpora, (labelsOf) => {
      for (const { documents, share } of nodeDocuments(toLabelMatrix(labelsOf, 6), tree)) {
        const sums = labelsOf.map(() => 0);
        for (const [e, document] of documents.entries()) sums[document]! += share[e]!;
        expectAllClose(
          sums,
          labelsOf.map((own) => (own.length > 0 ? 1 : 0)),
        );
      }
    }),
  );
});
