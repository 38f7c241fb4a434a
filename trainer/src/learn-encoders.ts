// The encoders' part of the recipe. Each one, with trees of its own, is a complete model. Several are learnt one after the
// other, so that memory is that of one; they share TF-IDF, engine and held-out documents, and these choose the rule that
// makes one ranking of all.
import os from "node:os";
import {
  longestList,
  type MemberContent,
  machineMemory,
  newPieceTokenizer,
  readPassages,
} from "@tagwright/model/internals";
import type { Judged } from "./calibrate/calibrate.ts";
import { type ChosenCombination, chooseCombination } from "./calibrate/choose-combination.ts";
import type { WordsEstimate } from "./calibrate/estimate.ts";
import { planEncoderFold } from "./calibrate/folds.ts";
import type { Rehearsal, RunEstimate } from "./calibrate/rehearse.ts";
import { figuresOfWords } from "./calibrate/rehearse-embedding.ts";
import type { Recipe } from "./config.ts";
import type { Corpus } from "./corpus/corpus.ts";
import { CorpusError } from "./corpus/corpus-error.ts";
import { type EngineVoice, type RunningEngine, startEngine } from "./encoder/engines/running-engine.ts";
import type { PretrainedEncoder } from "./encoder/source/pretrained.ts";
import { estimateEncoders } from "./estimate-encoders.ts";
import type { TrainingSet } from "./features/training-set.ts";
import { checkpointFolder, hasCheckpoint } from "./fine-tune/checkpoint.ts";
import { checkDiskSpace } from "./fine-tune/disk-space.ts";
import { newPieceCollector, type PieceCollector, type PieceRows } from "./fine-tune/pieces.ts";
import { newTrial } from "./fine-tune/trial.ts";
import { type EncoderTask, type LearntMeaning, learnMeaning } from "./learn-meaning.ts";
import type { ProgressEvent } from "./progress.ts";
import { childSeed } from "./random.ts";
import type { WorkerPool } from "./ranker/worker-pool.ts";
import type { TrainContext, TrainOptions } from "./train.ts";

export interface LearntEncoders {
  readonly parts: readonly Omit<LearntMeaning, "set" | "judged">[];
  /** The trees of all parts, each with the number of its encoder. */
  readonly members: readonly MemberContent[];
  /** With the embedding of the last encoder. */
  readonly set: TrainingSet;
  /** What all encoders together suggest for the held-out documents. */
  readonly judged: readonly Judged[];
  /** How one ranking is made of theirs; none for one encoder. */
  readonly combined: Omit<ChosenCombination, "judged"> | undefined;
}

/** What each encoder reads of each text; one that comes more than once reads it once. */
export interface PieceReader {
  readonly pieces: ReadonlyMap<PretrainedEncoder, PieceCollector>;
  onText(text: string): void;
}

/** Cuts each text that is read into the encoders' pieces. @throws CorpusError where the corpus has no texts. */
export function newPieceReader(
  encoders: readonly PretrainedEncoder[],
  { tuning: { maxPieces, passages } }: Recipe,
  corpus: Corpus,
): PieceReader {
  if (corpus.numFeatures !== undefined)
    throw new CorpusError(
      `${corpus.path}: texts for the encoder to read expected, ready-made features found; train with --encoder none, ` +
        "or give the corpus in its raw-text form",
    );
  const readers = [...new Set(encoders)].map((encoder) => ({
    encoder,
    tokenizer: newPieceTokenizer(encoder.tokenizer, encoder.tokenizerConfig),
    options: { maxPieces: Math.min(maxPieces, encoder.maxPieces), passages },
    collector: newPieceCollector(),
  }));
  return {
    pieces: new Map(readers.map(({ encoder, collector }) => [encoder, collector])),
    onText(text) {
      for (const { tokenizer, options, collector } of readers)
        collector.add(readPassages(text, tokenizer, options).passages);
    },
  };
}

/** The encoders' part of a run. What will not fit is refused when it is estimated, before any long part. */
export interface EncodersRun {
  /**
   * Takes an engine, and tells what the whole run will take. The texts have been read by then.
   * @throws EngineError; MemoryLimitError, DiskSpaceError where it would not fit.
   */
  estimateAll(set: TrainingSet, rehearsal: WordsEstimate): Promise<RunEstimate>;
  /** Fine-tunes the encoders and learns their trees. @throws EngineError, DivergenceError, CheckpointError. */
  learn(rehearsed: Rehearsal, pool: WorkerPool): Promise<LearntEncoders>;
  dispose(): Promise<void>;
}

