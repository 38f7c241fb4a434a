import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { findCheckpoint } from "./checkpoints.ts";
import { type ChoiceFacts, choiceItems, parseChoice } from "./training-choice.ts";

const facts: ChoiceFacts = {
  documents: 400,
  encoder: "all-MiniLM-L6-v2",
  isEncoderHere: undefined,
  cores: 2,
  last: undefined,
  checkpoint: undefined,
  secondsPerDocument: undefined,
  now: new Date("2026-11-22T12:00:00Z"),
};
const kinds = (more: Partial<ChoiceFacts>) => choiceItems({ ...facts, ...more }).map((it) => it.kind);

test("what takes seconds comes first, until something else was chosen", () => {
  expect(kinds({})).toEqual(["words", "meaning"]);
  expect(kinds({ last: { encoder: "none", resume: false } })).toEqual(["words", "meaning"]);
  expect(kinds({ last: { encoder: "all-MiniLM-L6-v2", resume: false } })).toEqual(["meaning", "words"]);
});

test("a training that was stopped is offered first, with the encoder that it had", () => {
  const checkpoint = { level: 1, step: 300, writtenAt: new Date("2026-11-22T11:55:00Z") };
  const last = { encoder: "folder/of/mine", resume: false };
  const [resume, ...others] = choiceItems({ ...facts, checkpoint, last });
  expect(resume).toMatchObject({ kind: "resume", choice: { encoder: "folder/of/mine", resume: true } });
  expect(resume!.description).toBe("level 2, step 300");
  expect(resume!.detail).toContain("5 min ago");
  expect(others.map((it) => it.choice.resume)).toEqual([false, false]);
});

test("each kind says what it takes, by what this computer took where it did it before", () => {
  const said = (more: Partial<ChoiceFacts>) =>
    choiceItems({ ...facts, isEncoderHere: true, ...more }).map((it) => it.description.split(",")[0]);
  expect(said({})).toEqual(["about 2 s", "about 2 min"]);
  expect(said({ secondsPerDocument: 3 })).toEqual(["about 2 s", "about 20 min"]);
  expect(said({ documents: undefined })).toEqual(["seconds to minutes", "minutes to hours"]);
});

test("what would be downloaded is said before it is", () => {
  const said = (more: Partial<ChoiceFacts>) => choiceItems({ ...facts, ...more })[1]!.description;
  expect(choiceItems(facts)[0]!.detail).toContain("Nothing is downloaded");
  expect(said({})).toBe("about 2 min, downloads about 90 MB once if not here yet");
  expect(said({ isEncoderHere: false })).toBe("about 2 min, downloads about 90 MB once");
  expect(said({ isEncoderHere: false, encoder: "org/other" })).toBe("about 2 min, downloads the encoder once");
  expect(said({ isEncoderHere: true })).toBe("about 2 min, nothing to download");
});

test.each([[undefined], ["none"], [{}], [{ encoder: "" }], [{ encoder: 3 }], [null]])("%j is no choice", (value) => {
  expect(parseChoice(value)).toBeUndefined();
});

test("a choice that another program gives may resume", () => {
  expect(parseChoice({ encoder: "none" })).toEqual({ encoder: "none", resume: false });
  expect(parseChoice({ encoder: "x", resume: true, more: 1 })).toEqual({ encoder: "x", resume: true });
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

test("of several encoders the one that was at work is found", async () => {
  const folder = scratchFolder({});
  checkpoint(folder, "encoder-1/checkpoint-12", '{"position":{"level":-1}}');
  checkpoint(folder, "encoder-2/checkpoint-3", '{"position":{"level":1,"step":7}}');
  const found = await findCheckpoint(path.join(folder, "model"));
  expect(found).toMatchObject({ encoder: 2, level: 1, step: 7 });
  expect(choiceItems({ ...facts, checkpoint: found })[0]!.description).toBe("encoder 2, level 2, step 7");
});
