// `tagwright bench recursion`: the paper's claim on the user's own corpus and machine. The same encoder learns it level
// by level, on the finest level alone, and with negatives that change as it learns; time and precision stand side by side.
import { mkdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type Command, Option } from "commander";
import { MIN_DOCUMENTS } from "../calibrate/folds.ts";
import type { Schedule } from "../config.ts";
import { CorpusError } from "../corpus/corpus-error.ts";
import { engineChoices } from "../encoder/engines/choose.ts";
import { resolveEncoder } from "../encoder/source/resolve.ts";
import { defaultEncoder } from "../encoder/source/sources.ts";
import type { ProgressEvent } from "../progress.ts";
import { type TrainOptions, train } from "../train.ts";
import { exitCodeHelp } from "./exit-codes.ts";
import { alone, tidyUpAfter } from "./fine-tuning.ts";
import { requireOptions, wholeNumber } from "./parse-options.ts";
import { type CommandContext, isSupervised, runCommand } from "./run-command.ts";
import { superviseCommand } from "./supervise.ts";
import { formatTable } from "./table.ts";

interface BenchOptions extends Pick<TrainOptions, "engine" | "threads" | "seed" | "preset" | "features"> {
  readonly corpus: string;
  readonly encoder: string;
  readonly schedules: readonly Schedule[];
  readonly json?: true;
}

interface Measured {
  readonly schedule: Schedule;
  /** From the first step to the end of the last level, and of the whole run. */
  readonly tuningSeconds: number;
  readonly seconds: number;
  /** Of the head on the finest level, on some documents that were held out: when it was looked at, and what it was. */
  readonly head: readonly { readonly seconds: number; readonly precision: number }[];
  /** Of the finished model, on documents that neither it nor the encoder learnt from. */
  readonly precision: Readonly<Record<1 | 3 | 5, number>>;
  readonly ndcg5: number;
}

const all: readonly Schedule[] = ["recursive", "flat", "dynamic"];

export function addBenchCommand(program: Command): void {
  const bench = program.command("bench").summary("compare ways to train").description("Compares ways to train.");
  bench
    .command("recursion")
    .summary("time and precision of the three schedules")
    .description(
      "Fine-tunes the encoder three times on a corpus: level by level over the label tree (recursive), on the finest " +
        "level alone (flat), and on groups and labels at once (dynamic). Each run sees as many documents. Nothing is kept. " +
        "To flat s: until the head of the finest level was as good as that of flat at its end, on held-out documents.",
    )
    .option("--corpus <path>", "folder of tagged documents, .jsonl[.gz] file or raw-text folder (required)")
    .option("--encoder <source>", "the encoder, which must be here already", defaultEncoder.name)
    .addOption(new Option("--schedules <names...>", "which ones").choices(all).default(all))
    .addOption(new Option("--engine <name>", "what runs the encoder").choices(engineChoices).default("auto"))
    .addOption(new Option("--preset <name>", "how much to invest").choices(["fast", "best"]).default("fast"))
    .option("--threads <n>", "worker threads (default: one a core)", wholeNumber(1, 1024))
    .option("--seed <n>", "for everything random", wholeNumber(0, 2 ** 32 - 1))
    .option("--json", "print progress and the result as JSON lines")
    .addHelpText("after", exitCodeHelp)
    .action((options: BenchOptions, command: Command) => {
      requireOptions(command, ["corpus"]);
      const json = options.json === true;
      if (!isSupervised()) return superviseCommand({ json, tidyUp, hint: async () => undefined });
      return runCommand({ json, jsonProgress: json }, (context) => benchRecursion(options, context));
    });
}

/** Its name is known to the process that watches over the run, too. */
function scratchFolder(): string {
  return path.join(os.tmpdir(), `tagwright-bench-${isSupervised() ? process.ppid : process.pid}`);
}

async function tidyUp(): Promise<void> {
  const scratch = scratchFolder();
  await tidyUpAfter(scratch);
  await rm(scratch, { recursive: true, force: true });
}

async function benchRecursion(options: BenchOptions, { signal, view, print }: CommandContext): Promise<0> {
  const { encoder: source, schedules, json, ...rest } = options;
  const encoder = await resolveEncoder(source, { signal });
  const scratch = scratchFolder();
  // A run that was killed may have had the same process id.
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode: 0o700 });
  const measured: Measured[] = [];
  try {
    for (const schedule of schedules) {
      view.info(`\n${schedule}`);
      const out = path.join(scratch, schedule);
      const given = { ...rest, features: "words", keepAll: true, out, encoder, schedule } as const;
      measured.push(await alone(out, view, () => measure(given, signal, (it) => view.event(it))));
      await rm(out, { recursive: true, force: true });
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  view.close();
  print(json ? `${JSON.stringify({ type: "recursion", measured })}\n` : formatMeasured(measured));
  return 0;
}

/** @throws CorpusError where nothing can be held out; what `train` throws. */
async function measure(
  options: TrainOptions & { readonly schedule: Schedule },
  signal: AbortSignal,
  onEvent: (event: ProgressEvent) => void,
): Promise<Measured> {
  const started = performance.now();
  let first: number | undefined;
  let last = started;
  let finest = 0;
  const head: Measured["head"][number][] = [];
  const onProgress = (event: ProgressEvent) => {
    if (event.type === "level") {
      first ??= performance.now();
      finest = event.levels - 1;
    }
    if (event.type === "quality") {
      last = performance.now();
      if (event.level === finest) head.push({ seconds: (last - (first ?? last)) / 1000, precision: event.value });
    }
    onEvent(event);
  };
  const { metrics } = await train(options, { onProgress, signal });
  if (metrics === undefined)
    throw new CorpusError(
      `${options.corpus}: at least ${MIN_DOCUMENTS} documents expected, so that some can be held out, fewer found; give more`,
    );
  const { precision, ndcg } = metrics;
  return {
    schedule: options.schedule,
    tuningSeconds: (last - (first ?? last)) / 1000,
    seconds: (performance.now() - started) / 1000,
    head,
    precision: { 1: precision[1], 3: precision[3], 5: precision[5] },
    ndcg5: ndcg[5],
  };
}

/** Seconds until the head of the finest level was as good as that of `flat` was at its end. */
function secondsToFlat({ head }: Measured, measured: readonly Measured[]): string {
  const flat = measured.find(({ schedule }) => schedule === "flat")?.head.at(-1);
  const reached = flat && head.find(({ precision }) => precision >= flat.precision);
  return reached === undefined ? "-" : reached.seconds.toFixed(0);
}

function formatMeasured(measured: readonly Measured[]): string {
  const percent = (share: number) => (100 * share).toFixed(2);
  const rows = measured.map((it) => [
    it.schedule,
    it.tuningSeconds.toFixed(0),
    secondsToFlat(it, measured),
    percent(it.head.at(-1)?.precision ?? 0),
    it.seconds.toFixed(0),
    percent(it.precision[1]),
    percent(it.precision[3]),
    percent(it.precision[5]),
    percent(it.ndcg5),
  ]);
  const head = ["Schedule", "Tuning s", "To flat s", "Head P@1 %", "Run s", "P@1 %", "P@3 %", "P@5 %", "nDCG@5 %"];
  return formatTable([head, ...rows], "lrrrrrrrr");
}
