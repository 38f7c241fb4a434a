// What a finished run hands to the model folder, with the page that describes it for people.
import path from "node:path";
import type { EncoderContent, MemberContent, ModelContent } from "@tagwright/model/internals";
import manifest from "../package.json" with { type: "json" };
import type { Calibrated } from "./calibrate/calibrate.ts";
import { leafSizeFor, type Recipe } from "./config.ts";
import { type Corpus, describeReport } from "./corpus/corpus.ts";
import { encodeOnnx } from "./encoder/graph/onnx.ts";
import type { Metrics } from "./eval/metrics.ts";
import { formatModelCard } from "./eval/report.ts";
import type { TrainingSet } from "./features/training-set.ts";
import type { LearntMeaning, TrainOptions } from "./train.ts";

/** All of a model: what was learnt, the encoder as a graph with its weights, and the model card. */
export async function describeModel(
  options: TrainOptions,
  recipe: Recipe,
  corpus: Corpus,
  set: TrainingSet,
  members: readonly MemberContent[],
  calibrated: Calibrated,
  numJudged: number,
  learnt: LearntMeaning | undefined,
): Promise<ModelContent> {
  const { statistics, labelIds } = set;
  const createdAt = new Date().toISOString();
  const generator = `Tagwright ${manifest.version}`;
  const encoder = learnt?.pretrained.name ?? "none";
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
      ...recipe.ranker,
      ...recipe.scoring,
      ...(learnt && describeTuning(learnt, recipe, options)),
      seed: recipe.seed,
    },
    heldOut:
      numJudged === 0
        ? undefined
        : { metrics: calibrated.metrics, bands: calibrated.bands, how: heldOutSentence(numJudged) },
    command: commandLine(options, recipe, encoder),
  });
  return {
    generator,
    createdAt,
    encoder,
    ...(learnt && { encoders: [encoderContent(learnt, recipe)] }),
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

function encoderContent({ pretrained, weighed, graph, quantised }: LearntMeaning, { tuning }: Recipe): EncoderContent {
  const { shape, origin, licence, tokenizer, tokenizerConfig } = pretrained;
  return {
    name: pretrained.name,
    hidden: shape.hidden,
    weight: weighed.weight,
    pooling: shape.pooling,
    maxPieces: Math.min(tuning.maxPieces, pretrained.maxPieces),
    passages: tuning.passages,
    origin,
    licence,
    onnx: encodeOnnx(graph),
    ...(quantised && { int8: encodeOnnx(quantised) }),
    tokenizer,
    tokenizerConfig,
  };
}

function commandLine(options: TrainOptions, recipe: Recipe, encoder: string): string {
  return [
    "tagwright train",
    `--corpus ${path.basename(options.corpus)}`,
    "--out <folder>",
    ...(options.encoder ? [`--encoder ${encoder}`] : []),
    `--preset ${recipe.preset}`,
    ...(options.tree ? [`--tree ${options.tree}`] : []),
    ...(options.features ? [`--features ${options.features}`] : []),
    ...(recipe.ranker.loss === "squared-hinge" ? [] : [`--loss ${recipe.ranker.loss}`]),
    ...(options.schedule ? [`--schedule ${options.schedule}`] : []),
    ...(options.freeze ? ["--freeze"] : []),
    ...(options.maxPieces ? [`--max-pieces ${options.maxPieces}`] : []),
    `--seed ${recipe.seed}`,
    ...(options.minLabelDocuments ? [`--min-label-documents ${options.minLabelDocuments}`] : []),
    ...(options.holdOut ? [`--holdout ${options.holdOut}`] : []),
  ].join(" ");
}

function describeTree({ tree }: Recipe, numLabels: number): Record<string, string | number> {
  const { shape, members, branching, labelEntries } = tree;
  return { shape, members, branching, leafSize: leafSizeFor(tree, numLabels), labelEntries };
}

function describeTuning({ weighed }: LearntMeaning, { tuning }: Recipe, { freeze = false }: TrainOptions) {
  const { epochs, rate, headRate, maxPieces, coarsePieces, schedule } = tuning;
  const frozen = { embeddingWeight: weighed.weight, maxPieces };
  return freeze
    ? { ...frozen, encoderIs: "as published" }
    : { ...frozen, coarsePieces, schedule, epochs: epochs.join(", "), encoderRate: rate, headRate };
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
