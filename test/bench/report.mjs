// Figures to Markdown: one table for each question of a reader, then each target with a yes or a no.

const order = [
  "based-cooking",
  "blog-18f",
  "aws-open-data",
  "digitalgov",
  "pyvideo",
  "arxiv-acm",
  "biotools-edam",
  "debtags",
  "tibkat-core",
  "wordnet",
  "finna-yso-en",
];
const OURS = "tagwright fast";
const THEIRS = "pecos default";
const BEST = "tagwright best";
const PAPER = "pecos paper";
const PAPER_ON_BEST = "pecos paper, features of best";
const qualities = { p1: "P@1", p3: "P@3", p5: "P@5", ndcg5: "nDCG@5", r10: "R@10" };

/** All tables for what was measured, one entry of `measured` for each corpus. */
export function formatReport(measured) {
  const runs = [...measured].sort((a, b) => order.indexOf(a.corpus) - order.indexOf(b.corpus));
  if (runs.length === 0) return "Nothing has been measured yet.\n";
  return [
    describeRuns(runs),
    "### Quality: the preset `fast`\n",
    qualityTable(runs, [OURS, THEIRS, "omikuji"]),
    "### Quality: the preset `best`\n",
    qualityTable(
      runs.filter((it) => it.systems[BEST]),
      [BEST, PAPER, PAPER_ON_BEST],
    ),
    "### Cost: `fast`\n",
    costTable(runs, [OURS, THEIRS, "omikuji"], OURS, THEIRS),
    "### Cost: `best`\n",
    costTable(
      runs.filter((it) => it.systems[BEST]),
      [BEST, PAPER, PAPER_ON_BEST],
      BEST,
      PAPER_ON_BEST,
    ),
    "### The whole program: `tagwright train`, `evaluate`, and opening the model\n",
    wholeTable(runs),
    "### Targets\n",
    targetTable(runs),
  ].join("\n");
}

function describeRuns(runs) {
  const runsOn = new Map();
  for (const { machine, corpus, date, rounds } of runs) {
    const { cpu, cores, memoryBytes, system, versions, commit } = machine;
    const versionList = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    const text = `${cpu}, ${cores} cores, ${gigabytes(memoryBytes)} GB, ${system}; ${versionList.join(", ")}.`;
    const run = `${corpus} (${rounds}, ${commit}, ${date.replace("T", " ")})`;
    runsOn.set(text, [...(runsOn.get(text) ?? []), run]);
  }
  const lines = [...runsOn].map(([text, list]) => `- ${text} Corpus (rounds, commit, UTC): ${list.join("; ")}.`);
  return `${lines.join("\n")}\n`;
}

function qualityTable(runs, names) {
  const rows = runs.flatMap(({ corpus, systems, shape }) =>
    names
      .filter((it) => systems[it])
      .map((name, i) => [
        i === 0 ? `${corpus} (${thousands(shape.documents)}, ${thousands(shape.labels)} labels)` : "",
        name,
        ...Object.keys(qualities).map((it) => percent(systems[name][it])),
      ]),
  );
  const [ours, theirs] = names;
  const both = runs.filter((it) => it.systems[ours] && it.systems[theirs]);
  const gains = Object.keys(qualities).map((it) => signed(meanOf(both, (run) => gain(run, ours, theirs, it))));
  if (both.length > 0) rows.push([`mean of ${both.length}`, `${ours} − ${theirs}`, ...gains]);
  return table(["corpus", "%", ...Object.values(qualities)], rows);
}

function costTable(runs, names, ours, theirs) {
  const cells = ({ seconds, cpuSeconds, milliseconds, batchMilliseconds, bytes, peakBytes }) => [
    seconds.toFixed(2),
    cpuSeconds.toFixed(2),
    milliseconds.toFixed(3) + (batchMilliseconds ? ` (${batchMilliseconds.toFixed(3)})` : ""),
    megabytes(bytes),
    (peakBytes / 1e6).toFixed(0),
  ];
  const rows = runs.flatMap(({ corpus, systems }) => {
    const present = names.filter((it) => systems[it]);
    const lines = present.map((name, i) => [i === 0 ? corpus : "", name, ...cells(systems[name])]);
    if (systems[ours] && systems[theirs]) {
      const ratios = costs.map((it) => `**${(systems[ours][it] / systems[theirs][it]).toFixed(2)}**`);
      lines.push(["", `**${ours} / ${theirs}**`, ...ratios]);
    }
    return lines;
  });
  return table(["corpus", "", "ranker s", "CPU s", "ms a document", "model MB", "peak MB"], rows);
}

const costs = ["seconds", "cpuSeconds", "milliseconds", "bytes", "peakBytes"];

function wholeTable(runs) {
  const rows = runs.flatMap(({ corpus, whole }) =>
    Object.entries(whole).map(([preset, it]) => [
      corpus,
      preset,
      it.seconds.toFixed(1),
      (it.peakBytes / 1e6).toFixed(0),
      megabytes(it.folderBytes),
      percent(it.p1),
      percent(it.ndcg5),
      percent(it.microF1),
      `${percent(it.ece)} (${percent(it.eceByChance)})`,
      it.milliseconds.toFixed(2),
      `${it.open.toFixed(0)} (${it.openFirst.toFixed(0)})`,
    ]),
  );
  const head = [
    "train s",
    "peak MB",
    "folder MB",
    "P@1 %",
    "nDCG@5 %",
    "micro-F1 %",
    "ECE % (by chance)",
    "text to tags ms",
  ];
  return table(["corpus", "preset", ...head, "open ms (first)"], rows);
}

