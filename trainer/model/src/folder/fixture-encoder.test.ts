import { readFileSync } from "node:fs";
import path from "node:path";
import { expectAllClose } from "@tagwright/testing";
import { expect, onTestFinished, test } from "vitest";
import { openTextEncoder } from "../encoder/session.ts";
import { openModel } from "../model.ts";
import { childWeights } from "../ranker/dense-panel.ts";
import { newPieceTokenizer } from "../text/pieces.ts";
import type { OpenOptions } from "../types.ts";
import { openModelFolder } from "./reader.ts";
import { verifyModelFolder } from "./verify.ts";

const fixtures = path.join(import.meta.dirname, "../../../../test/fixtures");
const folder = path.join(fixtures, "models/v2");
const oracle = JSON.parse(readFileSync(path.join(fixtures, "encoders/tiny-oracle.json"), "utf8"));
const maxPieces = 48;

/** PyTorch's embedding of a text of the oracle, not scaled. */
function reference(text: string): Float32Array {
  const { mean } = oracle["tiny-bert"][oracle.texts.indexOf(text)];
  return new Float32Array(Uint8Array.from(Buffer.from(mean, "base64")).buffer);
}

function unit(values: Float32Array, length = 1): Float32Array {
  const norm = Math.hypot(...values);
  return values.map((it) => (length * it) / norm);
}

async function open(options: OpenOptions = {}) {
  const model = await openModel(folder, { threads: 1, ...options });
  onTestFinished(() => model.dispose());
  return model;
}

test("a model folder of version 2 loads for ever", async () => {
  const { info, manifest, encoders, members, dispose } = await openModelFolder(folder);
  onTestFinished(dispose);
  expect(info.id).toBe("6890787482ee068b7969c967c101f3c741c2a19c22af5f61530034f495aaea23");
  expect(info).toMatchObject({ formatVersion: 2, encoder: "tiny-bert", numLabels: 8 });
  expect(encoders.map((it) => it.description)).toEqual(manifest.encoderModels);
  expect(manifest.encoderModels[0]).toMatchObject({
    hidden: 16,
    weight: 0.5,
    serves: "encoder.int8.onnx",
    licence: "MIT",
  });
  expect(members[1]!.ranker.levels[1]!.chunk(2).dense?.weights).toHaveLength(2 * 16);
});

test("the folder of version 2 is whole", async () => {
  expect(await verifyModelFolder(folder)).toMatchObject({ numChunks: 8 });
});

test("its encoder gives PyTorch's embeddings", async () => {
  const { encoders, dispose } = await openModelFolder(folder);
  onTestFinished(dispose);
  const { onnx, tokenizer, tokenizerConfig } = await encoders[0]!.read();
  const pieces = newPieceTokenizer(tokenizer, tokenizerConfig);
  const session = await openTextEncoder({ onnx, pieces, hidden: 16, maxPieces, passages: 1, threads: 1 });
  onTestFinished(() => session.dispose());
  const texts: string[] = oracle.texts.filter(
    (it: string) => /\S/.test(it) && pieces.encode(it, 100).length <= maxPieces,
  );
  expect(texts.length).toBeGreaterThan(10);
  for (const [i, embedding] of (await session.encode(texts)).entries()) {
    expectAllClose(embedding, unit(reference(texts[i]!)), { atol: 1e-5 });
  }
});

test("an explanation has the embedding's part: what the dense weights make of PyTorch's embedding", async () => {
  const text = "Solar power";
  const model = await open();
  const { members, dispose } = await openModelFolder(folder);
  onTestFinished(dispose);
  const dense = unit(reference(text), 0.5);
  for (const { id, margin } of await model.suggest(text, 8)) {
    const explanation = await model.explain(text, id);
    expect(explanation.margin).toBeCloseTo(margin, 6);
    const terms = explanation.terms.reduce((sum, { value }) => sum + value, 0);
    expect(explanation.bias + explanation.embedding + terms).toBeCloseTo(margin, 6);
    const parts = members.map(({ tree, ranker }) => {
      const leaf = tree.labelOf.indexOf(model.labels.indexOf(id));
      const { childStart } = tree.levels[1]!;
      const parent = childStart.findIndex((start, p) => start <= leaf && leaf < childStart[p + 1]!);
      const weights = childWeights(ranker.levels[1]!.chunk(parent).dense!, leaf - childStart[parent]!);
      return weights.reduce((sum, weight, k) => sum + weight * dense[k]!, 0);
    });
    expect(explanation.embedding).toBeCloseTo((parts[0]! + parts[1]!) / 2, 4);
  }
});

test("until the encoder is there words alone answer, then all of the model does", async () => {
  const states: string[] = [];
  const lexical = await open({ background: true, onEncoder: (it) => states.push(it.kind) });
  const early = await lexical.suggest("Solar power", 8);
  expect(lexical.encoder).toEqual({ kind: "loading" });
  const whole = await open();
  expect(whole.encoder).toEqual({ kind: "ready" });
  const full = await whole.suggest("Solar power", 8);
  await expect.poll(() => lexical.encoder.kind).toBe("ready");
  expect(states).toEqual(["ready"]);
  expect(await lexical.suggest("Solar power", 8)).toEqual(full);
  expect(full).not.toEqual(early);
  const noText = await whole.suggest("", 8);
  expect(noText.map((it) => it.id)).toEqual(
    (await open({ background: true }).then((it) => it.suggest("", 8))).map((it) => it.id),
  );
});

test("many texts at once get what each gets alone, and ready-made features what their text gets", async () => {
  const model = await open();
  const texts: string[] = oracle.texts.slice(2, 12);
  const together = await model.suggestMany(texts, 3);
  for (const [i, text] of texts.entries()) {
    const alone = await (await open()).suggest(text, 3);
    expect(together[i]!.map((it) => it.id)).toEqual(alone.map((it) => it.id));
    for (const [rank, { margin }] of alone.entries()) expect(together[i]![rank]!.margin).toBeCloseTo(margin, 4);
  }
  const row = { indices: new Uint32Array(), values: new Float32Array(), dense: reference("Solar power") };
  expect(model.suggestFeatures(row, 3).map((it) => it.id)).toEqual(
    (await model.suggest("Solar power", 3)).map((it) => it.id),
  );
});

test("an explanation says how much of the text the encoder read", async () => {
  const model = await open();
  const reads = async (text: string) => (await model.explain(text, "oak")).read;
  expect(await reads("Solar power")).toBe("whole");
  expect(await reads("Solar power ".repeat(100))).toBe("parts");
  const lexical = await open({ background: true });
  expect(await lexical.explain("Solar power", "oak")).not.toHaveProperty("read");
});

test("a cancelled question is rejected with the reason", async () => {
  const model = await open();
  await expect(model.suggest("Solar power", 3, AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
  expect(model.encoder.kind).toBe("ready");
});
