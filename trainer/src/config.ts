// Every default of a training run, once: what the command line shows, what a preset means, what the card reports.
import type { Csr, Loss, TfidfOptions } from "@tagwright/model/internals";

export type Preset = "fast" | "best";
/**
 * `auto` tries what is promising for a corpus of that size and keeps what is best on held-out documents; `none` leaves
 * the ranker with the encoder's embedding alone, while tree and recursion still read words.
 */
export type FeatureChoice = "auto" | "words" | "words+characters" | "none";
/**
 * Which documents a classifier has as negatives: those of its siblings (teacher forcing, tfn), and on the last level also
 * those that the levels above mistake for its parent's (matcher-aware, man).
 */
export const negativesChoices = ["tfn", "tfn+man"] as const;
export type Negatives = (typeof negativesChoices)[number];
export type TreeShape = "balanced" | "bonsai" | "parabel";
/**
 * How an encoder is fine-tuned: level by level (XR-Transformer), on the finest level alone (X-Transformer), or on groups
 * and labels together with negatives that the groups choose (LightXML).
 */
export type Schedule = "recursive" | "flat" | "dynamic";

/** All that decides what is learnt; the number of threads does not. */
export interface Recipe {
  readonly preset: Preset;
  readonly features: {
    readonly blocks: readonly TfidfOptions[];
    /** Other blocks, tried on held-out documents of corpora up to a size; the best ones are taken. */
    readonly alternatives: readonly { readonly upToDocuments: number; readonly blocks: readonly TfidfOptions[] }[];
    /** Documents an n-gram needs. */
    readonly minDocuments: number;
    /** Bound for each block. */
    readonly maxFeatures: number;
    /** Whether the ranker of a model with an encoder reads them; without an encoder it always does. */
    readonly besideEmbedding: boolean;
  };
  readonly tree: {
    readonly shape: TreeShape;
    /** Trees whose rankings are averaged. */
    readonly members: number;
    readonly branching: number;
    /** Labels below a lowest cluster, by the number of labels: larger is more accurate, smaller is faster. */
    readonly leafSizes: readonly { readonly upToLabels: number; readonly size: number }[];
    /** Largest entries of a label's features that place it in the tree. */
    readonly labelEntries: number;
  };
  readonly ranker: {
    readonly loss: Loss;
    readonly positiveCost: number;
    readonly negativeCost: number;
    readonly induceRelevance: boolean;
    /** A label is learnt once its projected gradients span at most this, as LIBLINEAR's eps. */
    readonly eps: number;
    /** The same for words alone in larger corpora of not too many labels, where closer would not be better. */
    readonly loose: { readonly overDocuments: number; readonly upToLabels: number; readonly eps: number };
    readonly maxPasses: number;
    /** Weights under this share of what a typical feature is worth in a row, 1/√(features a row), are pruned ... */
    readonly pruneShare: number;
    /** ... but none over this, and all under that. */
    readonly pruneMost: number;
    readonly pruneLeast: number;
    /** Nodes a level that the level above wrongly predicts for a document bring it to the last level as a negative (man). */
    readonly matched: number;
  };
  readonly tuning: Tuning;
  readonly scoring: {
    readonly beam: number;
    readonly power: number;
    readonly pathWeight: number;
    readonly candidates: number;
    /** What a margin is worth on a path is the loss's to say; left out for the squared hinge. */
    readonly loss?: Loss;
  };
  readonly seed: number;
}

