// The rehearsal: models that learn from a part of the corpus suggest for the rest of it. It decides which features the
// final model uses, and gives the outcomes that calibrate it.
import type { MemberContent } from "@tagwright/model/internals";
import { calibration, type Recipe } from "../config.ts";
import { type Corpus, describeReport } from "../corpus/corpus.ts";
import { checkLookAlikes } from "../features/look-alikes.ts";
import { allExcept, readTrainingSet, selectExamples, type TrainingSet } from "../features/training-set.ts";
import { withUnseen } from "../features/unseen-documents.ts";
import { MemoryLimitError } from "../memory-limit.ts";
import { createMeter } from "../meter.ts";
import type { ProgressEvent } from "../progress.ts";
import { learnMembers } from "../ranker/learn-members.ts";
import type { WorkerPool } from "../ranker/worker-pool.ts";
import { calibrate, type Judged, judge } from "./calibrate.ts";
import { type Estimate, estimateTraining, type WordsEstimate } from "./estimate.ts";
import { type CalibrationPlan, planCalibration } from "./folds.ts";

export interface Rehearsal {
  readonly set: TrainingSet;
  readonly recipe: Recipe;
  readonly judged: readonly Judged[];
  /** The final members, where the calibration documents of a very large corpus are never learnt from. */
  readonly members?: readonly MemberContent[];
}

export interface RunEstimate extends Estimate {
  /** Encoders that it is for, where they are several. */
  readonly encoders?: number;
}

interface RehearsalOptions {
  readonly holdOut?: number;
  readonly minLabelDocuments?: number;
  /** Bound on the memory of what it learns from words, in MiB. */
  readonly memoryLimit?: number;
  /** Sees each text once, in the order of the documents. */
  readonly onText?: (text: string) => void;
  /** For a run that goes on after the rehearsal: what all of it will take, from what the rehearsal does. May refuse. */
  readonly estimateAll?: (set: TrainingSet, rehearsal: WordsEstimate) => Promise<RunEstimate>;
}

/**
 * Tries the recipe's features and, on corpora of their size, its alternatives; the best nDCG@5 wins, the first of equals.
 * @throws CorpusError where nothing can be learnt; MemoryLimitError where learning from words would need more than the
 *   limit; what `estimateAll` throws.
 */
export async function rehearse(
  corpus: Corpus,
  recipe: Recipe,
  options: RehearsalOptions,
  pool: WorkerPool,
  onProgress: (event: ProgressEvent) => void,
  signal?: AbortSignal,
): Promise<Rehearsal> {
  const { holdOut = 0, minLabelDocuments = 1, memoryLimit, onText, estimateAll } = options;
  const read = (tried: Recipe, see?: (text: string) => void) =>
    readTrainingSet(
      corpus,
      tried,
      { holdOut, minLabelDocuments, ...(see && { onText: see }) },
      createMeter("read", corpus.position.unit, onProgress),
      signal,
    );
  const first = await read(recipe, onText);
  const plan = planCalibration(first);
  const canChoose = corpus.numFeatures === undefined && plan.folds.length > 0 && !plan.setAside;
  const variants = recipe.features.alternatives
    .filter(({ upToDocuments }) => canChoose && first.statistics.documents <= upToDocuments)
    .map(({ blocks }): Recipe => ({ ...recipe, features: { ...recipe.features, blocks } }));
  sayWhatIsThere(corpus, first, onProgress);
  // A ranker without the embedding is the final one only where none follows.
  const learnt = estimateAll ? { ...plan, setAside: true } : plan;
  const estimate = estimateTraining(first, recipe, learnt, pool.size, 1 + variants.length);
  if (memoryLimit !== undefined) checkMemory(estimate, memoryLimit * 2 ** 20, variants.length > 0);
  const { modelBytes: _, ...words } = estimate;
  onProgress({
    type: "estimate",
    ...(estimateAll ? await estimateAll(first, estimate) : words),
    documents: first.statistics.documents,
    labels: first.labelIds.length,
  });
  const run = (set: TrainingSet, tried: Recipe, by: CalibrationPlan) =>
    rehearseOne(set, tried, by, pool, onProgress, signal);
  if (variants.length === 0) return run(first, recipe, plan);
  // Fewer folds do to choose; the one that is chosen is calibrated on more.
  const choice = planCalibration(first, calibration.folds);
  let winner = await run(first, recipe, choice);
  let best = quality(winner);
  for (const variant of variants) {
    const tried = await run(await read(variant), variant, choice);
    const reached = quality(tried);
    if (reached <= best) continue;
    winner = tried;
    best = reached;
  }
  const features = winner.recipe.features.blocks.map(describeBlock).join(" and ");
  const message = `tried ${1 + variants.length} sets of features on held-out documents; took ${features}`;
  onProgress({ type: "log", level: "info", message });
  return choice.folds.length === plan.folds.length ? winner : run(winner.set, winner.recipe, plan);
}

