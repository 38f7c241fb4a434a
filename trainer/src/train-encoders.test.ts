import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { openModel } from "@tagwright/model";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { readEncoderFolder } from "./encoder/source/read-encoder.ts";
import type { ProgressEvent } from "./progress.ts";
import { tiny, trainings } from "./test-data.ts";

const { corpus, trainOn } = trainings(scratchFolder);

/** SHA-256 of every file but model.json and the card, which have the time in them. */
function digests(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((it) => it !== "model.json" && it !== "README.md");
  const digest = (name: string) =>
    createHash("sha256")
      .update(readFileSync(path.join(folder, name)))
      .digest("hex");
  return Object.fromEntries(names.map((name) => [name, digest(name)]));
}

const messages = (events: readonly ProgressEvent[]) => events.flatMap((it) => (it.type === "log" ? [it.message] : []));

test("two encoders make a model of two rankings, combined by the rule that was best on held-out documents", async () => {
  const notes = corpus(160);
  const encoder = [await readEncoderFolder(tiny("bert")), await readEncoderFolder(tiny("distilbert"))];
  const { out, events } = await trainOn({ corpus: notes, encoder });
  expect(events.filter((it) => it.type === "encoder")).toEqual([
    { type: "encoder", encoder: 0, encoders: 2, name: "tiny-bert" },
    { type: "encoder", encoder: 1, encoders: 2, name: "tiny-distilbert" },
  ]);
  expect(events.filter((it) => it.type === "estimate").at(-1)).toMatchObject({ encoders: 2 });
  const said = messages(events).find((it) => it.startsWith("held-out nDCG at 5 of 2 encoders"))!;
  const figures = [...said.matchAll(/([a-z-]+) ([\d.]+) % \(F1 ([\d.]+) %\)/gu)].map(([, rule, ndcg]) => ({
    rule,
    ndcg: Number(ndcg),
  }));
  expect(figures.map(({ rule }) => rule)).toEqual(["average", "sigmoid", "softmax", "rank", "round-robin"]);
  const { encoderModels, members, scoring, metrics } = JSON.parse(readFileSync(path.join(out, "model.json"), "utf8"));
  const taken = figures.find(({ rule }) => rule === scoring.combine)!;
  expect(taken.ndcg).toBeGreaterThanOrEqual(Math.max(...figures.map(({ ndcg }) => ndcg)) - 0.11);
  expect(100 * metrics["ndcg.5"]).toBeCloseTo(taken.ndcg, 1);
  expect(encoderModels.map((it: { name: string }) => it.name)).toEqual(["tiny-bert", "tiny-distilbert"]);
  expect(members.map((it: { encoder: number }) => it.encoder)).toEqual([1, 2]);
  const card = readFileSync(path.join(out, "README.md"), "utf8");
  expect(card).toMatch(/2 encoders rank the tags.*by the rule/u);
  expect(card).toMatch(/^\| tiny-bert \| [\d.]+ \| [\d.]+ \| [\d.]+ \|$/mu);
  expect(card).toMatch(/^\| together \| {2}\| [\d.]+ \| [\d.]+ \|$/mu);
  expect(card).toContain("--encoder tiny-bert,tiny-distilbert");
  expect(existsSync(`${out}.training`)).toBe(false);
  const model = await openModel(out);
  try {
    expect(model.info.encoder).toBe("tiny-bert, tiny-distilbert");
    const lines = readFileSync(notes, "utf8").trim().split("\n");
    const documents = lines.map((line) => JSON.parse(line) as { text: string; labels: string[] });
    const suggested = await model.suggestMany(
      documents.map((it) => it.text),
      1,
    );
    const right = documents.filter(({ labels }, i) => labels.includes(suggested[i]![0]!.id));
    expect(right.length / documents.length).toBeGreaterThan(0.9);
  } finally {
    model.dispose();
  }
}, 180_000);

