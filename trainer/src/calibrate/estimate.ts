// What a run will take, said before the long part starts: from the size of the problem and the speed of this machine.
// The constants are fitted on 19 runs over ten corpora of 279 to 74,034 documents, both presets; estimate.test.ts has them.
import { leafSizeFor, pruneThreshold, type Recipe } from "../config.ts";
import type { TrainingSet } from "../features/training-set.ts";
import { KEPT_FROM_SECONDS } from "../ranker/keep-answers.ts";
import type { CalibrationPlan } from "./folds.ts";
import { machineSpeed } from "./machine-speed.ts";

export interface Estimate {
  readonly seconds: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** Of what words alone take. */
export interface WordsEstimate extends Estimate {
  /** Of `diskBytes`, those of one model: each of the rehearsal's is kept, too, while a longer run lasts. */
  readonly modelBytes: number;
}

/** Processor seconds of the machine that `machineSpeed` calls 1. */
const seconds = {
  /** In the ranker: an entry of a row for 16 labels of the last level, an entry for a node above, entries below a node. */
  perLastEntry: 4.6e-8,
  perNodeEntry: 2.1e-7,
  /** Setting a node's problem up; shared rows make large ones cheaper than their size. */
  perSetUp: 2.5e-5,
  setUpPower: 0.75,
  /** In one thread: label features, the tree's splits, asking about a document; starting and writing. */
  perLabelEntry: 3.8e-7,
  perSplitEntry: 1.1e-7,
  perJudged: 2e-6,
  start: 1.9,
} as const;
const LANES = 16;
/** What an entry of the embedding costs beside one of a sparse row: they lie side by side, and make problems easier. */
const DENSE_SHARE = 0.1;
/** Weights that survive pruning for each label of a document, at threshold 0.1; what one takes on disk. */
const WEIGHTS_PER_ASSIGNMENT = 25;
const BYTES_PER_WEIGHT = 2;
const BASE_MEMORY = 220e6;
const MEMORY_PER_ENTRY = 160;

/** How many entries a set of features has, as a multiple of the first one's: character n-grams need documents to last. */
const CHARACTER_ENTRIES = { small: 2, large: 6 } as const;
const SMALL_DOCUMENTS = 1_500;

export interface TrainingSize {
  readonly documents: number;
  /** Non-zero features of all documents. */
  readonly entries: number;
  readonly labels: number;
  readonly assignments: number;
}

/** @param numVariants sets of features that are tried. */
export function estimateTraining(
  { features, labels, tfidf }: TrainingSet,
  recipe: Recipe,
  plan: CalibrationPlan,
  threads: number,
  numVariants: number,
): WordsEstimate {
  const entries = features.indices.length;
  const assignments = labels.labels.length;
  const { members } = recipe.tree;
  const size = { documents: features.numRows, entries, labels: labels.numLabels, assignments };
  const weights =
    assignments * WEIGHTS_PER_ASSIGNMENT * members * Math.max(1, 0.05 / pruneThreshold(recipe.ranker, features));
  const shares = entryShares(size, recipe, numVariants);
  const taken = estimateSeconds(size, recipe, plan, threads, numVariants) / machineSpeed();
  const modelBytes = weights * BYTES_PER_WEIGHT + tfidf.numFeatures * 30;
  const numKept = taken < KEPT_FROM_SECONDS ? 0 : plan.folds.length * numVariants + 1;
  return {
    seconds: taken,
    modelBytes,
    memoryBytes: BASE_MEMORY + MEMORY_PER_ENTRY * entries * typicalShare(shares) + weights * 12,
    diskBytes: modelBytes + numKept * weights * BYTES_PER_WEIGHT,
  };
}

/** Seconds of the rankers that weigh an embedding `width` wide, `trials` of them, and of the final one. */
export function estimateRankers(
  { features, labels }: TrainingSet,
  recipe: Recipe,
  threads: number,
  trials: number,
  width: number,
): number {
  const { besideEmbedding } = recipe.features;
  const words = besideEmbedding ? features.indices.length : 0;
  const size = {
    documents: features.numRows,
    entries: words + DENSE_SHARE * width * features.numRows,
    labels: labels.numLabels,
    assignments: labels.labels.length,
  };
  const folds = { length: trials };
  return (estimateSeconds(size, recipe, { folds, setAside: false }, threads, 1) - seconds.start) / machineSpeed();
}

/** Seconds on the machine that `machineSpeed` calls 1. */
export function estimateSeconds(
  size: TrainingSize,
  recipe: Recipe,
  { folds, setAside }: Pick<CalibrationPlan, "setAside"> & { readonly folds: { readonly length: number } },
  threads: number,
  numVariants: number,
): number {
  const { documents, entries, labels, assignments } = size;
  const { branching, members } = recipe.tree;
  const leafSize = Math.min(labels, leafSizeFor(recipe.tree, labels));
  const depth = Math.log2(Math.max(1, labels / leafSize));
  const levelsAbove = Math.ceil(depth / Math.log2(branching));
  const shares = entryShares(size, recipe, numVariants);
  const tried = shares.reduce((sum, it) => sum + it, 0);
  // A corpus that is one fold short is learned once a fold, and then the whole of it with the features that won.
  const learned = folds.length > 1 ? (folds.length - 1) / folds.length : 0.85;
  const runs = members * (folds.length * tried * learned + (setAside ? 0 : typicalShare(shares)));
  const perDocument = entries / Math.max(1, documents);
  const below = assignments * perDocument;
  const last = (depth > 0 ? below : entries) * Math.ceil(leafSize / LANES);
  const ranker =
    seconds.perLastEntry * last +
    seconds.perNodeEntry * levelsAbove * below +
    seconds.perSetUp * below ** seconds.setUpPower;
  const tree = seconds.perLabelEntry * below + seconds.perSplitEntry * labels * recipe.tree.labelEntries * depth;
  const judged = seconds.perJudged * documents * folds.length * tried;
  return seconds.start + (runs * ranker) / Math.max(1, threads) + runs * tree + judged;
}

/** One entry a set of features that is tried. */
function entryShares({ documents }: TrainingSize, { features }: Recipe, numVariants: number): number[] {
  const isSmall = documents <= SMALL_DOCUMENTS;
  const [base, ...others] = [features.blocks, ...features.alternatives.map(({ blocks }) => blocks)].map((blocks) => {
    if (!blocks.some(({ analyzer }) => analyzer === "char")) return 1;
    // Beside single words alone there are as many as pairs of words would be.
    const isInsteadOfPairs = blocks.every(({ analyzer, maxN }) => analyzer === "char" || maxN === 1);
    return isSmall ? (isInsteadOfPairs ? 1 : CHARACTER_ENTRIES.small) : CHARACTER_ENTRIES.large;
  });
  const possible = features.alternatives.flatMap(({ upToDocuments }, i) =>
    documents <= upToDocuments ? [others[i]!] : [],
  );
  // Features that are there already are what they are.
  return [1, ...possible.slice(0, Math.max(0, numVariants - 1)).map((it) => it / base!)];
}

/** Of the features that win: nobody knows which, so the middle between the first ones and the largest. */
function typicalShare(shares: readonly number[]): number {
  return (1 + Math.max(...shares)) / 2;
}
