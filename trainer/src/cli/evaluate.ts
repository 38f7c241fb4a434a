// `tagwright evaluate`: how good a model's suggestions are on documents whose labels are known.

import path from "node:path";
import { type Model, openModel } from "@tagwright/model";
import type { Command } from "commander";
import { breathe } from "../breathe.ts";
import { type Corpus, describeReport } from "../corpus/corpus.ts";
import { CorpusError } from "../corpus/corpus-error.ts";
import { type CorpusOptions, openCorpus } from "../corpus/open-corpus.ts";
import { isHeldOut } from "../corpus/split.ts";
import { createMetrics, type Metrics } from "../eval/metrics.ts";
import { countTrainingLabels } from "../eval/training-counts.ts";
import { createMeter } from "../meter.ts";
import { exitCodeHelp, UsageError } from "./exit-codes.ts";
import { excludeHelp, requireOptions, wholeNumber } from "./parse-options.ts";
import { type CommandContext, runCommand } from "./run-command.ts";
import { formatTable } from "./table.ts";
import { type TagFlags, tagOptions, tagOptionsOf } from "./tag-options.ts";
import { number } from "./view.ts";

interface EvaluateOptions extends TagFlags {
  readonly model: string;
  readonly corpus: string;
  readonly holdout?: number;
  readonly exclude?: readonly string[];
  readonly json?: true;
}

const numSuggestions = 10;
/** Suggesting never waits by itself: now and then a Ctrl+C must be heard. */
const documentsBetweenPauses = 32;

