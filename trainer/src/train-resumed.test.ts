import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { CheckpointError } from "./fine-tune/checkpoint.ts";
import type { ProgressEvent, Stage } from "./progress.ts";
import { trainings } from "./test-data.ts";
import type { TrainOptions } from "./train.ts";

const { corpus, trainOn } = trainings(scratchFolder);

/** Of everything that was learnt; model.json has the time in it. */
function digest(folder: string): string {
  const hash = createHash("sha256");
  for (const name of ["encoder.onnx", "ranker.safetensors", "tree.safetensors", "tfidf.safetensors", "labels.txt"])
    hash.update(readFileSync(path.join(folder, name)));
  return hash.digest("hex");
}

/** Whether an event is the `count`th that is looked for, from the encoder's first work on. */
function nth(count: number, isIt: (event: ProgressEvent) => boolean): (event: ProgressEvent) => boolean {
  let seen = 0;
  let hasBegun = false;
  return (event) => {
    hasBegun ||= event.type === "level" || isStage("encode")(event);
    return hasBegun && isIt(event) && ++seen === count;
  };
}

/** Digests of models whose training went through. */
const undisturbed = new Map<string, string>();

const isCheckpoint = (event: ProgressEvent) => event.type === "checkpoint";
const isStage = (stage: Stage) => (event: ProgressEvent) => event.type === "progress" && event.stage === stage;
/** All documents are: with the tuned weights, with half of what was learnt, and with the published ones. */
const isEmbedded = (event: ProgressEvent) =>
  event.type === "progress" && event.stage === "encode" && event.done === event.total;

/**
 * With 80 words there are two levels of 40 steps; with 24, and for groups and labels together, there is one. Each has
 * checkpoints at its steps 16, 32 and 40.
 */
test.each([
  ["in the middle of the only level", 24, {}, nth(2, isCheckpoint), { level: 0, step: 33 }, 3],
  ["at the end of the first of two levels", 80, {}, nth(3, isCheckpoint), { level: 1, step: 1 }, 4],
  ["in the middle of the second level", 80, {}, nth(5, isCheckpoint), { level: 1, step: 33 }, 3],
  [
    "while groups and labels learn together",
    80,
    { schedule: "dynamic" },
    nth(2, isCheckpoint),
    { level: 0, step: 33 },
    3,
  ],
  [
    "while it learns once more, from all documents",
    24,
    { preset: "best", keepAll: true },
    nth(7, isCheckpoint),
    { level: 1, step: 33 },
    1,
  ],
  ["when the documents are embedded", 24, {}, nth(1, isStage("ranker")), undefined, 2],
  ["after the first ranker that weighs", 24, {}, nth(1, isStage("calibrate")), undefined, 2],
  ["before the last ranker", 24, {}, nth(1, isStage("tree")), undefined, 0],
  ["while the model is written", 24, {}, nth(1, isStage("write")), undefined, 0],
  ["before the last ranker beside a frozen encoder", 24, { freeze: true }, nth(1, isStage("tree")), undefined, 0],
] as const)(
  "a run that was cut off %s goes on from there and ends in the same model",
  async (_, words, options, isEnd, first, embeddings) => {
    const given = { corpus: corpus(160, words), checkpointSteps: 16, ...options };
    const whole = JSON.stringify([words, options]);
    if (!undisturbed.has(whole)) undisturbed.set(whole, digest((await trainOn(given)).out));
    const out = path.join(scratchFolder(), "model");
    const stop = new AbortController();
    const cut = trainOn({ ...given, out }, (event) => isEnd(event) && stop.abort(), { signal: stop.signal });
    await expect(cut).rejects.toThrow();
    expect(existsSync(out)).toBe(false);
    const resumed = await trainOn({ ...given, out });
    expect(resumed.events.filter(isEmbedded)).toHaveLength(embeddings);
    const step = resumed.events.find((it) => it.type === "step");
    expect(step && { level: step.level, step: step.step }).toEqual(first);
    expect(digest(out)).toBe(undisturbed.get(whole));
    expect(existsSync(`${out}.training`)).toBe(false);
  },
  180_000,
);

