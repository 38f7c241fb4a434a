// `npm run bench`: Tagwright, PECOS and Omikuji on the same features, each step in a process of its own, in turns.
// Prints the tables and keeps each corpus's figures in `.bench/figures/`; `--write` puts the tables into RESULTS.md, and
// the figures beside it, so that corpora that are not measured again keep theirs.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findCorpora } from "./corpora.mjs";
import { formatReport } from "./report.mjs";
import { runStep } from "./run-step.mjs";
import { bundle, findPython, pythonVersions } from "./setup.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const scratch = path.join(root, ".bench");
const figures = path.join(scratch, "figures");
const written = path.join(here, "figures");
const THREADS = 2;
/** A training that takes longer is not repeated for the checks that need it again. */
const LONG_SECONDS = 60;

const usage = `npm run bench -- [options]
  --corpora a,b    only these
  --systems a,b    only these of tagwright, pecos, omikuji
  --rounds n       trainings of each (default: 3, of the largest corpora 1)
  --report         nothing is run; the figures of earlier runs are shown, newer ones in place of older
  --write          puts the tables into test/bench/RESULTS.md, and the figures into test/bench/figures
`;
const { values: options } = parseArgs({
  options: {
    corpora: { type: "string" },
    systems: { type: "string" },
    rounds: { type: "string" },
    report: { type: "boolean" },
    write: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (options.help) {
  process.stdout.write(usage);
  process.exit(0);
}

mkdirSync(figures, { recursive: true });
if (!options.report) await measureAll();
const byDate = [...readFigures(written), ...readFigures(figures)].sort(([, a], [, b]) => (a.date < b.date ? -1 : 1));
const latest = new Map(byDate);
const report = formatReport([...latest.values()]);
process.stdout.write(`\n${report}`);
if (options.write) writeResults(report);

async function measureAll() {
  const build = spawnSync("npm", ["run", "--silent", "build"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (build.status !== 0) process.exit(build.status ?? 1);
  await bundle(root, scratch);
  const wanted = options.systems?.split(",") ?? ["tagwright", "pecos", "omikuji"];
  const { python, why } = wanted.some((it) => it !== "tagwright") ? findPython(scratch) : {};
  if (why !== undefined) say(`Skipped PECOS and Omikuji: ${why}`);
  const { corpora, missing } = findCorpora(root, scratch, options.corpora?.split(","));
  if (missing.length > 0) say(`Skipped ${missing.join(", ")}: not in ../shared/data`);
  const machine = describeMachine(python);
  for (const corpus of corpora) {
    const systems = systemsFor(corpus, wanted, python);
    const skipped = wanted.filter((it) => !systems.some(({ name }) => name.startsWith(it)));
    if (skipped.length > 0) say(`${corpus.name}: without ${skipped.join(", ")}`);
    try {
      for (const measured of measure(corpus, systems)) {
        writeFileSync(path.join(figures, `${corpus.name}.json`), JSON.stringify({ machine, ...measured }, null, 1));
      }
    } catch (error) {
      process.stderr.write(`${corpus.name}: ${error.message}\n`);
      process.exitCode = 1;
    }
  }
}

/** One entry a column: what learns and what predicts, from which features. */
function systemsFor(corpus, wanted, python) {
  const ours = (preset) => ({
    name: `tagwright ${preset}`,
    features: preset,
    once: preset === "best",
    learn: (matrices, model, seed) => bench("learn", { matrices, preset, seed, threads: THREADS, out: model }),
    predict: (matrices, model, out) => bench("predict", { matrices, model, out }),
  });
  const pecos = (recipe, features) => ({
    name: features === "fast" ? `pecos ${recipe}` : `pecos ${recipe}, features of best`,
    features,
    once: recipe === "paper",
    learn: (matrices, model, seed) => py(python, "pecos_bench.py", "learn", matrices, recipe, THREADS, seed, model),
    predict: (matrices, model, out) => py(python, "pecos_bench.py", "predict", matrices, model, out),
  });
  const omikuji = {
    name: "omikuji",
    features: "fast",
    once: true,
    prepare: (matrices) => py(python, "omikuji_bench.py", "export", matrices),
    learn: (matrices, model) => py(python, "omikuji_bench.py", "learn", matrices, THREADS, model),
    predict: (matrices, model, out) => py(python, "omikuji_bench.py", "predict", matrices, model, out),
  };
  const systems = [];
  if (wanted.includes("tagwright")) systems.push(ours("fast"));
  if (wanted.includes("pecos") && python) systems.push(pecos("default", "fast"));
  if (wanted.includes("omikuji") && python && corpus.omikuji !== false) systems.push(omikuji);
  if (corpus.best && wanted.includes("tagwright")) systems.push(ours("best"));
  if (corpus.best && wanted.includes("pecos") && python) {
    systems.push(pecos("paper", "fast"));
    if (corpus.paperOnBest !== false) systems.push(pecos("paper", "best"));
  }
  return systems;
}

/** The figures of a corpus, more complete each time: a run that is stopped keeps what it has. */
function* measure(corpus, systems) {
  const rounds = options.rounds ? Number(options.rounds) : corpus.rounds;
  const work = path.join(scratch, "work", corpus.name);
  rmSync(work, { recursive: true, force: true });
  const measured = {
    corpus: corpus.name,
    date: new Date().toISOString().slice(0, 16),
    rounds,
    systems: {},
    threads: [],
    whole: {},
  };
  const matricesOf = {};
  for (const features of new Set(systems.map((it) => it.features))) {
    say(`${corpus.name}: features of ${features}`);
    matricesOf[features] = path.join(work, `matrices-${features}`);
    const { path: from, holdOut } = corpus;
    const shape = bench("export", { corpus: from, preset: features, holdOut, out: matricesOf[features] });
    measured.shape ??= shape;
  }
  for (const it of systems) it.prepare?.(matricesOf[it.features]);
  const folderOf = (system) => path.join(work, `model-${systems.indexOf(system)}`);
  const runsOf = new Map(systems.map((it) => [it, []]));
  // In turns, so that whatever else the machine does slows all of them down alike; each round with a seed of its own.
  for (let round = 0; round < rounds; round++) {
    for (const it of systems.filter(({ once }) => !once || round === 0)) {
      const [matrices, model, suggestions] = [matricesOf[it.features], folderOf(it), path.join(work, "top.u32")];
      const learnt = it.learn(matrices, model, round);
      const answered = it.predict(matrices, model, suggestions);
      const scored = bench("score", { matrices, suggestions });
      runsOf.get(it).push({ bytes: rankerBytes(model), ...answered, ...scored, ...learnt });
      say(
        `${corpus.name} ${round + 1}/${rounds}: ${it.name} learns in ${learnt.seconds.toFixed(2)} s, P@1 ${(100 * scored.p1).toFixed(2)}`,
      );
    }
  }
  for (const it of systems) measured.systems[it.name] = summary(runsOf.get(it));
  const ours = systems.filter((it) => it.name.startsWith("tagwright"));
  for (const it of ours) {
    yield measured;
    const [first] = runsOf.get(it);
    const isLong = first.seconds > LONG_SECONDS;
    if (!isLong) measured.threads.push(sameForAnyThreads(it, matricesOf[it.features], first, work));
    if (!isLong || it.features === "fast") measured.whole[it.features] = useWhole(corpus, it.features, work);
  }
  yield measured;
  rmSync(work, { recursive: true, force: true });
}

/** Quality is the mean of all runs, cost their median. */
function summary(runs) {
  const of = (figure, middle) => middle(runs.map((it) => it[figure]));
  const figures = { runs: runs.length };
  for (const it of ["p1", "p3", "p5", "ndcg5", "r10"]) figures[it] = of(it, mean);
  for (const it of ["seconds", "cpuSeconds", "milliseconds", "batchMilliseconds", "bytes", "peakBytes"]) {
    if (runs[0][it] !== undefined) figures[it] = of(it, median);
  }
  return figures;
}

/** Whether one thread gives the weights that two gave, byte for byte. */
function sameForAnyThreads(system, matrices, learnt, work) {
  const preset = system.features;
  const out = path.join(work, "one-thread");
  return { preset, same: bench("learn", { matrices, preset, seed: 0, threads: 1, out }).digest === learnt.digest };
}

/** The product itself: `tagwright train` from text, the folder it makes, and `tagwright evaluate` on documents it has not seen. */
function useWhole({ name, path: corpus, holdOut }, preset, work) {
  const out = path.join(work, `whole-${preset}`);
  const training = bench("train", { corpus, out, preset, threads: THREADS, seed: 0, holdOut });
  say(`${name}: tagwright train --preset ${preset} takes ${training.seconds.toFixed(1)} s`);
  const holdout = holdOut > 0 ? ["--holdout", String(holdOut)] : [];
  const command = [path.join(scratch, "tagwright.cjs"), "evaluate", "--model", out, "--corpus", corpus, ...holdout];
  const { precision, ndcg, ece, eceByChance, f1, msPerDocument } = runStep(process.execPath, [...command, "--json"]);
  const openings = [1, 2, 3].map(() => bench("open", { model: out }));
  return {
    ...training,
    folderBytes: folderBytes(out),
    p1: precision[1],
    ndcg5: ndcg[5],
    microF1: f1.micro,
    ece,
    eceByChance,
    milliseconds: msPerDocument.p50,
    openFirst: median(openings.map((it) => it.first)),
    open: median(openings.map((it) => it.median)),
  };
}

function bench(step, stepOptions) {
  return runStep(process.execPath, [path.join(scratch, "bench.cjs"), step, JSON.stringify(stepOptions)]);
}

function py(python, script, ...args) {
  return runStep(python, [path.join(here, script), ...args.map(String)]);
}

/** What PECOS's folder holds: tree and weights; undefined where the folder is another program's. */
function rankerBytes(folder) {
  if (!existsSync(path.join(folder, "model.json"))) return undefined;
  return ["tree.safetensors", "ranker.safetensors"].reduce((sum, it) => sum + statSync(path.join(folder, it)).size, 0);
}

function folderBytes(folder) {
  return readdirSync(folder).reduce((sum, it) => sum + statSync(path.join(folder, it)).size, 0);
}

function describeMachine(python) {
  const git = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" });
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()}`,
    versions: { Node: process.versions.node, ...(python && pythonVersions(python)) },
    commit: git.status === 0 ? git.stdout.trim() : "unknown",
  };
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function mean(numbers) {
  return numbers.reduce((sum, it) => sum + it, 0) / numbers.length;
}

/** What a folder has, by corpus. */
function readFigures(folder) {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((it) => it.endsWith(".json"));
  return files.map((it) => [it, JSON.parse(readFileSync(path.join(folder, it), "utf8"))]);
}

function writeResults(text) {
  mkdirSync(written, { recursive: true });
  for (const [name, it] of latest) writeFileSync(path.join(written, name), JSON.stringify(it, null, 1));
  const file = path.join(here, "RESULTS.md");
  const [begin, end] = ["<!-- figures: npm run bench -- --write -->\n", "<!-- end of figures -->"];
  const old = readFileSync(file, "utf8");
  const [from, to] = [old.indexOf(begin), old.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file}: the lines "${begin.trim()}" and "${end}" must be there`);
  writeFileSync(file, `${old.slice(0, from + begin.length)}\n${text}\n${old.slice(to)}`);
  const biome = path.join(root, "node_modules/@biomejs/biome/bin/biome");
  spawnSync(process.execPath, [biome, "format", "--write", file], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  say(`Wrote ${path.relative(root, file)}`);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
