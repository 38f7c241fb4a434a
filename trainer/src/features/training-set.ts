// A corpus in memory, ready to learn from: TF-IDF rows and label indices, in shared memory where workers read it.
import type { Csr, DenseBlock, SparseRow, TfidfModel } from "@tagwright/model/internals";
import { breathe } from "../breathe.ts";
import type { Recipe } from "../config.ts";
import type { Corpus } from "../corpus/corpus.ts";
import {
  checkTrainable,
  createLabelCounter,
  keepFrequentLabels,
  type LabelStatistics,
} from "../corpus/label-statistics.ts";
import { heldOutBucket, isHeldOut } from "../corpus/split.ts";
import { newTfidfFitter } from "./fit-tfidf.ts";
import { GrowingUint32, sharedFloat32, sharedUint32 } from "./growing.ts";
import type { LabelMatrix } from "./label-matrix.ts";
import { checkNumFeatures, readyFeatures } from "./ready-features.ts";

/** Documents and labels by number. */
export interface Examples {
  readonly features: Csr;
  readonly labels: LabelMatrix;
}

export interface TrainingSet extends Examples {
  /** Label index → identifier, in code unit order. */
  readonly labelIds: readonly string[];
  readonly names: readonly string[];
  readonly statistics: LabelStatistics;
  /** Labels with too few documents. */
  readonly numDroppedLabels: number;
  /** Document → 0 to 99 by its id: what the calibration folds are cut by. */
  readonly bucket: Uint8Array;
  /** Whether all documents have the same text; never of ready-made features. */
  readonly hasOneText: boolean;
  readonly tfidf: TfidfModel;
  vocabulary(): Iterable<string>;
}

export interface ReadSetOptions {
  /** Percentage of documents left out for `evaluate --holdout`. */
  readonly holdOut: number;
  readonly minLabelDocuments: number;
  /** Sees the text of each document that is kept, in order. */
  readonly onText?: (text: string) => void;
}

/** Keeps the calibration folds apart from the held-out split, which may have cut this very corpus before. */
const FOLD_SALT = "fold:";
/** Documents between two looks at the clock, so that cancelling and progress stay prompt. */
const BREATHE_EVERY = 256;

/**
 * Reads the corpus once. @throws CorpusError where nothing can be learnt from it, the signal's reason when aborted.
 */