export function newEncodersRun(
  encoders: readonly PretrainedEncoder[],
  reader: PieceReader,
  given: Recipe,
  options: TrainOptions,
  context: TrainContext,
): EncodersRun {
  const { onProgress } = context;
  const { threads = os.availableParallelism() } = options;
  let engines: RunningEngine | undefined;
  /** The engine is named when its work begins: the event stands for that, too. */
  let [isLearning, taken]: [boolean, ProgressEvent | undefined] = [false, undefined];
  const voice: EngineVoice = {
    chosen({ name, description }, reason) {
      taken = { type: "engine", name, description, reason };
      if (isLearning) onProgress(taken);
    },
    warn: (message) => onProgress({ type: "log", level: "warning", message }),
  };
  let pieces: ReadonlyMap<PretrainedEncoder, PieceRows> | undefined;
  return {
    async estimateAll(set, rehearsal) {
      pieces = new Map([...reader.pieces].map(([encoder, collector]) => [encoder, collector.finish()]));
      const [{ shape, weights }] = encoders as [PretrainedEncoder];
      const trial = newTrial(shape, weights, given.tuning);
      engines = await startEngine(options.engine ?? "auto", trial, { threads }, voice);
      const read = encoders.map((pretrained) => ({ pretrained, pieces: pieces!.get(pretrained)! }));
      const { freeze = false, out } = options;
      const limit = limitOf(options) ?? machineMemory();
      const corpus = { set, recipe: given, threads, freeze };
      const estimate = await engines.run((engine) => estimateEncoders(read, engine, corpus, rehearsal, limit));
      await checkDiskSpace(out, estimate.diskBytes, context.freeBytes);
      return estimate;
    },
    async learn(rehearsed, pool) {
      if (engines === undefined || pieces === undefined) throw new Error("internal: encoders learn before an estimate");
      isLearning = true;
      if (taken !== undefined) onProgress(taken);
      const tasks = await planTasks(encoders, pieces, rehearsed.recipe, options, onProgress);
      return learnEncoders(tasks, engines, rehearsed, options, pool, context);
    },
    dispose: async () => engines?.dispose(),
  };
}

async function learnEncoders(
  tasks: readonly EncoderTask[],
  engines: RunningEngine,
  rehearsed: Rehearsal,
  options: TrainOptions,
  pool: WorkerPool,
  context: TrainContext,
): Promise<LearntEncoders> {
  const { onProgress } = context;
  const { threads = os.availableParallelism(), freeze = false, checkpointSteps } = options;
  const { set, recipe } = rehearsed;
  const heldOut = planEncoderFold(set);
  let words = figuresOfWords(rehearsed, heldOut);
  const longest = longestList(recipe.scoring, set.labelIds.length);
  const run = { engines, pool, threads, freeze, checkpointSteps, memoryLimit: limitOf(options), context };
  const lists: (readonly Judged[])[] = [];
  const parts: Omit<LearntMeaning, "set" | "judged">[] = [];
  let last = set;
  for (const [e, task] of tasks.entries()) {
    const { name } = task.pretrained;
    if (tasks.length > 1) onProgress({ type: "encoder", encoder: e, encoders: tasks.length, name });
    const depth = tasks.length > 1 ? longest : undefined;
    const learnt = await learnMeaning(task, set, heldOut, run, words, depth);
    words ??= learnt.words;
    const { set: weighed, judged, ...part } = learnt;
    last = weighed;
    lists.push(judged);
    parts.push(part);
  }
  const members = parts.flatMap((part, encoder) => part.members.map((it) => ({ ...it, encoder })));
  if (parts.length === 1) return { parts, members, set: last, judged: lists[0]!, combined: undefined };
  const { judged, ...combined } = chooseCombination(last, lists, longest, options.combine ?? "auto");
  sayWhatIsCombined(combined, parts, onProgress);
  return { parts, members, set: last, judged, combined };
}

/** In bytes. */
function limitOf({ memoryLimit }: TrainOptions): number | undefined {
  return memoryLimit === undefined ? undefined : memoryLimit * 2 ** 20;
}

/** The first encoder learns as it would alone; each further one has a seed of its own. */
async function planTasks(
  encoders: readonly PretrainedEncoder[],
  pieces: ReadonlyMap<PretrainedEncoder, PieceRows>,
  recipe: Recipe,
  { out, resume }: TrainOptions,
  onProgress: TrainContext["onProgress"],
): Promise<EncoderTask[]> {
  const isAlone = encoders.length === 1;
  const folders = encoders.map((_, e) => checkpointFolder(out, isAlone ? undefined : e + 1));
  const isThere = await Promise.all(folders.map(hasCheckpoint));
  if (resume === true && !isAlone && !isThere.includes(true)) {
    const message = `no checkpoint in ${checkpointFolder(out)}: training starts anew`;
    onProgress({ type: "log", level: "warning", message });
  }
  return encoders.map((pretrained, e) => ({
    pretrained,
    pieces: pieces.get(pretrained)!,
    recipe: e === 0 ? recipe : { ...recipe, seed: childSeed(recipe.seed, 0x6000 + e) },
    checkpoints: folders[e]!,
    // Of several, those that were not begun have nothing to go on from.
    resume: resume === true && !isAlone && !isThere[e] ? undefined : resume,
    called: isAlone ? "" : `encoder ${e + 1} of ${encoders.length}, ${pretrained.name}: `,
  }));
}

function sayWhatIsCombined(
  { rule, tried }: Omit<ChosenCombination, "judged">,
  parts: readonly Pick<LearntMeaning, "encoder" | "reached">[],
  onProgress: TrainContext["onProgress"],
): void {
  const taken = tried.find((it) => it.rule === rule);
  if (taken === undefined) return;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const figures = tried.map((it) => `${it.rule} ${percent(it.ndcg)} (F1 ${percent(it.f1)})`).join(", ");
  const message =
    `held-out nDCG at 5 of ${parts.length} encoders together: ${figures}; took ${rule}, ` +
    `precision at 1 ${percent(taken.precision)}`;
  onProgress({ type: "log", level: "info", message });
  const best = parts.reduce((a, b) => ((b.reached?.ndcg ?? 0) > (a.reached?.ndcg ?? 0) ? b : a));
  if (best.reached === undefined || best.reached.ndcg < taken.ndcg) return;
  const cure = `${best.encoder.name} alone reaches ${percent(best.reached.ndcg)} on this corpus: one encoder is enough`;
  onProgress({ type: "log", level: "warning", message: cure });
}
