// Small matrices for the tests of this folder.
import type { Csr } from "@tagwright/model/internals";
import { newRandom } from "../random.ts";

/** The non-zero entries of dense rows. */
export function sparse(rows: readonly (readonly number[])[], numCols: number): Csr {
  const entries = rows.map((row) => [...row.entries()].filter(([, value]) => value !== 0));
  const indptr = new Uint32Array(rows.length + 1);
  for (const [r, row] of entries.entries()) indptr[r + 1] = indptr[r]! + row.length;
  const flat = entries.flat();
  return {
    numRows: rows.length,
    numCols,
    indptr,
    indices: Uint32Array.from(flat, ([feature]) => feature),
    values: Float32Array.from(flat, ([, value]) => value),
  };
}

/** The same rows with all columns from `numSparse` on in a dense block. */
export function twoBlocks(rows: readonly (readonly number[])[], numCols: number, numSparse: number): Csr {
  const values = Float32Array.from(rows.flatMap((row) => row.slice(numSparse)));
  return {
    ...sparse(
      rows.map((row) => row.slice(0, numSparse)),
      numSparse,
    ),
    dense: { width: numCols - numSparse, values },
  };
}

/** Unit rows about topics: a topic has `width` features of its own, and all share as many more. */
export function topicRows(numRows: number, numTopics: number, width: number, seed: number): number[][] {
  const random = newRandom(seed);
  return Array.from({ length: numRows }, (_, r) => {
    const row = new Array<number>((numTopics + 1) * width).fill(0);
    const topic = r % numTopics;
    for (let k = 0; k < width; k++) {
      if (random() < 0.7) row[topic * width + k] = 0.5 + random();
      if (random() < 0.3) row[numTopics * width + k] = 0.5 * random();
    }
    row[topic * width]! += 0.1;
    const norm = Math.hypot(...row);
    return row.map((value) => value / norm);
  });
}