test.each([
  ["all documents with a frozen encoder", { freeze: true, passages: 1 }, 1],
  ["all documents for the second level", {}, 2],
  ["all documents with the tuned encoder", {}, 3],
] as const)(
  "a run that was cut off while it embedded %s goes on with the rest of them",
  async (_, options, pass) => {
    const given = { corpus: corpus(200, 80), checkpointSteps: 1, ...options };
    const out = path.join(scratchFolder(), "model");
    const stop = new AbortController();
    let passes = 0;
    let cutAt = 0;
    const onEvent = (event: ProgressEvent) => {
      if (event.type !== "progress" || event.stage !== "encode") return;
      if (passes + 1 === pass && event.done < event.total && !stop.signal.aborted) {
        cutAt = event.done;
        stop.abort();
      }
      if (event.done === event.total) passes++;
    };
    await expect(trainOn({ ...given, out }, onEvent, { signal: stop.signal })).rejects.toThrow();
    expect(cutAt).toBeGreaterThan(0);
    const resumed = await trainOn({ ...given, out });
    const embedded = resumed.events.flatMap((it) => (it.type === "progress" && it.stage === "encode" ? [it.done] : []));
    expect(embedded[0]).toBeGreaterThan(cutAt);
    expect(digest(out)).toBe(digest((await trainOn(given)).out));
  },
  180_000,
);

test("the checkpoint of another run stays until there is one of this run, unless this one must go on from it", async () => {
  const out = path.join(scratchFolder(), "model");
  const given = { corpus: corpus(160), checkpointSteps: 4 };
  const cutAt = async (options: Partial<TrainOptions>, isEnd: (event: ProgressEvent) => boolean) => {
    const stop = new AbortController();
    const events: ProgressEvent[] = [];
    const onEvent = (event: ProgressEvent) => {
      events.push(event);
      if (isEnd(event)) stop.abort();
    };
    await expect(trainOn({ ...given, ...options, out }, onEvent, { signal: stop.signal })).rejects.toThrow();
    return events.flatMap((it) => (it.type === "log" ? [it.message] : []));
  };
  const kept = () => readdirSync(`${out}.training`).filter((it) => it.startsWith("checkpoint"));
  await cutAt({}, nth(2, isCheckpoint));
  expect(kept()).toEqual(["checkpoint-2"]);
  const said = await cutAt(
    { seed: 9 },
    nth(1, (it) => it.type === "level"),
  );
  expect(said.join()).toMatch(/those of another run found: training starts anew, and keeps that checkpoint until/u);
  expect(kept()).toEqual(["checkpoint-2"]);
  const must = trainOn({ ...given, out, seed: 9, resume: true });
  await expect(must).rejects.toThrow(CheckpointError);
  await expect(must).rejects.toThrow(/with --no-resume/u);
  expect(
    (
      await cutAt(
        {},
        nth(1, (it) => it.type === "level"),
      )
    ).join(),
  ).toMatch(/goes on from the checkpoint/u);
  expect(
    (
      await cutAt(
        { resume: false },
        nth(1, (it) => it.type === "level"),
      )
    ).join(),
  ).toBe("");
  await cutAt({ seed: 9 }, nth(1, isCheckpoint));
  expect(kept()).toEqual(["checkpoint-3"]);
}, 120_000);

test("a run on words alone that was cut off goes on behind what it has learnt, and leaves an encoder's checkpoint alone", async () => {
  const out = path.join(scratchFolder(), "model");
  const given = { corpus: corpus(160), encoder: [], checkpointSteps: 1, out };
  const words = path.join(`${out}.training`, "words");
  const checkpoint = path.join(`${out}.training`, "checkpoint-1");
  const cut = async (isEnd: (event: ProgressEvent) => boolean) => {
    const stop = new AbortController();
    await expect(trainOn(given, (it) => isEnd(it) && stop.abort(), { signal: stop.signal })).rejects.toThrow();
  };
  const goesOn = ({ events }: { events: readonly ProgressEvent[] }) =>
    events.some((it) => it.type === "log" && /goes on from what the same run has learnt from words/u.test(it.message));
  const learnt = ["ranker.safetensors", "tree.safetensors", "tfidf.safetensors"];
  const contents = () => learnt.map((name) => readFileSync(path.join(out, name)));

  await cut(isStage("write"));
  expect(readdirSync(words).length).toBeGreaterThan(1);
  mkdirSync(checkpoint);
  expect(goesOn(await trainOn(given))).toBe(true);
  expect(readdirSync(`${out}.training`)).toEqual(["checkpoint-1"]);
  rmSync(checkpoint, { recursive: true });
  const resumed = contents();

  const anew = await trainOn({ ...given, resume: true });
  const warnings = anew.events.flatMap((it) => (it.type === "log" && it.level === "warning" ? [it.message] : []));
  expect(warnings).toEqual([expect.stringMatching(/nothing learnt from words in .*words: training starts anew/u)]);
  await cut(isStage("calibrate"));
  expect(goesOn(await trainOn({ ...given, resume: true }))).toBe(true);

  await cut(isStage("calibrate"));
  expect(goesOn(await trainOn({ ...given, resume: false }))).toBe(false);
  expect(contents()).toEqual(resumed);
  expect(existsSync(`${out}.training`)).toBe(false);
}, 60_000);
