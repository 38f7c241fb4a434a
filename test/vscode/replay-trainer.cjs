// Stands in for dist/tagwright.cjs in the tests of the plot: says what a fine-tuning says (training.jsonl), leaves a
// checkpoint, and then waits to be stopped; with --resume it comes to its end at once.
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const path = require("node:path");

const args = process.argv.slice(2);
if (args[0] !== "train") process.exit(1);
const out = args[args.indexOf("--out") + 1];
const checkpoint = path.join(`${out}.training`, "checkpoint-1");
const lines = readFileSync(process.env.TAGWRIGHT_REPLAY, "utf8").trim().split("\n");
mkdirSync(checkpoint, { recursive: true });
writeFileSync(path.join(checkpoint, "position.json"), '{"position":{"level":2,"step":300}}');
writeFileSync(path.join(path.dirname(out), "arguments.json"), JSON.stringify(args));

if (args.includes("--resume")) {
  if (!existsSync(checkpoint)) process.exit(1);
  console.log('{"type":"done","out":"","labels":2251,"documents":3861,"seconds":840}');
} else {
  process.on("message", (it) => it === "stop" && process.exit(130));
  let at = 0;
  const timer = setInterval(() => {
    if (at < lines.length) console.log(lines[at++]);
    else clearInterval(timer);
  }, 5);
  setInterval(() => undefined, 1000);
}
