// The recipe: a corpus in, a model folder out. XR-Linear as published (Yu et al., JMLR 2022), calibrated on documents
// that the model had not seen. Everything random comes from one seed; the number of threads changes nothing.
import os from "node:os";
import path from "node:path";
import type { TagOptions } from "@tagwright/documents";
import { lockModelFolder, type MemberContent, writeModelFolder } from "@tagwright/model/internals";
import manifest from "../package.json" with { type: "json" };
import { type Calibrated, calibrate } from "./calibrate/calibrate.ts";
import { type Rehearsal, rehearse } from "./calibrate/rehearse.ts";
import { type FeatureChoice, leafSizeFor, type Preset, type Recipe, recipeFor, type TreeShape } from "./config.ts";
import { type Corpus, describeReport } from "./corpus/corpus.ts";
import { openCorpus } from "./corpus/open-corpus.ts";
import type { Metrics } from "./eval/metrics.ts";
import { formatModelCard } from "./eval/report.ts";
import type { TrainingSet } from "./features/training-set.ts";
import { createMeter } from "./meter.ts";
import type { ProgressEvent } from "./progress.ts";
import { learnMembers } from "./ranker/learn-members.ts";
import { newWorkerPool, type WorkerPool } from "./ranker/worker-pool.ts";

export interface TrainOptions {
  /** Folder of documents, JSON Lines file or Extreme Classification folder. */
  readonly corpus: string;
  readonly out: string;
  readonly encoder: "none";
  readonly preset: Preset;
  readonly tree?: TreeShape;
  /** Default `auto`. */
  readonly features?: FeatureChoice;
  readonly threads?: number;
  readonly seed?: number;
  /** Labels with fewer documents are dropped. Default 1. */
  readonly minLabelDocuments?: number;
  /** Percentage of documents left out for `evaluate --holdout`. Default 0. */
  readonly holdOut?: number;
  readonly tagOptions?: TagOptions;
}

export interface TrainContext {
  readonly onProgress: (event: ProgressEvent) => void;
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly out: string;
  readonly numLabels: number;
  readonly numDocuments: number;
  /** On documents the model had not seen; undefined where the corpus is too small to hold any out. */
  readonly metrics: Metrics | undefined;
}

/**
 * Trains and writes the model; the one that is there stays whole until the new one is, and beside it after that.
 * @throws CorpusError, ModelFolderError, ModelBusyError, ModelWriteError; the signal's reason when aborted.
 */
export async function train(options: TrainOptions, { onProgress, signal }: TrainContext): Promise<TrainResult> {
  const started = performance.now();
  const given = recipeFor(options.preset, options.seed ?? 0, options.tree, options.features);
  const release = await lockModelFolder(options.out);
  let pool: WorkerPool | undefined;
  try {
    onProgress({ type: "start", command: "train", corpus: options.corpus, out: options.out });
    const corpus = await openCorpus(options.corpus, { ...(options.tagOptions && { tagOptions: options.tagOptions }) });
    const threads = options.threads ?? os.availableParallelism();
    pool = newWorkerPool(threads);
    const rehearsed = await rehearse(corpus, given, options, pool, onProgress, signal);
    const { set, recipe, judged } = rehearsed;
    const members = rehearsed.members ?? (await learnAll(rehearsed, pool, onProgress, signal));
    const calibrated = calibrate(set, judged);

    await writeModelFolder(options.out, describe(options, recipe, corpus, set, members, calibrated, judged.length), {
      onProgress: createMeter("write", "bytes", onProgress),
      ...(signal && { signal }),
    });
    const metrics = judged.length > 0 ? calibrated.metrics : undefined;
    if (metrics !== undefined) onProgress({ type: "metrics", metrics: flatten(metrics) });
    const numLabels = set.labelIds.length;
    const numDocuments = set.statistics.documents;
    const seconds = (performance.now() - started) / 1000;
    onProgress({ type: "done", out: options.out, labels: numLabels, documents: numDocuments, seconds });
    return { out: options.out, numLabels, numDocuments, metrics };
  } finally {
    await pool?.dispose();
    await release();
  }
}

async function learnAll(
  { set, recipe }: Rehearsal,
  pool: WorkerPool,
  onProgress: TrainContext["onProgress"],
  signal?: AbortSignal,
): Promise<MemberContent[]> {
  const progress = {
    tree: createMeter("tree", "trees", onProgress),
    ranker: createMeter("ranker", "clusters", onProgress),
  };
  return learnMembers(set, recipe, pool, progress, signal);
}

function describe(
  options: TrainOptions,
  recipe: Recipe,
  corpus: Corpus,
  set: TrainingSet,
  members: readonly MemberContent[],
  calibrated: Calibrated,
  numJudged: number,
): Parameters<typeof writeModelFolder>[1] {
  const { statistics, labelIds } = set;
  const createdAt = new Date().toISOString();
  const generator = `Tagwright ${manifest.version}`;
  const command = [
    "tagwright train",
    `--corpus ${path.basename(options.corpus)}`,
    "--out <folder>",
    `--preset ${recipe.preset}`,
    ...(options.tree ? [`--tree ${options.tree}`] : []),
    ...(options.features ? [`--features ${options.features}`] : []),
    `--seed ${recipe.seed}`,
    ...(options.minLabelDocuments ? [`--min-label-documents ${options.minLabelDocuments}`] : []),
    ...(options.holdOut ? [`--holdout ${options.holdOut}`] : []),
  ].join(" ");
  const card = formatModelCard({
    corpus: {
      name: corpus.name,
      documents: statistics.documents,
      labels: labelIds.length,
      assignments: statistics.assignments,
      notes: describeReport(corpus.report),
    },
    preset: recipe.preset,
    encoder: options.encoder,
    threshold: calibrated.threshold,
    createdAt,
    generator,
    settings: { ...describeTree(recipe, labelIds.length), ...recipe.ranker, ...recipe.scoring, seed: recipe.seed },
    heldOut:
      numJudged === 0
        ? undefined
        : { metrics: calibrated.metrics, bands: calibrated.bands, how: heldOutSentence(numJudged) },
    command,
  });
  return {
    generator,
    createdAt,
    encoder: options.encoder,
    preset: recipe.preset,
    seed: recipe.seed,
    numDocuments: statistics.documents,
    tfidf: set.tfidf,
    vocabulary: set.vocabulary(),
    members,
    labels: labelIds,
    names: set.names,
    card,
    scoring: { ...recipe.scoring },
    calibration: { ...calibrated.calibration },
    metrics: numJudged > 0 ? flatten(calibrated.metrics) : {},
    threshold: calibrated.threshold,
  };
}

function describeTree({ tree }: Recipe, numLabels: number): Record<string, string | number> {
  const { shape, members, branching, labelEntries } = tree;
  return { shape, members, branching, leafSize: leafSizeFor(tree, numLabels), labelEntries };
}

function heldOutSentence(numJudged: number): string {
  return `on ${numJudged.toLocaleString("en")} documents, each suggested for by a model that had not learnt from it`;
}

/** Figures as one level of names: `precision.1`, `f1.micro`. */
function flatten(metrics: Metrics): Record<string, number> {
  const flat: Record<string, number> = {};
  for (const [name, value] of Object.entries(metrics)) {
    if (typeof value === "number") flat[name] = value;
    else for (const [part, figure] of Object.entries(value as Record<string, number>)) flat[`${name}.${part}`] = figure;
  }
  return flat;
}
