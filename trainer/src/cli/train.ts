// `tagwright train`: a corpus in, a model folder out.
import { combinations, maxEncoders } from "@tagwright/model/internals";
import { type Command, Option } from "commander";
import { FEWEST_PIECES, MOST_PASSAGES, negativesChoices } from "../config.ts";
import { engineChoices } from "../encoder/engines/choose.ts";
import type { ProgressEvent } from "../progress.ts";
import { type TrainOptions, train as trainModel } from "../train.ts";
import { encoderSources, openEncoders } from "./encoder-sources.ts";
import { exitCodeHelp, UsageError } from "./exit-codes.ts";
import { alone, howToGoOn, tidyUpAfter } from "./fine-tuning.ts";
import { excludeHelp, requireOptions, wholeNumber } from "./parse-options.ts";
import { type CommandContext, isSupervised, runCommand, StoppedHalfwayError } from "./run-command.ts";
import { superviseCommand } from "./supervise.ts";
import { type TagFlags, tagOptions, tagOptionsOf } from "./tag-options.ts";
import { counted, duration } from "./view.ts";

type TrainCommandOptions = Omit<TrainOptions, "holdOut" | "tagOptions" | "encoder"> &
  TagFlags & {
    readonly encoder: string;
    readonly encoderSeeds?: number;
    readonly download?: true;
    readonly holdout?: number;
    readonly json?: true;
  };

const maxSeed = 2 ** 32 - 1;

export function addTrainCommand(program: Command): void {
  program
    .command("train")
    .summary("learn a model from tagged documents")
    .description(
      "Learns from documents and their tags, and writes a model folder. The model that is there is kept " +
        "until the new one is whole, and beside it (.previous) after that.",
    )
    .option(
      "--corpus <path>",
      "folder of tagged documents, .jsonl[.gz] file or Extreme Classification folder (required)",
    )
    .option("--out <folder>", "where the model goes; a workspace's place for it is <folder>/.tags/model (required)")
    .option(
      "--encoder <source>",
      "pre-trained encoder to fine-tune: all-MiniLM-L6-v2, a folder, a hub id; several with commas; see `tagwright encoder`",
      "none",
    )
    .option(
      "--encoder-seeds <n>",
      "fine-tune one encoder so many times, from different seeds; the results rank together",
      wholeNumber(1, maxEncoders),
    )
    .addOption(
      new Option("--combine <rule>", "how several encoders make one ranking; auto: what is best on held-out documents")
        .choices(["auto", ...combinations])
        .default("auto"),
    )
    .option("--download", "get the encoder first where it is not here yet")
    .addOption(new Option("--engine <name>", "what runs the encoder").choices(engineChoices).default("auto"))
    .option("--freeze", "leave the encoder as it was published")
    .addOption(
      new Option("--schedule <name>", "how the encoder is fine-tuned").choices(["recursive", "flat", "dynamic"]),
    )
    .option("--batch <n>", "documents a step of the encoder", wholeNumber(1, 4096))
    .option(
      "--max-pieces <n>",
      "word pieces that the encoder reads of a passage (default: 128)",
      wholeNumber(FEWEST_PIECES, 8192),
    )
    .option(
      "--passages <n>",
      "parts of a long text that the encoder reads, its end among them (default: 2; with 1 the beginning alone); each takes " +
        "as long as the first, in the embedding of all documents and in every suggestion",
      wholeNumber(1, MOST_PASSAGES),
    )
    .option(
      "--keep-all",
      "keep all that fine-tuning changes, also where held-out documents of a small corpus speak against it",
    )
    .option(
      "--memory-limit <MiB>",
      "refuse a run that would need more, stop one that takes more (default: refuse what the machine does not have)",
      wholeNumber(64, 1e9),
    )
    .option("--resume", "go on from the last checkpoint, fail where that is of another run (default: start anew then)")
    .option("--no-resume", "start anew; a checkpoint that is there stays until there is a new one")
    .option("--checkpoint-steps <n>", "steps between two checkpoints (default: about a minute)", wholeNumber(1, 1e6))
    .addOption(new Option("--preset <name>", "how much to invest").choices(["fast", "best"]).default("fast"))
    .addOption(new Option("--tree <shape>", "how labels are grouped").choices(["balanced", "bonsai", "parabel"]))
    .addOption(
      new Option(
        "--features <kind>",
        "what a text is made of; auto keeps what is best on held-out documents; none leaves the encoder alone",
      )
        .choices(["auto", "words", "words+characters", "none"])
        .default("auto"),
    )
    .addOption(
      new Option("--loss <name>", "of the ranker; logistic gives a probability at every node, and ranks a little worse")
        .choices(["squared-hinge", "logistic"])
        .default("squared-hinge"),
    )
    .addOption(
      new Option(
        "--negatives <kind>",
        "documents that a label is told apart from: those of labels beside it (tfn), and those mistaken for such (man)",
      )
        .choices(negativesChoices)
        .default("tfn"),
    )
    .option("--induce-relevance", "let the labels of a document share its weight")
    .option("--threads <n>", "worker threads (default: one a core)", wholeNumber(1, 1024))
    .option("--seed <n>", "for everything random; the same seed gives the same model", wholeNumber(0, maxSeed))
    .option("--min-label-documents <n>", "drop labels with fewer documents (default: 1)", wholeNumber(1, 1_000_000))
    .option("--holdout <percent>", "leave documents out, for `evaluate --holdout`", wholeNumber(1, 90))
    .addOption(tagOptions.keys)
    .addOption(tagOptions.inline)
    .addOption(tagOptions.notInline)
    .option("--exclude <glob...>", excludeHelp)
    .option("--json", "print progress as JSON lines")
    .addHelpText(
      "after",
      `
Examples:
  tagwright train --corpus notes --out notes/.tags/model
  tagwright train --corpus train.jsonl.gz --out model --preset best --holdout 10
  tagwright train --corpus notes --out notes/.tags/model --encoder all-MiniLM-L6-v2 --download
  tagwright train --corpus notes --out model --encoder all-MiniLM-L6-v2,encoders/bert --combine softmax

A .jsonl file has one document a line: {"id": "a", "text": "Some text.", "labels": ["x", "y"]}
${exitCodeHelp}`,
    )
    .action((options: TrainCommandOptions, command: Command) => {
      requireOptions(command, ["corpus", "out"]);
      const json = options.json === true;
      const { encoder, out } = options;
      if (encoder !== "none" && !isSupervised())
        return superviseCommand({ json, tidyUp: () => tidyUpAfter(out), hint: () => howToGoOn(out) });
      return runCommand({ json, jsonProgress: json }, (context) => train(options, context));
    });
}

