// What a run will take, said before the long part starts: rough on purpose, from the size of the problem alone.

import { leafSizeFor, pruneThreshold, type Recipe } from "../config.ts";
import type { TrainingSet } from "../features/training-set.ts";
import type { CalibrationPlan } from "./folds.ts";

export interface Estimate {
  readonly seconds: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** Measured on two cores at 2 GHz: one feature of one document in one pass over 16 lanes. */
const SECONDS_PER_STEP = 9e-9;
const FULL_PASSES = 20;
const LANES = 16;
/** Weights that survive pruning for each label of a document, at threshold 0.1; what one takes on disk. */
const WEIGHTS_PER_ASSIGNMENT = 25;
const BYTES_PER_WEIGHT = 4;
const BASE_MEMORY = 120e6;

export function estimateTraining(
  set: TrainingSet,
  recipe: Recipe,
  plan: CalibrationPlan,
  threads: number,
  /** Sets of features that are tried. */
  numVariants: number,
): Estimate {
  const { features, labels, tfidf } = set;
  const { branching, members } = recipe.tree;
  const leafSize = leafSizeFor(recipe.tree, labels.numLabels);
  const entries = features.indices.length;
  const assignments = labels.labels.length;
  const perDocument = entries / Math.max(1, features.numRows);
  const levels = 1 + Math.max(0, Math.ceil(Math.log(labels.numLabels / leafSize) / Math.log(branching)));
  const groups = Math.ceil(Math.min(leafSize, labels.numLabels) / LANES) + (levels - 1) * Math.ceil(branching / LANES);
  const steps = assignments * perDocument * groups * FULL_PASSES * members;
  const runs = plan.setAside ? 1 : 1 + plan.folds.length * numVariants;
  const weights =
    assignments * WEIGHTS_PER_ASSIGNMENT * members * Math.max(1, 0.05 / pruneThreshold(recipe.ranker, features));
  return {
    seconds: (steps * SECONDS_PER_STEP * runs) / threads + entries * 1e-6,
    memoryBytes:
      BASE_MEMORY + entries * 8 * (2 + threads / branching) + weights * 12 + tfidf.numFeatures * 100 * threads,
    diskBytes: weights * BYTES_PER_WEIGHT + tfidf.numFeatures * 30,
  };
}
