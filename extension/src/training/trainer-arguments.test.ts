import { expect, test } from "vitest";
import { type TrainingRun, trainerArguments } from "./trainer-arguments.ts";

const argumentsOf = (
  settings: Record<string, unknown>,
  run: TrainingRun = {},
  excludes: readonly string[] = ["**/out"],
) =>
  trainerArguments(
    {
      ...{ corpus: "notes", out: "model", excludes },
      setting: <T>(name: string, otherwise: T) => (settings[name] as T | undefined) ?? otherwise,
    },
    run,
  ).slice("train --json --corpus notes --out model".split(" ").length);

test("without settings the trainer decides", () => {
  expect(argumentsOf({})).toEqual(["--encoder", "none", "--preset", "fast", "--exclude=**/out"]);
  expect(argumentsOf({}, {}, [])).toContain("--exclude=");
});

test("the trainer reads tags where the settings say that they are", () => {
  expect(argumentsOf({ "formats.keys": ["subjects", "taxonomies.tags"] })).toContain(
    "--tag-keys=subjects,taxonomies.tags",
  );
  expect(argumentsOf({ "formats.inlineTags": "on" })).toContain("--inline-tags");
  expect(argumentsOf({ "formats.inlineTags": "off" })).toContain("--no-inline-tags");
  expect(argumentsOf({ "formats.inlineTags": "auto", "formats.keys": [] })).toEqual(argumentsOf({}));
});

test("what concerns an encoder is told where there is one, and never less than the trainer takes", () => {
  const settings = {
    "training.batch": 8,
    "training.maxPieces": 2,
    "training.memoryLimit": 1,
    "training.engine": "cpu",
  };
  const limit = ["--preset", "fast", "--memory-limit", "64", "--exclude=**/out"];
  expect(argumentsOf(settings)).toEqual(["--encoder", "none", ...limit]);
  const tuning = ["--batch", "8", "--max-pieces", "8", "--resume"];
  expect(argumentsOf(settings, { encoder: "a", resume: true })).toEqual([
    "--encoder",
    "a",
    "--engine",
    "cpu",
    ...tuning,
    ...limit,
  ]);
  const choice = { encoder: "a", engine: "webgpu", freeze: true, download: true };
  expect(argumentsOf({}, choice).slice(0, 6)).toEqual([
    "--encoder",
    "a",
    "--engine",
    "webgpu",
    "--freeze",
    "--download",
  ]);
});
