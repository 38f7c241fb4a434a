// `node test/bench/encoder.mjs --corpus <folder with train.jsonl.gz and test.jsonl.gz>`: what an encoder adds to words
// alone, frozen and fine-tuned, each a whole `tagwright train` and `evaluate`; and beside it PECOS's XR-Transformer where
// a Python with libpecos and torch is given. Prints one table in Markdown. A corpus without test.jsonl.gz is split by the
// SHA-1 of the ids, a tenth for the test; `--documents` takes as many as asked for in the order of that same hash.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const usage = `node test/bench/encoder.mjs --corpus <folder> [options]
  --encoder <folder>   in the layout of Hugging Face (PECOS needs a folder)
  --runs a,b           of words, frozen, tuned, alone (tuned, without words), pecos-frozen, pecos-tuned (default: the first three)
  --documents <n>      to learn from (default: all)
  --test <n>           to measure on (default: all)
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
const scratch = mkdtempSync(path.join(os.tmpdir(), "tagwright-bench-"));
const rows = [];
try {
  cutCorpus();
  for (const run of options.runs.split(",")) rows.push(run.startsWith("pecos") ? pecos(run) : tagwright(run));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const head = ["run", "P@1", "P@3", "P@5", "nDCG@5", "training s"];
const line = (cells) => `| ${cells.join(" | ")} |\n`;
process.stdout.write(
  `${path.basename(options.corpus)}\n\n${line(head)}${line(head.map(() => "---"))}${rows.map(line).join("")}`,
);

/** The part of the corpus that is asked for, as train.jsonl.gz and test.jsonl.gz in the scratch folder. */
function cutCorpus() {
  const read = (name) =>
    gunzipSync(readFileSync(path.join(options.corpus, name)))
      .toString()
      .trim()
      .split("\n")
      .map((line) => ({ line, place: createHash("sha1").update(JSON.parse(line).id).digest("hex") }))
      .sort((a, b) => (a.place < b.place ? -1 : 1));
  const all = read("train.jsonl.gz");
  const isTest = ({ place }) => Number.parseInt(place.slice(-4), 16) % 10 === 0;
  const hasTest = existsSync(path.join(options.corpus, "test.jsonl.gz"));
  const parts = {
    train: (hasTest ? all : all.filter((it) => !isTest(it))).slice(0, Number(options.documents ?? all.length)),
    test: (hasTest ? read("test.jsonl.gz") : all.filter(isTest)).slice(0, Number(options.test ?? all.length)),
  };
  mkdirSync(path.join(scratch, "corpus"));
  for (const [name, part] of Object.entries(parts)) {
    writeFileSync(
      path.join(scratch, "corpus", `${name}.jsonl.gz`),
      gzipSync(part.map((it) => `${it.line}\n`).join("")),
    );
    process.stderr.write(`${name}: ${part.length} documents\n`);
  }
}

function tagwright(run) {
  const out = path.join(scratch, run);
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
  return [
    run,
    ...[precision[1], precision[3], precision[5], ndcg[5]].map((it) => (100 * it).toFixed(2)),
    seconds.toFixed(0),
  ];
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
  return [run, precision[1], precision[3], precision[5], ndcg5, trainSeconds.toFixed(0)];
}
