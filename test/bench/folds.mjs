// `node test/bench/folds.mjs --corpus <folder>`: Tagwright beside PECOS on a small corpus, where a test part of a few dozen
// documents says little. All documents, of both parts, are cut into folds by the SHA-1 of their ids; each fold is suggested
// for by rankers that have learnt from the others, on the same features. Prints the means over all documents with the
// standard error of their difference over the folds, and the calibration of the whole program, all folds together.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runStep } from "./run-step.mjs";
import { bundle, findPython } from "./setup.mjs";
import { cutFold, formatDifference, meanOf, parseFolds, readParts, writeParts } from "./split.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const scratch = path.join(root, ".bench");
const usage = `node test/bench/folds.mjs --corpus <folder with train.jsonl.gz and test.jsonl.gz> [options]
  --folds <n>     default: 10
  --rounds <n>    trainings of a fold, each with a seed of its own (default: 2)
`;
const { values: options } = parseArgs({
  options: {
    corpus: { type: "string" },
    folds: { type: "string", default: "10" },
    rounds: { type: "string", default: "2" },
    help: { type: "boolean" },
  },
});
if (options.help || options.corpus === undefined) {
  process.stdout.write(usage);
  process.exit(options.help ? 0 : 2);
}
const numFolds = parseFolds(options.folds);
const figures = { p1: "P@1", p3: "P@3", p5: "P@5", ndcg5: "nDCG@5", r10: "R@10" };

await bundle(root, scratch);
const { python, why } = findPython(scratch);
if (python === undefined) throw new Error(`PECOS is not there: ${why}`);
const work = mkdtempSync(path.join(os.tmpdir(), "tagwright-folds-"));
try {
  const folds = cutFolds();
  process.stdout.write(compare(folds));
  process.stdout.write(calibration(folds));
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** A folder for each fold, with its documents as test part and all others to learn from. */
function cutFolds() {
  const documents = readParts(options.corpus);
  return Array.from({ length: numFolds }, (_, fold) => {
    const folder = path.join(work, String(fold));
    const parts = cutFold(documents, fold, numFolds);
    writeParts(folder, parts);
    return { folder, documents: parts.test.length };
  });
}

function compare(folds) {
  const results = { "tagwright fast": [], "pecos default": [] };
  for (const { folder } of folds) {
    const names = ["matrices", "model", "pecos", "top.u32"];
    const [matrices, model, other, suggestions] = names.map((it) => path.join(folder, it));
    bench("export", { corpus: folder, preset: "fast", holdOut: 0, out: matrices });
    const rounds = { "tagwright fast": [], "pecos default": [] };
    for (let seed = 0; seed < Number(options.rounds); seed++) {
      bench("learn", { matrices, preset: "fast", seed, threads: 2, out: model });
      bench("predict", { matrices, model, out: suggestions });
      rounds["tagwright fast"].push(bench("score", { matrices, suggestions }));
      pecos("learn", matrices, "default", 2, seed, other);
      pecos("predict", matrices, other, suggestions);
      rounds["pecos default"].push(bench("score", { matrices, suggestions }));
    }
    for (const [name, list] of Object.entries(rounds)) results[name].push(list);
    process.stderr.write(`${path.basename(folder)} of ${numFolds} folds\n`);
  }
  const total = folds.reduce((sum, it) => sum + it.documents, 0);
  const ofFold = (name, fold, figure) => 100 * meanOf(results[name][fold].map((it) => it[figure]));
  const overall = (name, figure) =>
    folds.reduce((sum, { documents }, fold) => sum + (documents / total) * ofFold(name, fold, figure), 0);
  const rows = Object.keys(results).map((name) => [
    name,
    ...Object.keys(figures).map((it) => overall(name, it).toFixed(2)),
  ]);
  const [ours, theirs] = Object.keys(results);
  const gains = Object.keys(figures).map((it) => {
    const each = folds.map((_, fold) => ofFold(ours, fold, it) - ofFold(theirs, fold, it));
    return formatDifference(each, overall(ours, it) - overall(theirs, it));
  });
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  const head = [`${path.basename(options.corpus)}, ${total} documents, %`, ...Object.values(figures)];
  return `${line(head)}${line(head.map(() => "---"))}${[...rows, ["difference", ...gains]].map(line).join("")}`;
}

/** `tagwright train` on each fold, and its suggestions for the fold's own documents. */
function calibration(folds) {
  const models = folds.map(({ folder }) => {
    const model = path.join(folder, "whole");
    bench("train", { corpus: folder, out: model, preset: "fast", threads: 2, seed: 0 });
    return { model, corpus: folder };
  });
  const { p1, ndcg5, ece, eceByChance } = bench("pooled", models);
  const percent = (value) => (100 * value).toFixed(2);
  return (
    `\nThe whole program: P@1 ${percent(p1)}, nDCG@5 ${percent(ndcg5)}, calibration error ${percent(ece)} % ` +
    `(by chance ${percent(eceByChance)} %)\n`
  );
}

function bench(step, given) {
  return runStep(process.execPath, [path.join(scratch, "bench.cjs"), step, JSON.stringify(given)]);
}

function pecos(...args) {
  return runStep(python, [path.join(here, "pecos_bench.py"), ...args.map(String)]);
}