async function train(options: TrainCommandOptions, { signal, view, print }: CommandContext): Promise<0> {
  const { holdout, tagKeys, inlineTags, json, encoder, encoderSeeds, combine, download, ...rest } = options;
  const sources = encoderSources(options);
  if (sources.length === 0 && rest.features === "none")
    throw new UsageError("--features none needs an encoder, found --encoder none; name one, or leave --features out");
  let done: Extract<ProgressEvent, { type: "done" }> | undefined;
  const onProgress = (event: ProgressEvent) => {
    if (event.type === "done") done = event;
    view.event(event);
  };
  const given: TrainOptions = {
    ...rest,
    ...(sources.length > 0 && { encoder: await openEncoders(sources, download === true, { signal, view }) }),
    ...(combine !== undefined && combine !== "auto" && { combine }),
    ...(holdout !== undefined && { holdOut: holdout }),
    tagOptions: tagOptionsOf(options),
  };
  const run = () => trainModel(given, { onProgress, signal });
  // With an encoder, the process that watches over this one says how to go on.
  await (sources.length === 0 ? run().catch((error) => stopped(error, rest.out, signal)) : alone(rest.out, view, run));
  view.close();
  if (!json && done !== undefined) {
    const size = `${counted(done.labels, "label")} from ${counted(done.documents, "document")}`;
    print(`The model is in ${done.out}: ${size}, in ${duration(done.seconds)}.\n`);
  }
  return 0;
}

/** What is thrown for a run that was stopped and can go on says how. */
async function stopped(error: unknown, out: string, signal: AbortSignal): Promise<never> {
  const next = signal.aborted ? await howToGoOn(out, "words") : undefined;
  throw next === undefined ? error : new StoppedHalfwayError(`Stopped; to go on, ${next}.`);
}
