// A corpus to matrices, by the trainer's own reader and TF-IDF: all systems learn from the very same numbers.
import os from "node:os";
import { newVectorizer } from "@tagwright/model/internals";
import { rehearse } from "../../../trainer/src/calibrate/rehearse.ts";
import { type Preset, recipeFor } from "../../../trainer/src/config.ts";
import { openCorpus } from "../../../trainer/src/corpus/open-corpus.ts";
import { isHeldOut } from "../../../trainer/src/corpus/split.ts";
import { readTrainingSet, type TrainingSet } from "../../../trainer/src/features/training-set.ts";
import { newWorkerPool } from "../../../trainer/src/ranker/worker-pool.ts";
import { type Shape, writeRows, writeShape } from "./matrices.ts";

export interface ExportOptions {
  readonly corpus: string;
  readonly preset: Preset;
  /** Percentage of documents that are the test part; 0 where the corpus has one of its own. */
  readonly holdOut: number;
  readonly out: string;
}

export async function exportMatrices({ corpus, preset, holdOut, out }: ExportOptions): Promise<Shape> {
  const set = await readAsTrained(corpus, preset, holdOut);
  writeRows(out, "X", set.features, set.features.values);
  writeRows(out, "Y", { indptr: set.labels.indptr, indices: set.labels.labels });

  const numberOf = new Map(set.labelIds.map((label, i) => [label, i]));
  const vectorizer = newVectorizer(set.tfidf);
  const rows = newRowList();
  const values: Float32Array[] = [];
  const truth = newRowList();
  const test = await openCorpus(corpus, { part: holdOut > 0 ? "train" : "test" });
  for await (const { id, text, labels } of test.documents()) {
    if (holdOut > 0 && !isHeldOut(id, holdOut)) continue;
    const row = vectorizer.row(text);
    rows.add(row.indices.slice());
    values.push(row.values.slice());
    truth.add(Uint32Array.from(labels, (label) => numbered(numberOf, label)));
  }
  writeRows(out, "T", rows.finish(), joined(values, Float32Array));
  writeRows(out, "S", truth.finish());
  const shape = {
    documents: set.features.numRows,
    features: set.features.numCols,
    labels: set.labelIds.length,
    testDocuments: truth.finish().indptr.length - 1,
  };
  writeShape(out, shape);
  return shape;
}

/** The set whose features `tagwright train` would take: where a recipe has alternatives, it tries them. */
async function readAsTrained(location: string, preset: Preset, holdOut: number): Promise<TrainingSet> {
  const recipe = recipeFor(preset, 0);
  const corpus = await openCorpus(location);
  const set = await readTrainingSet(corpus, recipe, { holdOut, minLabelDocuments: 1 }, () => undefined);
  if (!recipe.features.alternatives.some((it) => set.statistics.documents <= it.upToDocuments)) return set;
  const pool = newWorkerPool(os.availableParallelism());
  try {
    return (await rehearse(corpus, recipe, { holdOut }, pool, () => undefined)).set;
  } finally {
    await pool.dispose();
  }
}

function numbered(numberOf: Map<string, number>, label: string): number {
  const known = numberOf.get(label);
  if (known !== undefined) return known;
  numberOf.set(label, numberOf.size);
  return numberOf.size - 1;
}

function newRowList() {
  const parts: Uint32Array[] = [];
  return {
    add: (row: Uint32Array) => parts.push(row),
    finish() {
      const indptr = new Uint32Array(parts.length + 1);
      for (const [i, part] of parts.entries()) indptr[i + 1] = indptr[i]! + part.length;
      return { indptr, indices: joined(parts, Uint32Array) };
    },
  };
}

function joined<T extends Uint32Array | Float32Array>(parts: readonly T[], make: new (length: number) => T): T {
  const all = new make(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