test("one encoder twice learns from two seeds, the first time as it would alone", async () => {
  const notes = corpus(120);
  const bert = await readEncoderFolder(tiny("bert"));
  const published = bert.weights.get("words")!.data.slice();
  const alone = digests((await trainOn({ corpus: notes, encoder: bert })).out);
  const { out } = await trainOn({ corpus: notes, encoder: [bert, bert], combine: "rank" });
  // The second one, too, starts from what was published.
  expect(bert.weights.get("words")!.data).toEqual(published);
  const both = digests(out);
  expect(both["encoder-1.onnx"]).toBe(alone["encoder.onnx"]);
  expect(both["encoder-2.onnx"]).not.toBe(alone["encoder.onnx"]);
  expect(both["tokenizer-2.json"]).toBe(both["tokenizer-1.json"]);
  const { encoder, scoring } = JSON.parse(readFileSync(path.join(out, "model.json"), "utf8"));
  expect(encoder).toBe("2 × tiny-bert");
  expect(scoring.combine).toBe("rank");
  expect(readFileSync(path.join(out, "README.md"), "utf8")).toContain(
    "--encoder tiny-bert --encoder-seeds 2 --combine rank",
  );
}, 180_000);

test("a run that was cut off in its second encoder goes on there and ends in the same model", async () => {
  const notes = corpus(120);
  const bert = await readEncoderFolder(tiny("bert"));
  const encoder = [bert, bert];
  const whole = await trainOn({ corpus: notes, encoder });
  const out = path.join(scratchFolder(), "model");
  const stop = new AbortController();
  let at = 0;
  let checkpoints = 0;
  const onEvent = (event: ProgressEvent) => {
    if (event.type === "encoder") at = event.encoder;
    if (event.type === "checkpoint" && at === 1 && ++checkpoints === 3) stop.abort();
  };
  const cut = trainOn({ corpus: notes, encoder, out, checkpointSteps: 2 }, onEvent, { signal: stop.signal });
  await expect(cut).rejects.toThrow();
  expect(existsSync(out)).toBe(false);
  expect(readdirSync(`${out}.training`).sort()).toEqual(["encoder-1", "encoder-2", "words"]);
  const resumed = await trainOn({ corpus: notes, encoder, out, resume: true, checkpointSteps: 2 });
  const second = resumed.events.findIndex((it) => it.type === "encoder" && it.encoder === 1);
  const steps = (events: readonly ProgressEvent[]) => events.filter((it) => it.type === "step");
  expect(steps(resumed.events.slice(0, second))).toEqual([]);
  expect(steps(resumed.events.slice(second)).length).toBeGreaterThan(0);
  expect(digests(resumed.out)).toEqual(digests(whole.out));
}, 240_000);

test("what several encoders take on disk adds up, and memory has room for what is kept of the others", async () => {
  const bert = await readEncoderFolder(tiny("bert"));
  const needed = async (encoder: readonly (typeof bert)[]) => {
    const { events } = await trainOn({ corpus: corpus(40), encoder, freeze: true });
    const estimate = events.filter((it) => it.type === "estimate").at(-1)!;
    return estimate;
  };
  const one = await needed([bert]);
  const two = await needed([bert, await readEncoderFolder(tiny("distilbert"))]);
  expect(two.memoryBytes).toBeGreaterThan(one.memoryBytes);
  expect(two.diskBytes).toBeGreaterThan(1.5 * one.diskBytes);
}, 120_000);

test("encoders that fit one by one and not together are refused before the first is tuned", async () => {
  const bert = await readEncoderFolder(tiny("bert"));
  const more = { type: "float32", shape: [2 ** 24], data: new Float32Array(2 ** 24) } as const;
  const heavy = { ...bert, weights: new Map([...bert.weights, ["more", more]]) };
  const events: ProgressEvent[] = [];
  const run = trainOn({ corpus: corpus(40), encoder: [bert, heavy], memoryLimit: 800 }, (it) => events.push(it));
  await expect(run).rejects.toThrow(/^2 encoders: at most 800 MiB .* train with fewer/u);
  expect(events.some((it) => it.type === "encoder" || it.type === "step")).toBe(false);
}, 60_000);
