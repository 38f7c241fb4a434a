// `node test/bench/encoder.mjs --corpus <folder with train.jsonl.gz and test.jsonl.gz>`: what an encoder adds to words
// alone, frozen and fine-tuned, each a whole `tagwright train` and `evaluate`; and beside it PECOS's XR-Transformer where
// a Python with libpecos and torch is given. Prints one table in Markdown. A corpus without test.jsonl.gz is split by the
// SHA-1 of the ids, a tenth for the test; `--documents` takes as many as asked for in the order of that same hash.
// `--folds` asks about every document of a small corpus, where a test part of a few hundred says little: all of both parts
// are cut by that hash, and each fold is suggested for by models of the others. It prints the means over the folds, and
// how far each run is from the first, with the standard error of that difference.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cutFold, formatDifference, meanOf, parseFolds, readParts, writeParts } from "./split.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const usage = `node test/bench/encoder.mjs --corpus <folder> [options]
  --encoder <folder>   in the layout of Hugging Face (PECOS needs a folder)
  --runs a,b           of words, frozen, tuned, alone (tuned, without words), pecos-frozen, pecos-tuned (default: the first three)
  --documents <n>      to learn from (default: all)
  --test <n>           to measure on (default: all)
  --folds <n>          ask about all documents, each a test document in one of n folds
  --max-pieces <n>     word pieces that are read of a text, or of a passage of it (default: 128)
  --passages <n>       parts of a long text that ours reads (default: what \`train\` takes)
  --preset <name>      of ours (default: fast)
  --seed <n>           of ours and of PECOS's fine-tuning; its tree keeps its own (default: 0)
  --python <program>   with libpecos, torch and transformers, for pecos-*
  --engine <name>      default: cpu
`;
const { values: options } = parseArgs({
  options: {
    corpus: { type: "string" },
    encoder: { type: "string" },
    runs: { type: "string", default: "words,frozen,tuned" },
    python: { type: "string" },
    engine: { type: "string", default: "cpu" },
    documents: { type: "string" },
    test: { type: "string" },
    folds: { type: "string" },
    "max-pieces": { type: "string", default: "128" },
    passages: { type: "string" },
    preset: { type: "string", default: "fast" },
    seed: { type: "string", default: "0" },
    help: { type: "boolean" },
  },
});
if (options.help || options.corpus === undefined) {
  process.stdout.write(usage);
  process.exit(options.help ? 0 : 2);
}
const encoder = options.encoder ?? "all-MiniLM-L6-v2";
const figures = ["P@1", "P@3", "P@5", "nDCG@5"];
const runs = options.runs.split(",");
const folds =
  options.folds === undefined ? [undefined] : Array.from({ length: parseFolds(options.folds) }, (_, fold) => fold);
const documents = readParts(options.corpus);
const scratch = mkdtempSync(path.join(os.tmpdir(), "tagwright-bench-"));
/** One list a run, in it the figures and seconds of each fold. */
const results = runs.map(() => []);
try {
  for (const fold of folds) {
    cutCorpus(fold);
    for (const [i, run] of runs.entries()) results[i].push(run.startsWith("pecos") ? pecos(run) : tagwright(run));
    if (fold !== undefined) process.stderr.write(`${fold + 1} of ${folds.length} folds\n`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const head = ["run", ...figures, "training s"];
const line = (cells) => `| ${cells.join(" | ")} |\n`;
const rows = runs.map((run, i) => [
  run,
  ...figures.map((_, at) => meanOf(results[i].map((it) => it[at])).toFixed(2)),
  meanOf(results[i].map((it) => it[figures.length])).toFixed(0),
]);
const differences =
  options.folds === undefined ? [] : runs.slice(1).map((run, i) => [`${run} − ${runs[0]}`, ...gains(i + 1), ""]);
process.stdout.write(
  `${path.basename(options.corpus)}\n\n${line(head)}${line(head.map(() => "---"))}${[...rows, ...differences].map(line).join("")}`,
);

/** How far a run is from the first one in each figure: mean over the folds ± its standard error. */
function gains(run) {
  return figures.map((_, at) => formatDifference(results[run].map((it, fold) => it[at] - results[0][fold][at])));
}

/** The part of the corpus that is asked for, as train.jsonl.gz and test.jsonl.gz in the scratch folder. */
function cutCorpus(fold) {
  const { train, test } = fold === undefined ? documents : cutFold(documents, fold, folds.length);
  const parts = {
    train: train.slice(0, Number(options.documents ?? train.length)),
    test: test.slice(0, Number(options.test ?? test.length)),
  };
  writeParts(path.join(scratch, "corpus"), parts);
  for (const [name, part] of Object.entries(parts)) process.stderr.write(`${name}: ${part.length} documents\n`);
}

function tagwright(run) {
  const out = path.join(scratch, run);
  rmSync(out, { recursive: true, force: true });
  const reading = [
    "--max-pieces",
    options["max-pieces"],
    ...(options.passages ? ["--passages", options.passages] : []),
  ];
  const withEncoder = run === "words" ? [] : ["--encoder", encoder, "--engine", options.engine, ...reading];
  const corpus = path.join(scratch, "corpus", "train.jsonl.gz");
  const given = ["--corpus", corpus, "--out", out, "--features", run === "alone" ? "none" : "words"];
  given.push("--preset", options.preset, "--seed", options.seed);
  const started = performance.now();
  command("train", [...given, ...withEncoder, ...(run === "frozen" ? ["--freeze"] : [])]);
  const seconds = (performance.now() - started) / 1000;
  const test = path.join(scratch, "corpus", "test.jsonl.gz");
  const { precision, ndcg } = JSON.parse(command("evaluate", ["--model", out, "--corpus", test, "--json"]));
  return [...[precision[1], precision[3], precision[5], ndcg[5]].map((it) => 100 * it), seconds];
}

function command(name, args) {
  const program = path.join(root, "dist", "tagwright.cjs");
  const { status, stdout } = spawnSync(process.execPath, [program, name, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`tagwright ${name} ended with exit code ${status}`);
  return stdout.trim().split("\n").at(-1);
}

function pecos(run) {
  if (options.python === undefined || options.encoder === undefined)
    throw new Error("pecos needs --python and --encoder <folder>");
  const script = path.join(root, "test", "bench", "xtransformer_bench.py");
  const corpus = path.join(scratch, "corpus");
  const given = [script, corpus, options.encoder, "--length", options["max-pieces"], "--seed", options.seed];
  const args = [...given, ...(run === "pecos-frozen" ? ["--frozen"] : [])];
  const { status, stdout } = spawnSync(options.python, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${run} ended with exit code ${status}`);
  const { precision, ndcg5, trainSeconds } = JSON.parse(stdout.trim().split("\n").at(-1));
  return [precision[1], precision[3], precision[5], ndcg5, trainSeconds].map(Number);
}