/** How an encoder learns; a run without one has no use for it. */
export interface Tuning {
  readonly schedule: Schedule;
  /** Documents a step. */
  readonly batch: number;
  /** Passes over the documents, one entry a level; the last is the last level's, the first also for levels above it. */
  readonly epochs: readonly number[];
  /** Steps of a level at least: a small corpus is read more often. */
  readonly fewestSteps: number;
  /** Learning rates at their highest, of the encoder and of the head. */
  readonly rate: number;
  readonly headRate: number;
  /**
   * Rate of the word table, below the lowest layer, as a share of the highest layer's, with equal ratios in between: what is
   * lower holds for more texts, and has less to learn from these. Source: Howard and Ruder, ACL 2018.
   */
  readonly lowestShare: number;
  /** Share of a level's steps in which the rates rise. */
  readonly warmUp: number;
  readonly weightDecay: number;
  /** Chance that an entry of the embedding, or a word piece, is left out of a step. */
  readonly dropout: number;
  readonly wordDropout: number;
  /** Bound of the gradients' norm, for the encoder and the head each. */
  readonly clip: number;
  /**
   * Documents that a label has on average, from which on the loss is cross-entropy: it goes on to learn from nodes that are
   * told apart well, and ranks better. The squared hinge learns more where there are few.
   */
  readonly crossEntropyFrom: number;
  /** Word pieces that are read of a passage: on the last level and in the final model, and on the levels above. */
  readonly maxPieces: number;
  readonly coarsePieces: number;
  /** Passages that the final model reads of a text, at most. A pass of fine-tuning reads one of them, drawn anew. */
  readonly passages: number;
  /** The preliminary tree. */
  readonly branching: number;
  readonly leafSize: number;
  /** Levels with fewer or more nodes are not learnt. */
  readonly fewestNodes: number;
  readonly mostNodes: number;
  /** Nodes that a level predicts for a document; their children are the next level's candidates. */
  readonly predicted: number;
  /**
   * C of the linear SVMs that a level's head starts from, for embeddings whose mean square length is 1. Far less than the
   * published 100, which learns a small corpus by heart and leaves the encoder nothing to learn.
   */
  readonly bootstrapCost: number;
  readonly bootstrapPasses: number;
  /**
   * Shares of what fine-tuning changed that are tried beside all of it, on corpora of so many documents at most: each costs
   * an embedding of all of them, and a ranker for each of `denseWeights`.
   */
  readonly kept: { readonly shares: readonly number[]; readonly upToDocuments: number };
  /**
   * Corpora of so many documents at most are tuned on once more, all of them, when held-out ones, a fifth of them, have weighed
   * and calibrated.
   */
  readonly againUpToDocuments: number;
  /** Weights of the unit embedding beside the unit TF-IDF row; the one that is best on held-out documents is taken. */
  readonly denseWeights: readonly number[];
}

export type TuningLoss = "squared-hinge" | "bce";

const words: TfidfOptions = { analyzer: "word", minN: 1, maxN: 2, sublinear: true };
const plainWords: TfidfOptions = { ...words, sublinear: false };
const characters: TfidfOptions = { analyzer: "char", minN: 3, maxN: 5, sublinear: true };

/** Where a handful of documents decides, the best features differ from corpus to corpus, and trying costs a second. */
const small = 1_500;

const fast: Recipe = {
  preset: "fast",
  features: {
    blocks: [words],
    alternatives: [
      { upToDocuments: small, blocks: [plainWords] },
      { upToDocuments: small, blocks: [{ ...words, maxN: 1 }, characters] },
    ],
    minDocuments: 2,
    maxFeatures: 500_000,
    besideEmbedding: true,
  },
  tree: {
    shape: "balanced",
    members: 1,
    branching: 16,
    leafSizes: [
      { upToLabels: 1_024, size: 200 },
      { upToLabels: 8_192, size: 400 },
      { upToLabels: Number.POSITIVE_INFINITY, size: 100 },
    ],
    labelEntries: 150,
  },
  ranker: {
    loss: "squared-hinge",
    positiveCost: 1,
    negativeCost: 1,
    induceRelevance: false,
    eps: 0.1,
    loose: { overDocuments: 500, upToLabels: 8_192, eps: 0.3 },
    maxPasses: 100,
    pruneShare: 1,
    pruneMost: 0.1,
    pruneLeast: 0.0625,
    matched: 0,
  },
  tuning: {
    schedule: "recursive",
    batch: 32,
    epochs: [1, 1, 2],
    fewestSteps: 40,
    rate: 2e-4,
    headRate: 1e-3,
    lowestShare: 0.12,
    warmUp: 0.1,
    weightDecay: 0.01,
    dropout: 0.1,
    wordDropout: 0,
    clip: 1,
    crossEntropyFrom: 10,
    maxPieces: 128,
    coarsePieces: 64,
    passages: 2,
    branching: 16,
    leafSize: 16,
    fewestNodes: 8,
    mostNodes: 32_768,
    predicted: 8,
    bootstrapCost: 1,
    bootstrapPasses: 20,
    kept: { shares: [0.5, 0], upToDocuments: 2_500 },
    againUpToDocuments: 0,
    denseWeights: [0.5, 1, 2],
  },
  scoring: { beam: 10, power: 3, pathWeight: 1, candidates: 50 },
  seed: 0,
};

