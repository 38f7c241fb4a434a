// What a running model gives and says about itself: plain data, the same in the command line, the server and tests.

import type { SparseRow } from "./sparse/csr.ts";

/** One suggested label, best first in a list. */
export interface Suggestion {
  /** The identifier in `labels.txt`: a tag, or a concept id where there is a taxonomy. */
  readonly id: string;
  readonly name: string;
  /**
   * Margin of the label's own classifier, of several trees or encoders the mean over those that came up with the label.
   * Lists are sorted by the whole path's score.
   */
  readonly margin: number;
  /** Calibrated chance that a person would give this label, 0 to 1. */
  readonly probability: number;
}

/** A term of the text and what it added to the margin of a label's own classifier; the nodes above it are not in it. */
export interface TermContribution {
  readonly term: string;
  readonly value: number;
}

/** One node of a tree on the way from the root, which is no step, to the label's leaf. */
export interface PathStep {
  /** 0 below the root. */
  readonly level: number;
  /** Position in its level. */
  readonly node: number;
  /** Of the node's own classifier. */
  readonly margin: number;
  /** A few labels below the node, so that a person can tell what it is about. */
  readonly examples: readonly string[];
}

/**
 * Why a label has its margin: exact, `margin = bias + embedding + sum of all contributions`. Each is of the label's own
 * classifier, and of several trees or encoders the mean over all, also over those whose beam did not come to the label.
 */
export interface Explanation {
  readonly label: string;
  readonly margin: number;
  readonly bias: number;
  /** What the encoder's reading of the whole text added; 0 without one. */
  readonly embedding: number;
  /**
   * What the encoder, or the one of several that read least, read of the text: all of it, its beginning, or several parts
   * from beginning to end. None without one.
   */
  readonly read?: "whole" | "beginning" | "parts";
  /** Largest absolute contribution first. */
  readonly terms: readonly TermContribution[];
  /**
   * A step for each level, the label's leaf last. Of several trees, which group labels differently, that of the first: its
   * last margin is then that tree's alone.
   */
  readonly path: readonly PathStep[];
}

/** How the encoder of an open model is; all of them, where it has several. Words alone suggest while it is not ready. */
export type EncoderState =
  /** The model has none, and needs none. */
  | { readonly kind: "none" }
  | { readonly kind: "loading" }
  | { readonly kind: "ready" }
  /** The native library is missing, a file is damaged, or it failed at work. */
  | { readonly kind: "failed"; readonly reason: string };

export interface ModelInfo {
  readonly formatVersion: number;
  /** SHA-256 of model.json: names this very model. */
  readonly id: string;
  readonly createdAt: string;
  readonly numLabels: number;
  readonly numDocuments: number;
  readonly numFeatures: number;
  /** What people call the encoder or the encoders; "none" without one. */
  readonly encoder: string;
  readonly preset: string;
  /** Percentage of documents that training left out, as `isHeldOut` tells; none in models of former versions. */
  readonly holdOut?: number;
  /** Probability from which a label is taken when a set of tags is wanted: best micro-F1 on held-out documents. */
  readonly threshold: number;
  /** Held-out figures of the training run, as in `evaluate --json`; empty where nothing could be held out. */
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Model {
  readonly info: ModelInfo;
  readonly labels: readonly string[];
  /** Display name of each label; its identifier where it has no other. */
  readonly names: readonly string[];
  /** How the encoder is now; looked at right after an answer, it tells what that answer was made from. */
  readonly encoder: EncoderState;
  /**
   * The best `k` labels for `text`. Deterministic; no text makes it fail, an empty one gives frequent labels. Without an
   * encoder the answer is made before this returns. @throws only the signal's reason, ModelFolderError for a damaged
   * chunk, and EncoderError where the encoder fails, which for a model that was opened with `background` is a state.
   */
  suggest(text: string, k: number, signal?: AbortSignal): Promise<Suggestion[]>;
  /** The same for many texts, in their order: an encoder reads texts of like length together. */
  suggestMany(texts: readonly string[], k: number, signal?: AbortSignal): Promise<Suggestion[][]>;
  /**
   * The same for ready-made features of the model's dimension, indices ascending, and an embedding where it has an encoder;
   * those of several one after the other. @throws RangeError for an embedding of another width.
   */
  suggestFeatures(row: SparseRow, k: number): Suggestion[];
  /** @throws RangeError for a label that the model does not have. */
  explain(text: string, labelId: string, maxTerms?: number): Promise<Explanation>;
  dispose(): void;
}

export interface OpenOptions {
  /** Bound on decoded ranker chunks held in memory. Default: an eighth of the machine's memory, at least 256 MiB. */
  readonly cacheBytes?: number | undefined;
  /** Threads of the encoder. Default: one a core. */
  readonly threads?: number;
  /** Does not wait for the encoder: suggestions come from words alone until it is there. Default false. */
  readonly background?: boolean;
  /** Called after each change of the encoder's state. */
  readonly onEncoder?: (state: EncoderState) => void;
}
