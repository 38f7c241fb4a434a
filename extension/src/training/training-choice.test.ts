import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { findCheckpoint } from "./checkpoints.ts";
import {
  type ChoiceFacts,
  choiceItems,
  encoderItems,
  engineItems,
  type MeaningFacts,
  parseChoice,
  whatMeaningTakes,
} from "./training-choice.ts";

const meaning: MeaningFacts = {
  documents: 400,
  encoder: "all-MiniLM-L6-v2",
  engine: "auto",
  freeze: false,
  preset: "fast",
  isEncoderHere: undefined,
  cost: 1,
  secondsPerDocument: undefined,
  cores: 2,
};
const facts: ChoiceFacts = {
  meaning,
  last: undefined,
  checkpoint: undefined,
  now: new Date("2026-11-22T12:00:00Z"),
};
const kinds = (more: Partial<ChoiceFacts>) => choiceItems({ ...facts, ...more }).map((it) => it.kind);
const takes = (more: Partial<MeaningFacts>) => whatMeaningTakes({ ...meaning, isEncoderHere: true, ...more });

test("what takes seconds comes first, until something else was chosen", () => {
  expect(kinds({})).toEqual(["words", "meaning"]);
  expect(kinds({ last: { encoder: "none", resume: false } })).toEqual(["words", "meaning"]);
  expect(kinds({ last: { encoder: "all-MiniLM-L6-v2", resume: false } })).toEqual(["meaning", "words"]);
});

test("a training that was stopped is offered first, with the encoder and engine that it had", () => {
  const checkpoint = { level: 1, step: 300, writtenAt: new Date("2026-11-22T11:55:00Z") };
  const last = { encoder: "/folder/of/mine", engine: "webgpu", resume: false };
  const [resume, ...others] = choiceItems({ ...facts, checkpoint, last });
  expect(resume).toMatchObject({ kind: "resume", choice: { ...last, resume: true } });
  expect(resume!.description).toBe("level 2, step 300");
  expect(resume!.detail).toBe("Goes on with mine from the checkpoint of 5 min ago.");
  expect(others.map((it) => it.choice.resume)).toEqual([false, false]);
  const [unknown] = choiceItems({ ...facts, checkpoint, last: { encoder: "none", resume: false } });
  expect(unknown!.choice).toEqual({ encoder: "all-MiniLM-L6-v2", engine: "auto", resume: true });
});

test("each kind says what it takes, by what this computer took where it did it before", () => {
  const time = (more: Partial<MeaningFacts>) => takes(more).split(",")[0];
  expect(choiceItems(facts)[0]!.description).toBe("about 2 s");
  expect(time({})).toBe("about 2 min");
  expect(time({ documents: 10 })).toBe("about 2 min");
  expect(time({ documents: 4000 })).toBe("about 22 min");
  expect(time({ documents: 4000, preset: "best" })).toBe("about 45 min");
  expect(time({ documents: 6000, preset: "best" })).toBe(time({ documents: 6000 }));
  expect(time({ documents: 4000, cost: 8 })).toBe("about 3.0 h");
  expect(time({ cost: undefined })).toBe("minutes to hours");
  expect(time({ cost: undefined, secondsPerDocument: 3 })).toBe("about 20 min");
  expect(time({ documents: undefined })).toBe("minutes to hours");
  expect(time({ documents: 4000, freeze: true })).toBe("about 3 min");
  expect(time({ documents: 4000, freeze: true, preset: "best" })).toBe("about 3 min");
});

test("what learns twice with the preset best is what the trainer's recipe says", () => {
  const recipe = readFileSync(path.resolve(import.meta.dirname, "../../../trainer/src/config.ts"), "utf8");
  const most = Number(/againUpToDocuments: ([1-9][\d_]*)/u.exec(recipe)![1]!.replaceAll("_", ""));
  const isLearntTwice = (documents: number) => takes({ documents, preset: "best" }) !== takes({ documents });
  expect([most, most + 1].map(isLearntTwice)).toEqual([true, false]);
});

test("an encoder that stayed as it was published does so again", () => {
  const frozen = choiceItems({ ...facts, meaning: { ...meaning, freeze: true } })[1]!;
  expect(frozen.choice).toEqual({ encoder: meaning.encoder, engine: "auto", freeze: true, resume: false });
  expect(frozen.detail).toMatch(/^Reads with all-MiniLM-L6-v2: /u);
  expect(parseChoice({ ...frozen.choice, resume: true })).toEqual({ ...frozen.choice, resume: true });
});

test("what would be downloaded is said before it is", () => {
  const said = (more: Partial<MeaningFacts>) => takes(more).replace(/^[^,]*, /u, "");
  expect(choiceItems(facts)[0]!.detail).toContain("Nothing is downloaded");
  expect(choiceItems(facts)[1]!.description).toContain("downloads about 90 MB once if not here yet");
  expect(said({ isEncoderHere: undefined })).toBe("downloads about 90 MB once if not here yet");
  expect(said({ isEncoderHere: false })).toBe("downloads about 90 MB once");
  expect(said({ isEncoderHere: false, encoder: "org/other" })).toBe("downloads the encoder once");
  expect(said({})).toBe("nothing to download");
});

