// The model card: what a model learnt from, how good it is and for which labels, and how to make it again. Markdown.
import type { Band } from "./label-bands.ts";
import type { Metrics } from "./metrics.ts";

export interface ModelCard {
  readonly corpus: {
    readonly name: string;
    readonly documents: number;
    readonly labels: number;
    readonly assignments: number;
    /** What was skipped or changed while reading, one sentence each. */
    readonly notes: readonly string[];
  };
  readonly preset: string;
  readonly encoder: string;
  readonly threshold: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly generator: string;
  /** Settings that shaped the model, in the order to show them. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** Figures on documents that the model did not see, where some were held out. */
  readonly heldOut?:
    | {
        readonly metrics: Metrics;
        readonly bands: readonly Band[];
        /** Completes "Measured …": on which documents, and why the model had not seen them. */
        readonly how: string;
      }
    | undefined;
  /** The encoders of a model that has several. */
  readonly ensemble?:
    | {
        /** How one ranking is made of theirs. */
        readonly rule: string;
        readonly models: readonly {
          readonly name: string;
          readonly origin: string;
          /** Of its embedding beside TF-IDF. */
          readonly weight: number;
          /** Alone, with its trees, on the held-out documents. */
          readonly reached: RankingFigures | undefined;
        }[];
        readonly together: RankingFigures | undefined;
      }
    | undefined;
  /** The command line that makes the model again. */
  readonly command: string;
}

/** Precision at 1 and nDCG at 5, 0 to 1. */
interface RankingFigures {
  readonly precision: number;
  readonly ndcg: number;
}

/** The card as Markdown, LF line ends. Names from outside are escaped. */
export function formatModelCard(card: ModelCard): string {
  const { corpus } = card;
  const perDocument = (corpus.assignments / Math.max(corpus.documents, 1)).toFixed(1);
  const sections = [
    `# Tag suggestions learnt from ${escapeMarkdown(corpus.name)}`,
    `A Tagwright model: it suggests up to ${count(corpus.labels)} tags for a text, with a probability for each. It is data only; nothing in this folder is executed.`,
    "## Data",
    [
      `- ${count(corpus.documents)} documents with ${count(corpus.labels)} different labels, ${perDocument} labels a document`,
      ...corpus.notes.map((it) => `- ${escapeMarkdown(it)}`),
    ].join("\n"),
    "## How good it is",
    ...(card.heldOut === undefined
      ? ["There were too few documents to keep some apart for judging, so there are no honest figures."]
      : heldOutSections(card.heldOut, card.threshold)),
    ...(card.ensemble === undefined ? [] : ensembleSections(card.ensemble)),
    "## What it can and cannot do",
    "It knows the labels it was trained on and no others. A label with few documents is suggested rarely and with little certainty. A probability says how often a suggestion like this one was right on documents like those of the corpus; on other texts it may be off.",
    "## How to make it again",
    `    ${card.command.replace(/\s+/g, " ")}`,
    table([
      ["Setting", "Value"],
      ["preset", card.preset],
      ["encoder", card.encoder],
      ...Object.entries(card.settings).map(([name, value]) => [name, String(value)]),
      ["made", card.createdAt],
      ["with", card.generator],
    ]),
  ];
  return `${sections.join("\n\n")}\n`;
}

function heldOutSections({ metrics: it, bands, how }: NonNullable<ModelCard["heldOut"]>, threshold: number): string[] {
  const ranking = table([
    ["%", "@1", "@3", "@5", "@10"],
    ["precision", ...[it.precision[1], it.precision[3], it.precision[5], it.precision[10]].map(percent)],
    ["recall", "", "", percent(it.recall[5]), percent(it.recall[10])],
    ["nDCG", "", percent(it.ndcg[3]), percent(it.ndcg[5]), ""],
    ["propensity-scored precision", percent(it.psp[1]), percent(it.psp[3]), percent(it.psp[5]), ""],
  ]);
  const byBand = table([
    [
      "labels",
      "how many",
      "documents each",
      "recall@5 %",
      "recall@10 %",
      `precision from ${threshold.toFixed(2)} on %`,
    ],
    ...bands.map((band) => [
      band.name,
      count(band.labels),
      band.minDocuments === band.maxDocuments
        ? count(band.minDocuments)
        : `${count(band.minDocuments)} to ${count(band.maxDocuments)}`,
      percent(band.recall[5]),
      percent(band.recall[10]),
      percent(band.precision),
    ]),
  ]);
  return [
    `Measured ${escapeMarkdown(how)}:`,
    ranking,
    `Taking the tags with probability ${threshold.toFixed(2)} or more gives an F1 of ${percent(it.f1.micro)} % over all tags (micro) and ${percent(it.f1.macro)} % averaged over labels (macro). Expected calibration error: ${percent(it.ece)} % (chance alone makes about ${percent(it.eceByChance)} % with so many documents).`,
    "Each band holds a third of all label assignments of the training documents:",
    byBand,
  ];
}

function ensembleSections({ rule, models, together }: NonNullable<ModelCard["ensemble"]>): string[] {
  const cells = (it: RankingFigures | undefined) =>
    it === undefined ? ["not measured", "not measured"] : [percent(it.precision), percent(it.ndcg)];
  return [
    "## Its encoders",
    `${count(models.length)} encoders rank the tags, each with trees of its own; one ranking is made of theirs by the rule "${rule}". On the held-out documents:`,
    table([
      ["encoder", "weight beside words", "precision@1 %", "nDCG@5 %"],
      ...models.map(({ name, weight, reached }) => [escapeMarkdown(name), String(weight), ...cells(reached)]),
      ["together", "", ...cells(together)],
    ]),
    [...new Set(models.map((it) => `- ${escapeMarkdown(it.name)}: ${escapeMarkdown(it.origin)}`))].join("\n"),
  ];
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.map((it) => it.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? "---" : "---:")).join("|")}|`, ...body.map(line)].join("\n");
}

function percent(share: number): string {
  return (100 * share).toFixed(2);
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function escapeMarkdown(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_[\]<>#|]/g, "\\$&");
}
