import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { recipeFor } from "../config.ts";
import { openCorpus } from "../corpus/open-corpus.ts";
import { readTrainingSet, type TrainingSet } from "../features/training-set.ts";
import { withUnseen } from "../features/unseen-documents.ts";
import { newRandom } from "../random.ts";
import { learnMembers } from "../ranker/learn-members.ts";
import { newWorkerPool } from "../ranker/worker-pool.ts";
import { judge } from "./calibrate.ts";
import { figuresOfWords, weighEmbedding } from "./rehearse-embedding.ts";

const numLabels = 12;
const quiet = { ranker: () => undefined, judged: () => undefined };

/** Documents of one label each, whose words tell nothing of it. */
async function wordsOfNoUse(
  numDocuments: number,
  labelOf = (i: number) => i % numLabels,
): Promise<{ set: TrainingSet; labels: number[] }> {
  const random = newRandom(11);
  const labels = Array.from({ length: numDocuments }, (_, i) => labelOf(i));
  const lines = labels.map((label, i) => {
    const words = Array.from({ length: 6 }, () => `w${Math.floor(random() * 20)}`);
    return JSON.stringify({ id: `d${i}`, text: words.join(" "), labels: [`l${String(label).padStart(2, "0")}`] });
  });
  const file = path.join(scratchFolder({ "notes.jsonl": `${lines.join("\n")}\n` }), "notes.jsonl");
  const recipe = recipeFor("fast", 1, { features: "words" });
  const set = await readTrainingSet(
    await openCorpus(file, {}),
    recipe,
    { holdOut: 0, minLabelDocuments: 1 },
    () => undefined,
  );
  return { set, labels };
}

/** One direction for each label. */
function telling(labels: readonly number[]) {
  const values = new Float32Array(labels.length * numLabels);
  for (const [document, label] of labels.entries()) values[document * numLabels + label] = 3;
  return { width: numLabels, values };
}

test.each(["words", "none"] as const)(
  "an embedding that tells the labels is believed, features %s",
  async (features) => {
    const { set, labels } = await wordsOfNoUse(240);
    const heldOut = Uint32Array.from({ length: 60 }, (_, i) => i);
    const recipe = recipeFor("fast", 1, { features });
    const pool = newWorkerPool(1);
    try {
      const weighed = await weighEmbedding(set, telling(labels), heldOut, recipe, pool, quiet);
      const alone = weighed.tried.find(({ weight }) => weight === 0)!;
      const taken = weighed.tried.find(({ weight }) => weight === weighed.weight)!;
      expect(alone.precision).toBeLessThan(0.3);
      expect(taken.precision).toBe(1);
      expect(weighed.set.features.numCols).toBe(features === "none" ? 0 : set.features.numCols);
      expect([...weighed.set.vocabulary()]).toHaveLength(weighed.set.features.numCols);
    } finally {
      await pool.dispose();
    }
  },
);

test.each([
  { preset: "fast", learns: "from one half of them and is asked about the other", right: 60, parts: 2 },
  { preset: "best", learns: "from none of them, as the encoder learns them all later", right: 55, parts: 1 },
] as const)("of few held-out documents $preset learns $learns", async ({ preset, right, parts }) => {
  const heldOut = Uint32Array.from({ length: 60 }, (_, i) => i);
  // The last label is on held-out documents alone, five of them.
  const { set, labels } = await wordsOfNoUse(240, (i) => (i < 60 ? Math.floor(i / 5) : i % (numLabels - 1)));
  const pool = newWorkerPool(1);
  try {
    const recipe = recipeFor(preset, 1, { features: "none" });
    const { judged, rehearsed } = await weighEmbedding(set, telling(labels), heldOut, recipe, pool, quiet);
    expect(judged.map((it) => it.document)).toEqual([...heldOut]);
    expect(judged.filter((it) => it.suggestions[0]?.label === labels[it.document])).toHaveLength(right);
    expect(rehearsed).toHaveLength(parts);
    expect(rehearsed.flatMap((it) => [...it.documents]).sort((a, b) => a - b)).toEqual([...heldOut]);
  } finally {
    await pool.dispose();
  }
});

test("words that a rehearsal has asked about the same documents have the same figures, about others none", async () => {
  const { set, labels } = await wordsOfNoUse(240);
  const heldOut = Uint32Array.from({ length: 60 }, (_, i) => i);
  // As on large corpora: the held-out documents are asked about at once.
  const recipe = recipeFor("best", 1, { features: "words" });
  const pool = newWorkerPool(1);
  try {
    const { tried } = await weighEmbedding(set, telling(labels), heldOut, recipe, pool, quiet);
    const unseen = withUnseen(set, heldOut, recipe.features.minDocuments);
    const nothing = { tree: () => undefined, ranker: () => undefined };
    const members = await learnMembers(unseen.examples(set), recipe, pool, nothing);
    const judged = await judge(unseen.asked(set), members, heldOut, recipe, () => undefined);
    expect(figuresOfWords({ set, judged }, heldOut)).toEqual(tried[0]);
    expect(figuresOfWords({ set, judged }, heldOut.slice(1))).toBeUndefined();
    expect(figuresOfWords({ set, judged: [] }, new Uint32Array(0))).toBeUndefined();
  } finally {
    await pool.dispose();
  }
});
