// What a finished run hands to the model folder, with the page that describes it for people.
import path from "node:path";
import type { MemberContent, ModelContent } from "@tagwright/model/internals";
import manifest from "../package.json" with { type: "json" };
import type { Calibrated } from "./calibrate/calibrate.ts";
import { leafSizeFor, type Recipe, rankerOptions } from "./config.ts";
import { type Corpus, describeReport } from "./corpus/corpus.ts";
import type { Metrics } from "./eval/metrics.ts";
import { formatModelCard, type ModelCard } from "./eval/report.ts";
import type { TrainingSet } from "./features/training-set.ts";
import type { LearntEncoders } from "./learn-encoders.ts";
import type { TrainOptions } from "./train.ts";

/** All of a model: what was learnt, the encoders as graphs with their weights, and the model card. */
export async function describeModel(
  options: TrainOptions,
  recipe: Recipe,
  corpus: Corpus,
  set: TrainingSet,
  members: readonly MemberContent[],
  calibrated: Calibrated,
  numJudged: number,
  learnt: LearntEncoders | undefined,
): Promise<ModelContent> {
  const { statistics, labelIds } = set;
  const createdAt = new Date().toISOString();
  const generator = `Tagwright ${manifest.version}`;
  const names = learnt?.parts.map((it) => it.encoder.name) ?? [];
  const encoder = describeNames(names);
  const { threshold: pruneThreshold, ...ranker } = rankerOptions(
    recipe.ranker,
    set.features,
    labelIds.length,
    recipe.seed,
  );
  const scoring = { ...recipe.scoring, ...(learnt?.combined && { combine: learnt.combined.rule }) };
  const card = formatModelCard({
    corpus: {
      name: corpus.name,
      documents: statistics.documents,
      labels: labelIds.length,
      assignments: statistics.assignments,
      notes: describeReport(corpus.report),
    },
    preset: recipe.preset,
    encoder,
    threshold: calibrated.threshold,
    createdAt,
    generator,
    settings: {
      ...describeTree(recipe, labelIds.length),
      ...ranker,
      pruneThreshold,
      ...scoring,
      ...(learnt && describeTuning(learnt, recipe, options)),
      seed: recipe.seed,
    },
    heldOut:
      numJudged === 0
        ? undefined
        : { metrics: calibrated.metrics, bands: calibrated.bands, how: heldOutSentence(numJudged) },
    ensemble: learnt && describeEnsemble(learnt),
    command: commandLine(options, recipe, names),
  });
  return {
    generator,
    createdAt,
    encoder,
    encoders: learnt?.parts.map((it) => it.encoder) ?? [],
    preset: recipe.preset,
    seed: recipe.seed,
    holdOut: options.holdOut ?? 0,
    numDocuments: statistics.documents,
    tfidf: set.tfidf,
    vocabulary: set.vocabulary(),
    members,
    labels: labelIds,
    names: set.names,
    card,
    scoring,
    calibration: { ...calibrated.calibration },
    metrics: numJudged > 0 ? flatten(calibrated.metrics) : {},
    threshold: calibrated.threshold,
  };
}

/** What people call them: `a, b`, or `3 × a` for one with several seeds. Bounded, as the manifest is. */
function describeNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const parts = [...new Set(names)].map((name) => {
    const count = names.filter((it) => it === name).length;
    return count === 1 ? name : `${count} × ${name}`;
  });
  return parts.join(", ").slice(0, 1000);
}

function describeEnsemble({ parts, combined }: LearntEncoders): ModelCard["ensemble"] {
  if (combined === undefined) return undefined;
  const { rule, tried } = combined;
  const models = parts.map(({ encoder: { name, weight, origin }, reached }) => ({ name, origin, weight, reached }));
  return { rule, models, together: tried.find((it) => it.rule === rule) };
}

