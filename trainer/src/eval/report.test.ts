import { expect, test } from "vitest";
import { createBands } from "./label-bands.ts";
import { createMetrics, type Ranked } from "./metrics.ts";
import { formatModelCard, type ModelCard } from "./report.ts";

const counts = new Map([
  ["often", 30],
  ["sometimes", 20],
  ["also", 10],
  ["rare", 15],
  ["rarest", 15],
]);

const ranked = (...pairs: [string, number][]): Ranked[] => pairs.map(([id, probability]) => ({ id, probability }));

test("each band holds a third of the assignments, most frequent labels first", () => {
  const bands = createBands(counts, 0.5).result();
  expect(
    bands.map(({ name, labels, minDocuments, maxDocuments }) => [name, labels, minDocuments, maxDocuments]),
  ).toEqual([
    ["head", 1, 30, 30],
    ["middle", 2, 15, 20],
    ["tail", 2, 10, 15],
  ]);
});

test("recall and precision are counted in the band of the label", () => {
  const bands = createBands(counts, 0.5);
  const six = ranked(["often", 0.9], ["sometimes", 0.7], ["x1", 0.4], ["x2", 0.3], ["x3", 0.2], ["also", 0.1]);
  bands.add(six, ["often", "also", "unseen"]);
  bands.add(ranked(["often", 0.6]), ["rarest"]);
  const [head, middle, tail] = bands.result();
  expect(head).toMatchObject({ assignments: 1, recall: { 5: 1, 10: 1 }, precision: 0.5 });
  expect(middle).toMatchObject({ assignments: 0, recall: { 5: 0, 10: 0 }, precision: 0 });
  expect(tail).toMatchObject({ assignments: 2, recall: { 5: 0, 10: 0.5 }, precision: 0 });
});

test("a corpus of one frequency has bands still, and no labels give none", () => {
  const same = createBands(
    new Map([
      ["a", 1],
      ["b", 1],
      ["c", 1],
    ]),
    0.5,
  );
  expect(same.result().map((it) => it.labels)).toEqual([1, 1, 1]);
  expect(createBands(new Map(), 0.5).result()).toEqual([]);
});

function card(heldOut: boolean): ModelCard {
  const metrics = createMetrics({ numLabels: 5, labelDocuments: counts, trainDocuments: 60, threshold: 0.5 });
  const bands = createBands(counts, 0.5);
  metrics.add(ranked(["often", 0.9]), ["often"], 1);
  bands.add(ranked(["often", 0.9]), ["often"]);
  return {
    corpus: { name: "my_notes <b>", documents: 1234, labels: 5, assignments: 2468, notes: ["1 document was skipped"] },
    preset: "fast",
    encoder: "none",
    threshold: 0.5,
    createdAt: "2026-01-02T03:04:05.000Z",
    generator: "tagwright 0.1.0",
    settings: { seed: 1, tree: "balanced" },
    heldOut: heldOut
      ? { metrics: metrics.result(), bands: bands.result(), how: "on 1 document that was held out" }
      : undefined,
    command: "tagwright train --corpus notes --out model --holdout 10",
  };
}

test("the card tells data, figures overall and by band, and the command", () => {
  const text = formatModelCard(card(true));
  expect(text).toContain("# Tag suggestions learnt from my\\_notes \\<b\\>\n");
  expect(text).toContain(
    "- 1,234 documents with 5 different labels, 2.0 labels a document\n- 1 document was skipped\n",
  );
  expect(text).toContain("\nMeasured on 1 document that was held out:\n");
  expect(text).toContain("| precision | 100.00 | 33.33 | 20.00 | 10.00 |");
  expect(text).toContain("| tail | 2 | 10 to 15 | 0.00 | 0.00 | 0.00 |");
  expect(text).toContain("\n    tagwright train --corpus notes --out model --holdout 10\n");
  expect(text).not.toMatch(/undefined|NaN|Infinity/);
});

test("without held-out documents the card claims nothing", () => {
  const text = formatModelCard(card(false));
  expect(text).toContain("There were too few documents to keep some apart");
  expect(text).not.toContain("precision");
});

test("a card of several encoders says what each reaches alone and all together, and where they come from", () => {
  const model = (name: string, weight: number, reached?: { precision: number; ndcg: number }) => ({
    ...{ name, weight, reached },
    origin: `${name}@1`,
  });
  const ensemble = {
    rule: "softmax",
    models: [model("a|b", 0.5, { precision: 0.6, ndcg: 0.5 }), model("c", 2), model("c", 1)],
    together: { precision: 0.625, ndcg: 0.52 },
  };
  const text = formatModelCard({ ...card(true), ensemble });
  expect(text).toContain('one ranking is made of theirs by the rule "softmax"');
  expect(text).toContain("| c | 2 | not measured | not measured |");
  expect(text).toContain("| together |  | 62.50 | 52.00 |");
  expect(text.match(/^- .*@1$/gmu)).toHaveLength(2);
  expect(text).toMatch(/^\| a.*b \| 0\.5 \| 60\.00 \| 50\.00 \|$/mu);
  expect(formatModelCard(card(true))).not.toContain("## Its encoders");
});
