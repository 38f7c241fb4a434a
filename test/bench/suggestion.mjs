// How long one suggestion takes in the server, text to tags:
//   node test/bench/suggestion.mjs --model <folder> --documents <file.jsonl[.gz]> [--count 300] [--pieces 256] [--threads 2]
// Builds everything first and prints one JSON object, times in milliseconds. The model should read as many pieces.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundle } from "./setup.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const scratch = path.join(root, ".bench");
const { values } = parseArgs({
  options: {
    model: { type: "string" },
    documents: { type: "string" },
    count: { type: "string", default: "300" },
    pieces: { type: "string", default: "256" },
    threads: { type: "string", default: "2" },
  },
});
const { model, documents } = values;
if (model === undefined || documents === undefined) throw new Error("--model and --documents are needed");

run(path.join(root, "esbuild.mjs"));
await bundle(root, scratch);
const [count, pieces, threads] = [values.count, values.pieces, values.threads].map(Number);
const options = { server: path.join(root, "dist/server.cjs"), model, documents, count, pieces, threads };
const measured = JSON.parse(run(path.join(scratch, "bench.cjs"), "suggestion", JSON.stringify(options)));

const { encoder, encoderModels, counts } = JSON.parse(readFileSync(path.join(model, "model.json"), "utf8"));
const { maxPieces, passages, serves } = encoderModels?.[0] ?? {};
const machine = { cpu: os.cpus()[0]?.model, cores: os.availableParallelism(), node: process.version };
const figures = { encoder, serves, maxPieces, passages, labels: counts.labels, threads, ...measured, ...machine };
process.stdout.write(`${JSON.stringify(figures, null, 1)}\n`);

function run(...args) {
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
}