export async function readTrainingSet(
  corpus: Corpus,
  recipe: Recipe,
  { holdOut, minLabelDocuments, onText }: ReadSetOptions,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<TrainingSet> {
  const fitter = newTfidfFitter(recipe.features);
  const ready: SparseRow[] = [];
  const counter = createLabelCounter();
  const indexOf = new Map<string, number>();
  const labelStart = new GrowingUint32([0]);
  const labelEntries = new GrowingUint32();
  const buckets: number[] = [];
  let firstText: string | undefined;
  let hasOneText = true;
  for await (const { id, text, labels, features } of corpus.documents(signal)) {
    if (isHeldOut(id, holdOut)) continue;
    if (features === undefined) fitter.add(text);
    else ready.push(features);
    firstText ??= text;
    hasOneText &&= features === undefined && text === firstText;
    onText?.(text);
    counter.add(labels);
    for (const label of labels) {
      let index = indexOf.get(label);
      if (index === undefined) {
        index = indexOf.size;
        indexOf.set(label, index);
      }
      labelEntries.push(index);
    }
    labelStart.push(labelEntries.length);
    buckets.push(heldOutBucket(id, FOLD_SALT));
    if (buckets.length % BREATHE_EVERY === 0) {
      onProgress(corpus.position.done, corpus.position.total);
      await breathe(signal);
    }
  }
  const statistics = counter.result();
  const kept = keepFrequentLabels(statistics, minLabelDocuments);
  checkTrainable(corpus.path, statistics, kept);
  if (corpus.numFeatures !== undefined) checkNumFeatures(corpus.path, ready, corpus.numFeatures);
  onProgress(corpus.position.total, corpus.position.total);
  const names = await corpus.labelNames();
  const fitted = corpus.numFeatures === undefined ? fitter.finish() : readyFeatures(ready, corpus.numFeatures);
  return {
    features: fitted.rows,
    labels: labelMatrix(labelStart, labelEntries, indexOf, kept.labels),
    labelIds: kept.labels,
    names: kept.labels.map((label) => names.get(label) ?? label),
    statistics,
    numDroppedLabels: kept.numDropped,
    bucket: Uint8Array.from(buckets),
    hasOneText,
    tfidf: fitted.model,
    vocabulary: fitted.vocabulary,
  };
}

/** Renumbers labels into the order of `labelIds`; labels that are not in it are dropped. */
function labelMatrix(
  start: GrowingUint32,
  entries: GrowingUint32,
  indexOf: ReadonlyMap<string, number>,
  labelIds: readonly string[],
): LabelMatrix {
  const dropped = 0xffffffff;
  const renumbered = new Uint32Array(indexOf.size).fill(dropped);
  for (const [index, label] of labelIds.entries()) renumbered[indexOf.get(label)!] = index;
  const numDocuments = start.length - 1;
  const indptr = new Uint32Array(numDocuments + 1);
  const labels = new Uint32Array(entries.length);
  let end = 0;
  for (let document = 0; document < numDocuments; document++) {
    const from = end;
    for (let e = start.values[document]!; e < start.values[document + 1]!; e++) {
      const label = renumbered[entries.values[e]!]!;
      if (label !== dropped) labels[end++] = label;
    }
    labels.subarray(from, end).sort();
    indptr[document + 1] = end;
  }
  return { numDocuments, numLabels: labelIds.length, indptr, labels: labels.slice(0, end) };
}

/** The documents of `size` that are not among `documents`, ascending. */
export function allExcept(documents: Uint32Array, size: number): Uint32Array {
  const isTaken = new Uint8Array(size);
  for (const document of documents) isTaken[document] = 1;
  return Uint32Array.from(isTaken.keys()).filter((document) => isTaken[document] === 0);
}

/** The examples of some documents, ascending; copied, so that those left out cannot be seen. */
export function selectExamples({ features, labels }: Examples, documents: Uint32Array): Examples {
  let numEntries = 0;
  let numLabels = 0;
  for (const document of documents) {
    numEntries += features.indptr[document + 1]! - features.indptr[document]!;
    numLabels += labels.indptr[document + 1]! - labels.indptr[document]!;
  }
  const indptr = sharedUint32(documents.length + 1);
  const indices = sharedUint32(numEntries);
  const values = sharedFloat32(numEntries);
  const labelStart = new Uint32Array(documents.length + 1);
  const entries = new Uint32Array(numLabels);
  for (const [row, document] of documents.entries()) {
    const from = features.indptr[document]!;
    const to = features.indptr[document + 1]!;
    indices.set(features.indices.subarray(from, to), indptr[row]!);
    values.set(features.values.subarray(from, to), indptr[row]!);
    indptr[row + 1] = indptr[row]! + to - from;
    const own = labels.labels.subarray(labels.indptr[document], labels.indptr[document + 1]);
    entries.set(own, labelStart[row]!);
    labelStart[row + 1] = labelStart[row]! + own.length;
  }
  return {
    features: {
      numRows: documents.length,
      numCols: features.numCols,
      indptr,
      indices,
      values,
      ...(features.dense && { dense: selectDense(features.dense, documents) }),
    },
    labels: { numDocuments: documents.length, numLabels: labels.numLabels, indptr: labelStart, labels: entries },
  };
}

function selectDense({ width, values }: DenseBlock, documents: Uint32Array): DenseBlock {
  const selected = sharedFloat32(documents.length * width);
  for (const [row, document] of documents.entries())
    selected.set(values.subarray(document * width, (document + 1) * width), row * width);
  return { width, values: selected };
}