function targetTable(runs) {
  const both = runs.filter((it) => it.systems[OURS] && it.systems[THEIRS]);
  const best = runs.filter((it) => it.systems[BEST] && it.systems[PAPER]);
  const wholes = runs.flatMap(({ corpus, whole }) =>
    Object.entries(whole).map(([preset, it]) => ({ corpus: `${corpus} ${preset}`, ...it })),
  );
  const threads = runs.flatMap(({ corpus, threads: list }) => list.map((it) => ({ corpus, ...it })));
  const compared = ["p1", "p3", "p5", "ndcg5"];
  const losses = both.flatMap((run) =>
    compared.map((it) => ({ corpus: `${run.corpus} ${qualities[it]}`, value: gain(run, OURS, THEIRS, it) })),
  );
  const means = compared.map((it) => ({
    corpus: qualities[it],
    value: meanOf(both, (run) => gain(run, OURS, THEIRS, it)),
  }));
  const bestGains = [PAPER, PAPER_ON_BEST].map((paper) =>
    best.filter((it) => it.systems[paper]).map((run) => ({ corpus: run.corpus, value: gain(run, BEST, paper, "p1") })),
  );
  const trained = best.filter((it) => it.whole.best);
  const wholeGains = trained.map(({ corpus, whole: { best: product }, systems }) => ({
    corpus,
    value: 100 * (product.p1 - systems[PAPER].p1),
  }));
  return table(
    ["target", "reached", ""],
    [
      lowest("`fast` no worse than PECOS by more than 0.3: P@1, P@3, P@5, nDCG@5, each corpus", losses, -0.3, signed),
      lowest("`fast` better than PECOS on average", means, 0, signed),
      lowest("`best`: P@1 above the paper's recipe on PECOS's features", bestGains[0], 0, signed),
      lowest("`best`: P@1 above the paper's recipe on the features of `best`", bestGains[1], 0, signed),
      lowest("`best` as `tagwright train` makes it: P@1 above the paper's recipe", wholeGains, 0, signed),
      highest("ranker training time / PECOS's at most 1.0 (aim 0.5)", ratios(both, "seconds"), 1, twoDigits),
      highest(
        "suggestion time / PECOS's at most 0.5 (one document, one thread)",
        ratios(both, "milliseconds"),
        0.5,
        twoDigits,
      ),
      highest("model size / PECOS's at most 0.5", ratios(both, "bytes"), 0.5, twoDigits),
      highest("peak memory / PECOS's at most 1.0", ratios(both, "peakBytes"), 1, twoDigits),
      highest("calibration error at most 5 % on held-out documents", asValues(wholes, "ece", 100), 5, twoDigits),
      highest("opening a model under 100 ms, the first time in a process", asValues(wholes, "openFirst"), 100, whole),
      [
        "the same weights from 1 thread and from 2",
        `${threads.filter((it) => it.same).length} of ${threads.length} models checked`,
        yes(threads.length > 0 && threads.every((it) => it.same)),
      ],
    ].filter((row) => row !== undefined),
  );
}

/** A target that every value must be over, told by the lowest. */
function lowest(target, values, limit, format) {
  return extreme(
    target,
    [...values].sort((a, b) => a.value - b.value),
    (it) => it >= limit,
    format,
    "lowest",
  );
}

function highest(target, values, limit, format) {
  return extreme(
    target,
    [...values].sort((a, b) => b.value - a.value),
    (it) => it <= limit,
    format,
    "highest",
  );
}

function extreme(target, worstFirst, holds, format, word) {
  if (worstFirst.length === 0) return undefined;
  const kept = worstFirst.filter((it) => holds(it.value)).length;
  const middle = worstFirst[worstFirst.length >> 1];
  const worst = worstFirst[0];
  const text = `${kept} of ${worstFirst.length}; ${word} ${format(worst.value)} (${worst.corpus}), median ${format(middle.value)}`;
  return [target, text, yes(kept === worstFirst.length)];
}

function ratios(runs, figure) {
  return runs.map(({ corpus, systems }) => ({ corpus, value: systems[OURS][figure] / systems[THEIRS][figure] }));
}

function asValues(list, figure, factor = 1) {
  return list.map((it) => ({ corpus: it.corpus, value: it[figure] * factor }));
}

/** Points of a hundred by which `ours` is better. */
function gain({ systems }, ours, theirs, figure) {
  return 100 * (systems[ours][figure] - systems[theirs][figure]);
}

function meanOf(list, value) {
  return list.reduce((sum, it) => sum + value(it), 0) / list.length;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map((_, i) => (i < 2 ? "---" : "---:"))) + rows.map(line).join("");
}

function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

function percent(value) {
  return (100 * value).toFixed(2);
}

function twoDigits(value) {
  return value.toFixed(2);
}

function whole(value) {
  return value.toFixed(0);
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1);
}

function gigabytes(bytes) {
  return (bytes / 1e9).toFixed(0);
}

function thousands(count) {
  return count.toLocaleString("en");
}

function yes(holds) {
  return holds ? "yes" : "**no**";
}
