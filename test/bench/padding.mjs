// Documents a second in batches of like length, and padded to full length, of real corpora:
//   node test/bench/padding.mjs --encoder <folder> --corpora <folder,folder>
// Each batch is timed beside a padded one. Prints the ratios of the sums for steps of fine-tuning and for embeddings.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runStep } from "./run-step.mjs";
import { bundle } from "./setup.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const scratch = path.join(root, ".bench");
const usage = `node test/bench/padding.mjs --encoder <folder> --corpora <a,b> [options]
  --corpora <a,b>      folders with train.jsonl.gz
  --engine <name>      (default: cpu)
  --documents <n>      in a batch (default: 32)
  --length <n>         word pieces that all are padded to (default: 128)
  --cuts <a,b>         word pieces that are read at most: coarse levels, the finest (default: 64,128)
  --threads <n>        (default: 2)
  --count <n>          batches, from all over the corpus (default: 20)
`;
const { values } = parseArgs({
  options: {
    encoder: { type: "string" },
    corpora: { type: "string" },
    engine: { type: "string", default: "cpu" },
    documents: { type: "string", default: "32" },
    length: { type: "string", default: "128" },
    cuts: { type: "string", default: "64,128" },
    threads: { type: "string", default: "2" },
    count: { type: "string", default: "20" },
    help: { type: "boolean" },
  },
});
if (values.help || values.encoder === undefined || values.corpora === undefined) {
  process.stdout.write(usage);
  process.exit(values.help ? 0 : 2);
}
await bundle(root, scratch);
const { encoder, engine } = values;
const [documents, length, threads, count] = ["documents", "length", "threads", "count"].map((it) => Number(values[it]));
const rows = [["corpus", "cut to", "what", "documents/s", `padded to ${length}`, "ratio"]];
for (const folder of values.corpora.split(",")) {
  const corpus = path.join(folder, "train.jsonl.gz");
  for (const maxPieces of values.cuts.split(",").map(Number)) {
    for (const what of ["step", "encode"]) {
      const size = { documents, slots: 500, length, maxPieces, threads, count };
      const options = JSON.stringify({ encoder, engine, corpus, what, ...size });
      const timed = runStep(process.execPath, [path.join(scratch, "bench.cjs"), "padding", options]);
      const [own, padded] = [timed.bucketed, timed.padded].map((it) => it.reduce((sum, ms) => sum + ms, 0));
      const rate = (ms) => ((1000 * documents * count) / ms).toFixed(1);
      rows.push([path.basename(folder), maxPieces, what, rate(own), rate(padded), (padded / own).toFixed(2)]);
      process.stderr.write(`${rows.at(-1).join("  ")}\n`);
    }
  }
}
process.stdout.write(rows.map((it) => `| ${it.join(" | ")} |\n`).join(""));