/** Shorter texts gain most from character n-grams; longer ones lose. */
const best: Recipe = {
  ...fast,
  preset: "best",
  features: {
    ...fast.features,
    alternatives: [
      { upToDocuments: small, blocks: [plainWords] },
      { upToDocuments: 100_000, blocks: [words, characters] },
    ],
    maxFeatures: 1_000_000,
  },
  tree: {
    ...fast.tree,
    leafSizes: [
      { upToLabels: 3_000, size: 3_000 },
      { upToLabels: Number.POSITIVE_INFINITY, size: 400 },
    ],
  },
  ranker: {
    ...fast.ranker,
    loose: { ...fast.ranker.loose, eps: 0.1 },
    pruneShare: 0.4,
    pruneMost: 0.05,
    pruneLeast: 0.01,
  },
  tuning: { ...fast.tuning, againUpToDocuments: 5_000 },
  scoring: { ...fast.scoring, beam: 20 },
};

/** What the other loss changes: it pulls less, so it is given more weight, and it is nearer its optimum at a larger eps. */
function logistic({ ranker, scoring }: Recipe): Pick<Recipe, "ranker" | "scoring"> {
  return {
    ranker: {
      ...ranker,
      loss: "logistic",
      positiveCost: 30,
      negativeCost: 30,
      eps: 0.5,
      loose: { ...ranker.loose, eps: 0.5 },
    },
    scoring: { ...scoring, loss: "logistic" },
  };
}

export interface RecipeChoices {
  /** Of Parabel or Bonsai. */
  readonly tree?: TreeShape;
  readonly features?: FeatureChoice;
  readonly schedule?: Schedule;
  /** Documents a step of the encoder. */
  readonly batch?: number;
  /** Word pieces that are read of a text; half as many on the coarse levels. */
  readonly maxPieces?: number;
  /** Passages of a text that the final model reads, each of so many pieces; fine-tuning reads the first. */
  readonly passages?: number;
  /** All of what fine-tuning changed is kept, whatever held-out documents say. */
  readonly keepAll?: boolean;
  /** Of the ranker. */
  readonly loss?: Loss;
  readonly negatives?: Negatives;
  /** The labels of a document share its weight: a positive has that of its labels below the node. */
  readonly induceRelevance?: boolean;
}

/** A suggestion takes as many times as long. */
export const MOST_PASSAGES = 16;

/** Room for a few words between the special pieces. */
export const FEWEST_PIECES = 8;