export function addEvaluateCommand(program: Command): void {
  program
    .command("evaluate")
    .summary("measure a model on documents whose tags are known")
    .description(
      "Suggests tags for each document of a corpus and compares them with the tags it has. " +
        "Of a folder with train.jsonl and test.jsonl the test part is used.",
    )
    .option("--model <folder>", "the model folder (required)")
    .option(
      "--corpus <path>",
      "folder of tagged documents, .jsonl[.gz] file or Extreme Classification folder (required)",
    )
    .option("--holdout <percent>", "only the documents that `train --holdout` left out", wholeNumber(1, 90))
    .addOption(tagOptions.keys)
    .addOption(tagOptions.inline)
    .addOption(tagOptions.notInline)
    .option("--exclude <glob...>", excludeHelp)
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Examples:
  tagwright evaluate --model notes/.tags/model --corpus notes --holdout 10
  tagwright evaluate --model model --corpus test.jsonl.gz --json

The JSON object: documents, labels, precision{1,3,5,10}, recall{5,10}, ndcg{3,5}, psp{1,3,5},
f1{micro,macro} at the model's threshold, ece (calibration error of the first five
suggestions), eceByChance (what that would be on average if every probability were right: few
documents miss it by chance), msPerDocument{p50,p95}.
${exitCodeHelp}`,
    )
    .action((options: EvaluateOptions, command: Command) => {
      requireOptions(command, ["model", "corpus"]);
      return runCommand({ json: options.json === true }, (context) => evaluate(options, context));
    });
}

async function evaluate(options: EvaluateOptions, { signal, view, print }: CommandContext): Promise<0> {
  const { holdout = 0 } = options;
  const model = await openModel(options.model);
  try {
    checkHoldOut(holdout, model);
    const corpusOptions: CorpusOptions = {
      part: holdout > 0 ? "train" : "test",
      tagOptions: tagOptionsOf(options),
      ...(options.exclude !== undefined && { exclude: options.exclude }),
    };
    const corpus = await openCorpus(options.corpus, corpusOptions);
    checkFeatures(corpus, model);
    if (holdout === 0 && !isTestPart(corpus))
      view.warn("the model may have learnt from these very documents; for honest figures use --holdout or a test part");
    if (holdout > 0 && model.info.holdOut === undefined)
      view.warn(
        "the model may have learnt from these very documents: it does not say which were left out; " +
          `for honest figures train it again with --holdout ${holdout}`,
      );
    const training = await countTrainingLabels(options.corpus, corpus, holdout, corpusOptions, signal);
    const metrics = createMetrics({
      numLabels: model.labels.length,
      labelDocuments: training.counts,
      trainDocuments: training.documents,
      threshold: model.info.threshold,
    });
    const meter = createMeter("evaluate", corpus.position.unit, view.event);
    let evaluated = 0;
    for await (const { id, text, labels, features } of corpus.documents(signal)) {
      meter(corpus.position.done, corpus.position.total);
      if (holdout > 0 && !isHeldOut(id, holdout)) continue;
      if (evaluated++ % documentsBetweenPauses === 0) await breathe(signal);
      const start = performance.now();
      const suggestions =
        features === undefined
          ? await model.suggest(text, numSuggestions, signal)
          : model.suggestFeatures(features, numSuggestions);
      metrics.add(suggestions, labels, performance.now() - start);
    }
    meter(corpus.position.total, corpus.position.total);
    const result = metrics.result();
    checkEvaluated(result, corpus, holdout);
    for (const it of describeReport(corpus.report)) view.warn(it);
    view.close();
    print(options.json ? `${JSON.stringify(result)}\n` : describeMetrics(result, corpus, model));
    return 0;
  } finally {
    model.dispose();
  }
}

/** A larger part than training left out is in part what the model has learnt. @throws UsageError */
function checkHoldOut(asked: number, { info: { holdOut: kept } }: Model): void {
  if (kept === undefined || asked <= kept) return;
  const given = kept === 0 ? "without it" : `with --holdout ${kept}`;
  throw new UsageError(
    `--holdout ${asked}: expected at most what training left out, found a model trained ${given}; ` +
      `${kept === 0 ? "leave it out" : `use ${kept}`}, or train again with --holdout ${asked}`,
  );
}

/** Ready-made features mean something to a model that learnt from the very same ones only. */
function checkFeatures({ numFeatures, path: place }: Corpus, { info }: Model): void {
  if (numFeatures === undefined || numFeatures === info.numFeatures) return;
  throw new CorpusError(
    `${place}: holds ready-made features, ${numFeatures} of them, and the model knows ${info.numFeatures}; ` +
      "evaluate it with a model that was trained on such features, or give a corpus of texts",
  );
}

/** By the names that data sets give their files: test.jsonl, tst_X.txt, pages_test.jsonl.gz. */
function isTestPart(corpus: Corpus): boolean {
  return /(?:^|[^a-z])(?:test|tst)(?:[^a-z]|$)/i.test(path.basename(corpus.path));
}

function checkEvaluated({ documents }: Metrics, corpus: Corpus, holdout: number): void {
  if (documents > 0) return;
  throw new CorpusError(
    `${corpus.path}: none of its ${corpus.report.documents} documents is among the held-out ${holdout} %; ` +
      "give a larger --holdout, or leave it out to evaluate all documents",
  );
}

function describeMetrics(it: Metrics, corpus: Corpus, model: Model): string {
  const percent = (value: number) => (100 * value).toFixed(2);
  const ranking = formatTable(
    [
      ["%", "@1", "@3", "@5", "@10"],
      ["precision", ...[it.precision[1], it.precision[3], it.precision[5], it.precision[10]].map(percent)],
      ["recall", "", "", percent(it.recall[5]), percent(it.recall[10])],
      ["nDCG", "", percent(it.ndcg[3]), percent(it.ndcg[5]), ""],
      ["PSP", percent(it.psp[1]), percent(it.psp[3]), percent(it.psp[5]), ""],
    ],
    "lrrrr",
  );
  const threshold = model.info.threshold.toFixed(2);
  return `${corpus.name}: ${number(it.documents)} documents; the model knows ${number(it.labels)} labels

${ranking}
F1 of tags with probability ${threshold} or more: micro ${percent(it.f1.micro)}, macro ${percent(it.f1.macro)}
Calibration error: ${percent(it.ece)} (chance alone makes about ${percent(it.eceByChance)} with so many documents)
Time per document: ${it.msPerDocument.p50.toFixed(2)} ms (median), ${it.msPerDocument.p95.toFixed(2)} ms (95 of 100 are faster)
`;
}