function commandLine(options: TrainOptions, recipe: Recipe, encoders: readonly string[]): string {
  const isOne = new Set(encoders).size === 1;
  return [
    "tagwright train",
    `--corpus ${quoted(path.basename(options.corpus))}`,
    "--out <folder>",
    ...(encoders.length > 0 ? [`--encoder ${quoted(isOne ? encoders[0]! : encoders.join(","))}`] : []),
    ...(isOne && encoders.length > 1 ? [`--encoder-seeds ${encoders.length}`] : []),
    ...(encoders.length > 1 && options.combine ? [`--combine ${options.combine}`] : []),
    `--preset ${recipe.preset}`,
    ...(options.tree ? [`--tree ${options.tree}`] : []),
    ...(options.features ? [`--features ${options.features}`] : []),
    ...(recipe.ranker.loss === "squared-hinge" ? [] : [`--loss ${recipe.ranker.loss}`]),
    ...(recipe.ranker.matched > 0 ? ["--negatives tfn+man"] : []),
    ...(recipe.ranker.induceRelevance ? ["--induce-relevance"] : []),
    ...(options.engine && options.engine !== "auto" ? [`--engine ${options.engine}`] : []),
    ...(options.schedule ? [`--schedule ${options.schedule}`] : []),
    ...(options.freeze ? ["--freeze"] : []),
    ...(options.keepAll ? ["--keep-all"] : []),
    ...(options.batch ? [`--batch ${options.batch}`] : []),
    ...(options.maxPieces ? [`--max-pieces ${options.maxPieces}`] : []),
    ...(options.passages ? [`--passages ${options.passages}`] : []),
    `--seed ${recipe.seed}`,
    ...(options.minLabelDocuments ? [`--min-label-documents ${options.minLabelDocuments}`] : []),
    ...(options.holdOut ? [`--holdout ${options.holdOut}`] : []),
    ...(options.tagOptions?.keys ? [`--tag-keys ${quoted(options.tagOptions.keys.join(","))}`] : []),
    ...(options.tagOptions?.inlineTags === undefined
      ? []
      : [`--${options.tagOptions.inlineTags ? "" : "no-"}inline-tags`]),
    ...(options.exclude ?? []).map((it) => `--exclude ${quoted(it)}`),
  ].join(" ");
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w./:@,+-]+$/.test(text) ? text : `"${text.replaceAll(/["\\$`]/g, "\\$&")}"`;
}

function describeTree({ tree }: Recipe, numLabels: number): Record<string, string | number> {
  const { shape, members, branching, labelEntries } = tree;
  return { shape, members, branching, leafSize: leafSizeFor(tree, numLabels), labelEntries };
}

function describeTuning({ parts }: LearntEncoders, { tuning }: Recipe, { freeze = false }: TrainOptions) {
  const { batch, epochs, rate, lowestShare, headRate, maxPieces, passages, coarsePieces, schedule } = tuning;
  const frozen = {
    encoderOrigin: [...new Set(parts.map((it) => it.encoder.origin))].join("; "),
    embeddingWeight: parts.map((it) => it.encoder.weight).join(", "),
    maxPieces,
    passages,
  };
  return freeze
    ? { ...frozen, encoderIs: "as published" }
    : {
        ...frozen,
        coarsePieces,
        schedule,
        batch,
        epochs: epochs.join(", "),
        encoderRate: rate,
        lowestShare,
        headRate,
        keptOfTuning: parts.map((it) => it.kept).join(", "),
        ...(parts.some((it) => it.isTunedAgain) && { tunedAgain: "on all documents, as held-out ones had decided" }),
      };
}

function heldOutSentence(numJudged: number): string {
  return `on ${numJudged.toLocaleString("en")} documents, each suggested for by a model that had not learnt from it`;
}

/** Figures as one level of names: `precision.1`, `f1.micro`. */
export function flatten(metrics: Metrics): Record<string, number> {
  const flat: Record<string, number> = {};
  for (const [name, value] of Object.entries(metrics)) {
    if (typeof value === "number") flat[name] = value;
    else for (const [part, figure] of Object.entries(value as Record<string, number>)) flat[`${name}.${part}`] = figure;
  }
  return flat;
}
