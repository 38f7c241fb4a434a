// How much the embedding counts beside TF-IDF: models with several weights suggest for documents that neither they nor
// the encoder have seen, and the best one decides. Its outcomes calibrate the final model.
import type { MemberContent } from "@tagwright/model/internals";
import { type Recipe, rehearsalParts } from "../config.ts";
import { sharedFloat32, sharedUint32 } from "../features/growing.ts";
import type { TrainingSet } from "../features/training-set.ts";
import { withUnseen } from "../features/unseen-documents.ts";
import { unitRows } from "../fine-tune/embed.ts";
import { learnMembers } from "../ranker/learn-members.ts";
import type { WorkerPool } from "../ranker/worker-pool.ts";
import { calibrate, type Judged, judge } from "./calibrate.ts";
import type { Rehearsal } from "./rehearse.ts";

/** Embeddings of all documents of a set, [documents, width], of any length. */
export interface Embeddings {
  readonly width: number;
  readonly values: Float32Array;
}

/** A model and the documents that it was asked about, ascending, which it has not learnt. */
export interface Rehearsed {
  readonly documents: Uint32Array;
  /** With their rows as TF-IDF makes them that did not know them either. */
  readonly asked: TrainingSet;
  readonly members: readonly MemberContent[];
}

export interface WeighedEmbedding {
  /** The set with the embedding as its dense block, scaled by `weight`. */
  readonly set: TrainingSet;
  readonly weight: number;
  readonly judged: readonly Judged[];
  /** What suggested for them, part by part; none without held-out documents. */
  readonly rehearsed: readonly Rehearsed[];
  /** Held-out precision at 1 and nDCG at 5 for each weight that was tried; weight 0 is TF-IDF alone. */
  readonly tried: readonly { readonly weight: number; readonly precision: number; readonly ndcg: number }[];
}

/**
 * Tries the recipe's weights on `heldOut`; without held-out documents the middle one is taken.
 * @param triesWords whether TF-IDF alone is tried, too, to compare with.
 * @throws the signal's reason when aborted.
 */
export async function weighEmbedding(
  set: TrainingSet,
  embeddings: Embeddings,
  heldOut: Uint32Array,
  recipe: Recipe,
  pool: WorkerPool,
  progress: {
    ranker(done: number, total: number): void;
    judged(done: number, total: number): void;
  },
  signal?: AbortSignal,
  triesWords = true,
): Promise<WeighedEmbedding> {
  const weights = [...recipe.tuning.denseWeights].sort((a, b) => a - b);
  if (heldOut.length === 0) {
    const weight = weights[weights.length >> 1]!;
    return { set: besideWords(set, embeddings, weight, recipe), weight, judged: [], rehearsed: [], tried: [] };
  }
  const numParts = rehearsalParts(recipe.tuning, set.features.numRows);
  const parts = Array.from({ length: numParts }, (_, part) => heldOut.filter((_it, i) => i % numParts === part))
    .filter((it) => it.length > 0)
    .map((documents) => ({ documents, unseen: withUnseen(set, documents, recipe.features.minDocuments) }));
  const tried: WeighedEmbedding["tried"][number][] = [];
  const runs = triesWords ? [0, ...weights] : weights;
  const total = runs.length * heldOut.length;
  let done = 0;
  let best: Omit<WeighedEmbedding, "tried"> | undefined;
  let reached = Number.NEGATIVE_INFINITY;
  let begun = 0;
  for (const weight of runs) {
    const weighed = weight === 0 ? set : besideWords(set, embeddings, weight, recipe);
    const rehearsed: Rehearsed[] = [];
    for (const { documents, unseen } of parts) {
      const before = begun++;
      const learning = {
        tree: () => undefined,
        ranker: (learnt: number, all: number) =>
          progress.ranker(before * all + learnt, runs.length * parts.length * all),
      };
      const members = await learnMembers(unseen.examples(weighed), recipe, pool, learning, signal);
      rehearsed.push({ documents, asked: unseen.asked(weighed), members });
    }
    const judged = await judgeAll(rehearsed, recipe, () => progress.judged(++done, total), signal);
    const figures = figuresAt(weight, weighed, judged);
    tried.push(figures);
    if (weight === 0 || figures.ndcg <= reached) continue;
    reached = figures.ndcg;
    best = { set: weighed, weight, judged, rehearsed };
  }
  return { ...best!, tried };
}

/** What each model suggests for its own documents, by document. */
export async function judgeAll(
  rehearsed: readonly Rehearsed[],
  recipe: Recipe,
  onDone: () => void,
  signal?: AbortSignal,
  depth?: number,
): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (const { documents, asked, members } of rehearsed)
    judged.push(...(await judge(asked, members, documents, recipe, onDone, signal, depth)));
  return judged.sort((a, b) => a.document - b.document);
}

/**
 * The figures of TF-IDF alone, where a rehearsal has asked the very documents that the embedding is weighed on: of a large
 * corpus it has, and need not be repeated.
 */
export function figuresOfWords(
  { set, judged }: Pick<Rehearsal, "set" | "judged">,
  heldOut: Uint32Array,
): WeighedEmbedding["tried"][number] | undefined {
  const isSame = judged.length === heldOut.length && judged.every(({ document }, i) => document === heldOut[i]);
  return isSame && judged.length > 0 ? figuresAt(0, set, judged) : undefined;
}

function figuresAt(weight: number, set: TrainingSet, judged: readonly Judged[]): WeighedEmbedding["tried"][number] {
  const { precision, ndcg } = calibrate(set, judged).metrics;
  return { weight, precision: precision["1"], ndcg: ndcg["5"] };
}

/** The set with the embedding as its dense block, scaled by `weight`; without words where the recipe leaves them out. */
export function besideWords(
  set: TrainingSet,
  { width, values }: Embeddings,
  weight: number,
  { features: { besideEmbedding } }: Recipe,
): TrainingSet {
  const dense = { width, values: unitRows(values, width, weight) };
  const { features, tfidf, vocabulary } = besideEmbedding ? set : withoutWords(set);
  return { ...set, features: { ...features, dense }, tfidf, vocabulary };
}

/** The same documents with no sparse feature, and a vocabulary without a word. */
function withoutWords({
  features: { numRows },
  tfidf,
}: TrainingSet): Pick<TrainingSet, "features" | "tfidf" | "vocabulary"> {
  const [first] = tfidf.blocks;
  const none = { hashHigh: new Uint32Array(0), hashLow: new Uint32Array(0), idf: new Float32Array(0) };
  return {
    features: {
      numRows,
      numCols: 0,
      indptr: sharedUint32(numRows + 1),
      indices: sharedUint32(0),
      values: sharedFloat32(0),
    },
    tfidf: { blocks: first === undefined ? [] : [{ options: first.options, ...none }], numFeatures: 0 },
    vocabulary: () => [],
  };
}