function checkMemory({ memoryBytes: needed }: Estimate, limitBytes: number, canChoose: boolean): void {
  if (needed <= limitBytes) return;
  const smaller = canChoose ? "train with --features words" : "leave rare labels out with --min-label-documents";
  throw new MemoryLimitError("training on words", limitBytes, { needed }, `${smaller}, or raise --memory-limit`);
}

function quality({ set, judged }: Rehearsal): number {
  return calibrate(set, judged).metrics.ndcg["5"];
}

function describeBlock({ analyzer, minN, maxN, sublinear }: Recipe["features"]["blocks"][number]): string {
  const what = analyzer === "word" ? "words" : "character n-grams";
  return `${what} ${minN}-${maxN}${sublinear ? "" : " with plain counts"}`;
}

async function rehearseOne(
  set: TrainingSet,
  recipe: Recipe,
  plan: CalibrationPlan,
  pool: WorkerPool,
  onProgress: (event: ProgressEvent) => void,
  signal?: AbortSignal,
): Promise<Rehearsal> {
  const treeMeter = createMeter("tree", "trees", onProgress);
  const rankerMeter = createMeter("ranker", "clusters", onProgress);
  const judgeMeter = createMeter("calibrate", "documents", onProgress);
  const runs = plan.folds.length;
  const numJudged = plan.folds.reduce((sum, fold) => sum + fold.length, 0);
  const judged: Judged[] = [];
  let members: MemberContent[] = [];
  for (const [run, fold] of plan.folds.entries()) {
    const progress = {
      tree: (done: number, total: number) => treeMeter(run * total + done, runs * total),
      ranker: (done: number, total: number) => rankerMeter(run * total + done, runs * total),
    };
    // What calibrates a final model is not read anew for it.
    const unseen = plan.setAside ? undefined : withUnseen(set, fold, recipe.features.minDocuments);
    const examples = unseen?.examples(set) ?? selectExamples(set, allExcept(fold, set.features.numRows));
    members = await learnMembers(examples, recipe, pool, progress, signal);
    let inFold = 0;
    const onDone = () => judgeMeter(judged.length + ++inFold, numJudged);
    const batch = await judge(unseen?.asked(set) ?? set, members, fold, recipe, onDone, signal);
    for (const it of batch) judged.push(it);
  }
  return { set, recipe, judged, ...(plan.setAside && { members }) };
}

function sayWhatIsThere(corpus: Corpus, set: TrainingSet, onProgress: (event: ProgressEvent) => void): void {
  for (const message of [...describeReport(corpus.report), ...checkLookAlikes(corpus.path, set)])
    onProgress({ type: "log", level: "warning", message });
  if (set.numDroppedLabels === 0) return;
  const many = set.numDroppedLabels === 1 ? "1 label has" : `${set.numDroppedLabels.toLocaleString("en")} labels have`;
  const message = `${many} too few documents and stay out (--min-label-documents)`;
  onProgress({ type: "log", level: "warning", message });
}