test("encoders to choose from are each there once, the settings' one first", () => {
  const here = [
    { source: "org/other", folder: "/x", bytes: 34e6 },
    { source: "org/last", folder: "/y", bytes: 0 },
  ];
  const isHere = (encoder: string) => here.some((it) => it.source === encoder);
  const last = { encoder: "org/last", resume: false };
  expect(encoderItems(here, "org/other", last, isHere)).toEqual([
    { encoder: "org/other", description: "on this computer, 34 MB, from the settings" },
    { encoder: "org/last", description: "on this computer, used last" },
    { encoder: "all-MiniLM-L6-v2", description: "downloads about 90 MB once", about: "English, the quickest" },
    {
      encoder: "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
      description: "downloads about 480 MB once",
      about: "50 languages, half as quick",
    },
    {
      encoder: "sentence-transformers/all-mpnet-base-v2",
      description: "downloads about 440 MB once",
      about: "English, larger, an eighth as quick",
    },
  ]);
  const offered = encoderItems(undefined, "all-MiniLM-L6-v2", undefined, () => undefined);
  expect(offered.map((it) => it.encoder.split("/").at(-1))).toEqual([
    "all-MiniLM-L6-v2",
    "paraphrase-multilingual-MiniLM-L12-v2",
    "all-mpnet-base-v2",
  ]);
});

test("engines that can be used come before those that cannot; without an answer all may be tried", () => {
  const engine = (name: string, isHere: boolean) => ({ name, about: "", isHere });
  const items = engineItems([engine("cpu", true), engine("webgpu", false), engine("tfjs", true)]);
  expect(items.map((it) => it.title)).toEqual(["Automatic", "CPU", "TensorFlow.js", "WebGPU"]);
  expect(engineItems().map((it) => it.name)).toEqual(["auto", "cpu", "webgpu", "webgpu16", "cuda", "tfjs"]);
});

test.each([[undefined], ["none"], [{}], [{ encoder: "" }], [{ encoder: 3 }], [null]])("%j is no choice", (value) => {
  expect(parseChoice(value)).toBeUndefined();
});

test("a choice that another program gives may resume, and name an engine", () => {
  expect(parseChoice({ encoder: "none" })).toEqual({ encoder: "none", resume: false });
  expect(parseChoice({ encoder: "x", engine: "cpu", resume: true, more: 1 })).toEqual({
    encoder: "x",
    engine: "cpu",
    resume: true,
  });
  expect(parseChoice({ encoder: "x", engine: 3 })).toEqual({ encoder: "x", resume: false });
});

function checkpoint(folder: string, name: string, page: string): string {
  const place = path.join(folder, "model.training", name);
  mkdirSync(place, { recursive: true });
  const file = path.join(place, "position.json");
  writeFileSync(file, page);
  return file;
}

test("the newest whole checkpoint beside a model is found, by number and not by name", async () => {
  const folder = scratchFolder({});
  const model = path.join(folder, "model");
  expect(await findCheckpoint(model)).toBeUndefined();
  checkpoint(folder, "checkpoint-9", '{"position":{"level":0,"step":7}}');
  const file = checkpoint(folder, "checkpoint-10", '{"position":{"level":2,"step":50}}');
  checkpoint(folder, "checkpoint-11.partial", '{"position":{"level":3,"step":1}}');
  const then = new Date("2026-11-22T11:00:00Z");
  utimesSync(file, then, then);
  expect(await findCheckpoint(model)).toEqual({ level: 2, step: 50, writtenAt: then });
});

test("a checkpoint after the last level has none, and one that cannot be read is none", async () => {
  const folder = scratchFolder({});
  checkpoint(folder, "checkpoint-1", '{"position":{"level":-1}}');
  expect(await findCheckpoint(path.join(folder, "model"))).toMatchObject({ level: undefined, step: 0 });
  checkpoint(folder, "checkpoint-2", "{");
  expect(await findCheckpoint(path.join(folder, "model"))).toBeUndefined();
});

test("where an encoder learns once more, that is where it goes on", async () => {
  const folder = scratchFolder({});
  const described = async () => {
    const found = await findCheckpoint(path.join(folder, "model"));
    return choiceItems({ ...facts, checkpoint: found })[0]!.description;
  };
  checkpoint(folder, "checkpoint-12", '{"position":{"level":-1}}');
  expect(await described()).toBe("fine-tuning is complete");
  checkpoint(folder, "again/checkpoint-3", '{"position":{"level":1,"step":7}}');
  expect(await described()).toBe("once more, level 2, step 7");
  checkpoint(folder, "again/checkpoint-4", '{"position":{"level":-1}}');
  expect(await described()).toBe("fine-tuning is complete");
});

test("of several encoders the one that was at work is found", async () => {
  const folder = scratchFolder({});
  checkpoint(folder, "encoder-1/checkpoint-12", '{"position":{"level":-1}}');
  checkpoint(folder, "encoder-2/checkpoint-3", '{"position":{"level":1,"step":7}}');
  const found = await findCheckpoint(path.join(folder, "model"));
  expect(found).toMatchObject({ encoder: 2, level: 1, step: 7 });
  expect(choiceItems({ ...facts, checkpoint: found })[0]!.description).toBe("encoder 2, level 2, step 7");
});
