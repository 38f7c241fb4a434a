import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openModel } from "../model.ts";
import { Combiner } from "../search/combine.ts";
import { EnsembleSearch } from "../search/ensemble.ts";
import type { OpenOptions } from "../types.ts";
import { openModelFolder } from "./reader.ts";
import { fixture } from "./tampering.ts";
import { verifyModelFolder } from "./verify.ts";

const oracle = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "../../../../test/fixtures/encoders/tiny-oracle.json"), "utf8"),
);
const text = "Solar power";

/** PyTorch's embeddings of a text of the oracle, by both encoders, as long as their weights in the model. */
function references(): Float32Array[] {
  const parts = [
    { name: "tiny-bert", pooling: "mean", weight: 0.5 },
    { name: "tiny-distilbert", pooling: "first", weight: 2 },
  ];
  return parts.map(({ name, pooling, weight }) => {
    const stored = oracle[name][oracle.texts.indexOf(text)][pooling];
    const values = new Float32Array(Uint8Array.from(Buffer.from(stored, "base64")).buffer);
    const norm = Math.hypot(...values);
    return values.map((it) => (weight * it) / norm);
  });
}

async function open(options: OpenOptions = {}) {
  const model = await openModel(fixture("v3"), { threads: 1, ...options });
  onTestFinished(() => model.dispose());
  return model;
}

test("a model folder of version 3 loads for ever", async () => {
  const { info, manifest, encoders, members, scoring, dispose } = await openModelFolder(fixture("v3"));
  onTestFinished(dispose);
  expect(info.id).toBe("9f17feb5df07da7d1c8d2118daaf9511e6ee2bd244c92ce7370f4e3ad9eab038");
  expect(info).toMatchObject({ formatVersion: 3, encoder: "tiny-bert, tiny-distilbert", numLabels: 8 });
  expect(encoders.map((it) => it.description)).toEqual(manifest.encoderModels);
  expect(encoders.map((it) => it.description)).toMatchObject([
    { name: "tiny-bert", weight: 0.5, serves: "encoder-1.int8.onnx", licence: "MIT" },
    { name: "tiny-distilbert", weight: 2, serves: "encoder-2.onnx" },
  ]);
  expect(members.map((it) => it.encoder)).toEqual([0, 0, 1, 1]);
  expect(scoring.combine).toBe("softmax");
  expect(await verifyModelFolder(fixture("v3"))).toMatchObject({ numChunks: 16 });
});

test("both encoders rank, each by PyTorch's embedding and its own trees, and the rule of the model combines them", async () => {
  const model = await open();
  const { members, scoring, dispose } = await openModelFolder(fixture("v3"));
  onTestFinished(dispose);
  const combiner = new Combiner({ rule: "softmax", numModels: 2, longest: 8 }, 8);
  for (const [e, dense] of references().entries()) {
    const search = new EnsembleSearch(
      members.filter((it) => it.encoder === e),
      scoring,
      8,
    );
    combiner.add(e, search.search({ indices: new Uint32Array(), values: new Float32Array(), dense }, 8));
  }
  const { labels, margins } = combiner.take(8);
  const suggested = await model.suggest(text, 8);
  expect(suggested.map(({ id }) => id)).toEqual([...labels].map((it) => model.labels[it]));
  for (const [i, { margin }] of suggested.entries()) expect(margin).toBeCloseTo(margins[i]!, 3);
});

test("ready-made features bring the embeddings of all encoders one after the other", async () => {
  const model = await open();
  const dense = Float32Array.from(references().flatMap((it) => [...it]));
  const row = { indices: new Uint32Array(), values: new Float32Array(), dense };
  const ids = (it: readonly { id: string }[]) => it.map(({ id }) => id);
  expect(ids(model.suggestFeatures(row, 8))).toEqual(ids(await model.suggest(text, 8)));
  expect(() => model.suggestFeatures({ ...row, dense: dense.subarray(1) }, 8)).toThrow(/31 numbers, expected 32/);
});

test("an explanation takes the mean margin over the encoders apart", async () => {
  const model = await open();
  for (const { id, margin } of await model.suggest(text, 8)) {
    const explanation = await model.explain(text, id);
    expect(explanation.margin).toBeCloseTo(margin, 6);
    const terms = explanation.terms.reduce((sum, { value }) => sum + value, 0);
    expect(explanation.bias + explanation.embedding + terms).toBeCloseTo(margin, 6);
    expect(explanation.embedding).not.toBe(0);
    expect(explanation.read).toBe("whole");
  }
});

test("words alone answer until the last encoder is there, which is told once", async () => {
  const states: string[] = [];
  const lexical = await open({ background: true, onEncoder: (it) => states.push(it.kind) });
  expect(lexical.encoder).toEqual({ kind: "loading" });
  const early = await lexical.suggest(text, 8);
  expect(await lexical.explain(text, "oak")).toMatchObject({ embedding: 0 });
  await expect.poll(() => lexical.encoder.kind).toBe("ready");
  const full = await (await open()).suggest(text, 8);
  expect(await lexical.suggest(text, 8)).toEqual(full);
  expect(full).not.toEqual(early);
  expect(states).toEqual(["ready"]);
});

test("many texts at once get what each gets alone", async () => {
  const model = await open();
  const texts: string[] = oracle.texts.slice(2, 8);
  const together = await model.suggestMany(texts, 3);
  for (const [i, it] of texts.entries()) {
    const alone = await (await open()).suggest(it, 3);
    expect(together[i]!.map(({ id }) => id)).toEqual(alone.map(({ id }) => id));
  }
});
