import { expectAllClose, hundredths } from "@tagwright/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LabelMatrix } from "../features/label-matrix.ts";
import { labelEmbedding } from "./label-embedding.ts";
import { sparse, twoBlocks } from "./test-data.ts";

const NUM_FEATURES = 6;
const NUM_LABELS = 4;

const documents = fc.array(
  fc.record({
    row: fc.array(fc.oneof(fc.constant(0), hundredths()), { minLength: NUM_FEATURES, maxLength: NUM_FEATURES }),
    labels: fc.subarray([0, 1, 2, 3]),
  }),
  { maxLength: 10 },
);

type Documents = readonly { readonly row: readonly number[]; readonly labels: readonly number[] }[];

function embed(docs: Documents, maxEntries: number) {
  const features = sparse(
    docs.map(({ row }) => row),
    NUM_FEATURES,
  );
  return labelEmbedding(features, labelsOf(docs), maxEntries);
}

function labelsOf(docs: Documents): LabelMatrix {
  const indptr = Uint32Array.from([0, ...docs.map((_, d) => docs.slice(0, d + 1).flatMap((it) => it.labels).length)]);
  const labels = Uint32Array.from(docs.flatMap((it) => it.labels));
  return { numDocuments: docs.length, numLabels: NUM_LABELS, indptr, labels };
}

/** z_l = Σ_d y_dl / ‖y_d‖ · x_d, scaled to unit norm; zero where there is nothing to scale. */
function denseRow(docs: Documents, label: number): number[] {
  const sum = new Array<number>(NUM_FEATURES).fill(0);
  for (const { row, labels } of docs) {
    if (!labels.includes(label)) continue;
    for (const [f, value] of row.entries()) sum[f]! += Math.fround(value) / Math.sqrt(labels.length);
  }
  const norm = Math.hypot(...sum);
  return norm < 1e-4 ? sum.fill(0) : sum.map((it) => it / norm);
}

test("label features are the product of normalised labels and documents, row by row of unit norm", () => {
  fc.assert(
    fc.property(documents, (docs) => {
      const { indptr, indices, values } = embed(docs, 100);
      for (let label = 0; label < NUM_LABELS; label++) {
        const own = [...indices.subarray(indptr[label], indptr[label + 1])];
        expect(own).toEqual([...new Set(own)].sort((a, b) => a - b));
        const row = new Array<number>(NUM_FEATURES).fill(0);
        for (let p = indptr[label]!; p < indptr[label + 1]!; p++) row[indices[p]!]! += values[p]!;
        const expected = denseRow(docs, label);
        if (expected.some((it) => it !== 0)) expectAllClose(row, expected, { atol: 1e-3 });
      }
    }),
  );
});

test("a label without documents has an empty row", () => {
  const { indptr } = embed([{ row: [1, 0, 0, 0, 0, 0], labels: [2] }], 100);
  expect([...indptr]).toEqual([0, 0, 0, 1, 1]);
});

test("with a bound the largest entries stay, and have unit norm by themselves", () => {
  const { indptr, indices, values } = embed([{ row: [0.1, 0.4, 0, 0.3, 0.2, 0.05], labels: [0] }], 2);
  expect([...indices.subarray(0, indptr[1])]).toEqual([1, 3]);
  expectAllClose(values.subarray(0, indptr[1]), [0.8, 0.6]);
});

test("the bound holds where entries are equal", () => {
  const { indptr, indices } = embed([{ row: [0.2, 0.2, 0.9, 0.2, 0.2, 0.2], labels: [0] }], 3);
  expect([...indices.subarray(0, indptr[1])]).toEqual([0, 1, 2]);
});

test("a dense block is summed beside the sparse one, and the row has unit norm over both", () => {
  fc.assert(
    fc.property(documents, fc.integer({ min: 0, max: NUM_FEATURES - 1 }), (docs, numSparse) => {
      const features = twoBlocks(
        docs.map(({ row }) => row),
        NUM_FEATURES,
        numSparse,
      );
      const embedding = labelEmbedding(features, labelsOf(docs), 100);
      const width = NUM_FEATURES - numSparse;
      expect(embedding.dense!.width).toBe(width);
      for (let label = 0; label < NUM_LABELS; label++) {
        const row = new Array<number>(numSparse).fill(0);
        for (let p = embedding.indptr[label]!; p < embedding.indptr[label + 1]!; p++)
          row[embedding.indices[p]!]! += embedding.values[p]!;
        row.push(...embedding.dense!.values.subarray(label * width, (label + 1) * width));
        const expected = denseRow(docs, label);
        if (expected.some((it) => it !== 0)) expectAllClose(row, expected, { atol: 1e-3 });
      }
    }),
  );
});
