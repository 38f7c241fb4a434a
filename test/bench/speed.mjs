// How long the encoder takes for a batch, ours and PyTorch in turns:
//   node test/bench/speed.mjs --encoder <folder> --python <program with torch and transformers>
// Prints medians and their ratio for a step of fine-tuning, an embedding, and an embedding with 8-bit weights.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundle } from "./setup.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const scratch = path.join(root, ".bench");
const usage = `node test/bench/speed.mjs --encoder <folder> [options]
  --python <program>   with torch and transformers; ours alone is timed without it
  --engine <name>      of ours (default: cpu)
  --device <name>      of PyTorch (default: cpu)
  --documents <n>      in a batch (default: 32)
  --length <n>         word pieces of each (default: 128)
  --slots <n>          labels that a step tells apart (default: 500)
  --threads <n>        (default: 2)
  --count <n>          batches a turn (default: 5)
  --turns <n>          (default: 3)
`;
const { values } = parseArgs({
  options: {
    encoder: { type: "string" },
    python: { type: "string" },
    engine: { type: "string", default: "cpu" },
    device: { type: "string", default: "cpu" },
    documents: { type: "string", default: "32" },
    length: { type: "string", default: "128" },
    slots: { type: "string", default: "500" },
    threads: { type: "string", default: "2" },
    count: { type: "string", default: "5" },
    turns: { type: "string", default: "3" },
    help: { type: "boolean" },
  },
});
if (values.help || values.encoder === undefined) {
  process.stdout.write(usage);
  process.exit(values.help ? 0 : 2);
}
const sizes = ["documents", "length", "slots", "threads", "count"];
await bundle(root, scratch);

const rows = [["", "ours ms", "PyTorch ms", "of PyTorch's speed"]];
for (const what of ["step", "encode", "encode-int8"]) {
  const [ours, theirs] = [[], []];
  for (let turn = 0; turn < Number(values.turns); turn++) {
    ours.push(...timeOurs(what));
    if (values.python !== undefined) theirs.push(...timeTorch(what.replace("-int8", "")));
  }
  const [mine, other] = [median(ours), median(theirs)];
  rows.push([what, mine.toFixed(0), other?.toFixed(0) ?? "-", other === undefined ? "-" : (other / mine).toFixed(2)]);
}
process.stdout.write(rows.map((it) => `| ${it.join(" | ")} |\n`).join(""));

function timeOurs(what) {
  const { encoder, engine } = values;
  const numbers = Object.fromEntries(sizes.map((it) => [it, Number(values[it])]));
  const options = JSON.stringify({ encoder, engine, what, ...numbers });
  return run(process.execPath, [path.join(scratch, "bench.cjs"), "speed", options]);
}

function timeTorch(what) {
  const script = path.join(root, "test", "bench", "torch_speed.py");
  const numbers = sizes.flatMap((it) => [`--${it}`, values[it]]);
  return run(values.python, [script, values.encoder, what, ...numbers, "--device", values.device]);
}

function run(program, args) {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (status !== 0) process.exit(status ?? 1);
  const { milliseconds, ran } = JSON.parse(stdout.trim().split("\n").at(-1));
  process.stderr.write(`${ran}: ${milliseconds.map((it) => it.toFixed(0)).join(" ")} ms\n`);
  return milliseconds;
}

function median(numbers) {
  return numbers.length === 0 ? undefined : numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