/** The recipe of a preset, with what is asked for instead. */
export function recipeFor(preset: Preset, seed: number, choices: RecipeChoices = {}): Recipe {
  const { tree: shape, features = "auto", schedule = "recursive", loss = "squared-hinge" } = choices;
  const base = preset === "fast" ? fast : best;
  const { ranker, scoring } = loss === "logistic" ? logistic(base) : base;
  const blocks = features === "words+characters" ? [words, characters] : [words];
  const chosen = { ...base.features, blocks, alternatives: [], besideEmbedding: features !== "none" };
  const recipe = {
    ...base,
    seed,
    tuning: {
      ...base.tuning,
      schedule,
      ...(choices.batch !== undefined && { batch: choices.batch }),
      ...(choices.passages !== undefined && { passages: choices.passages }),
      ...(choices.keepAll && { kept: { shares: [], upToDocuments: 0 } }),
      ...(choices.maxPieces !== undefined && {
        maxPieces: choices.maxPieces,
        coarsePieces: Math.max(FEWEST_PIECES, choices.maxPieces >> 1),
      }),
    },
    ranker: {
      ...ranker,
      // As many nodes as a search would keep.
      ...(choices.negatives === "tfn+man" && { matched: scoring.beam }),
      ...(choices.induceRelevance && { induceRelevance: true }),
    },
    scoring,
    ...(features !== "auto" && { features: chosen }),
  };
  if (shape === undefined || shape === "balanced") return recipe;
  const published = [{ upToLabels: Number.POSITIVE_INFINITY, size: 100 }];
  if (shape === "parabel")
    return { ...recipe, tree: { ...recipe.tree, shape, members: 3, branching: 2, leafSizes: published } };
  return { ...recipe, tree: { ...recipe.tree, shape, members: 1, branching: 100, leafSizes: published } };
}

/** Labels below a lowest cluster, at most, in a tree over `numLabels`. */
export function leafSizeFor({ leafSizes: sizes }: Recipe["tree"], numLabels: number): number {
  return sizes.find(({ upToLabels }) => numLabels <= upToLabels)?.size ?? numLabels;
}

/** What the encoder learns by, of labels with so many documents altogether. */
export function tuningLoss({ crossEntropyFrom }: Tuning, numLabels: number, numEntries: number): TuningLoss {
  return numEntries >= crossEntropyFrom * numLabels ? "bce" : "squared-hinge";
}

/** Shares of what fine-tuning changed that will be tried beside all of it. */
export function sharesTried({ kept: { shares, upToDocuments } }: Tuning, numDocuments: number): readonly number[] {
  return numDocuments <= upToDocuments ? shares : [];
}

/**
 * Parts of the held-out documents that are asked about in turn, by rankers that learn from the others, too: the final
 * ranker of a small corpus also learns from many documents that its encoder has not.
 */
export function rehearsalParts(tuning: Tuning, numDocuments: number): number {
  return numDocuments < calibration.foldsBelow && !tunesAgain(tuning, numDocuments) ? 2 : 1;
}

/** Whether an encoder learns from all documents when held-out ones have decided what they decide. */
export function tunesAgain({ againUpToDocuments }: Tuning, numDocuments: number): boolean {
  return numDocuments <= againUpToDocuments;
}

/** What a ranker of these features learns with. */
export function rankerOptions({ loose, ...ranker }: Recipe["ranker"], features: Csr, numLabels: number, seed: number) {
  const isLoose =
    features.dense === undefined && features.numRows > loose.overDocuments && numLabels <= loose.upToLabels;
  const eps = isLoose ? loose.eps : ranker.eps;
  return { ...ranker, eps, threshold: pruneThreshold(ranker, features), seed };
}

/** The weight from which on one is kept: rows of many features have small values, and small weights that matter. */
export function pruneThreshold(ranker: Omit<Recipe["ranker"], "loose">, { numRows, indices }: Csr): number {
  const typical = ranker.pruneShare / Math.sqrt(Math.max(1, indices.length / Math.max(1, numRows)));
  return Math.max(ranker.pruneLeast, Math.min(ranker.pruneMost, typical));
}

/** Documents that calibrate a model, at most; and the corpus size from which they are never learnt from. */
export const calibration = {
  documents: 4_000,
  share: 0.2,
  foldsBelow: 5_000,
  folds: 3,
  /** A model that lacks a third of a small corpus is less sure, and less often right, than the one that has all of it. */
  small: { folds: 5, below: 2_500 },
  setAsideFrom: 250_000,
  /** What an encoder never learns from is counted in a small corpus: a draw of each document may leave none, or many. */
  counted: { below: 1_000, least: 5 },
} as const;
