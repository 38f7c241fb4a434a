import type { ProgressEvent, Stage } from "@tagwright/trainer/progress";
import { expect, test } from "vitest";
import { type EncoderUse, overallProgress } from "./overall-progress.ts";

const progress = (stage: Stage, done: number, total = 3): ProgressEvent => ({
  type: "progress",
  stage,
  done,
  total,
  unit: "",
  perSecond: 0,
  secondsLeft: 0,
});
const whole = (...stages: Stage[]) => stages.flatMap((stage) => [0, 1, 2, 3].map((done) => progress(stage, done)));
const engine: ProgressEvent = { type: "engine", name: "cpu", description: "", reason: "" };
const level = (at: number): ProgressEvent => ({ type: "level", level: at, levels: 2, nodes: 4 });

function percents(use: EncoderUse, events: readonly ProgressEvent[]): number[] {
  const bar = overallProgress(use);
  return events.map((it) => bar.after(it));
}

const withEncoder = [
  ...whole("download", "read", "tree", "ranker", "calibrate"),
  engine,
  level(0),
  ...whole("tune", "encode"),
  level(1),
  ...whole("tune", "encode", "tree", "ranker", "calibrate", "write"),
];

const frozen = [
  ...whole("read", "tree", "ranker", "calibrate"),
  engine,
  ...whole("encode", "tree", "ranker", "calibrate", "write"),
];

const encoder = (at: number): ProgressEvent => ({ type: "encoder", encoder: at, encoders: 2, name: "x" });
const ofOneEncoder = [
  level(0),
  ...whole("tune", "encode"),
  level(1),
  ...whole("tune", "encode", "ranker", "calibrate"),
];
const withTwoEncoders = [
  ...whole("read", "ranker", "calibrate"),
  engine,
  encoder(0),
  ...ofOneEncoder,
  encoder(1),
  ...ofOneEncoder,
  ...whole("write"),
];

test.each([
  ["words", "none", whole("read", "features", "tree", "ranker", "calibrate", "evaluate", "write")],
  ["an encoder", "tuned", withEncoder],
  ["an encoder that stays as it was published", "frozen", frozen],
  ["two encoders", "tuned", withTwoEncoders],
] as const)("with %s the bar starts at 0, ends at 100 and never runs back", (_, use, events) => {
  const seen = percents(use, events);
  expect(seen[0]).toBe(0);
  expect(seen.at(-1)).toBe(100);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
});

test("most of a run with an encoder is its fine-tuning, level by level", () => {
  const seen = percents("tuned", withEncoder);
  const at = (event: ProgressEvent) => seen[withEncoder.indexOf(event)]!;
  const levels = withEncoder.filter((it) => it.type === "level");
  expect(at(levels[0]!)).toBeLessThanOrEqual(10);
  expect(at(levels[1]!)).toBe(44);
  expect(seen.filter((it) => it > 10 && it < 80).length).toBeGreaterThan(4);
});

test("a run without fine-tuning begins with its embedding, without a leap", () => {
  const seen = percents("frozen", frozen);
  expect(Math.max(...seen.map((it, i) => it - (seen[i - 1] ?? 0)))).toBeLessThan(20);
});

test("of a run with two encoders each takes a half", () => {
  const seen = percents("tuned", withTwoEncoders);
  const before = withTwoEncoders.findLastIndex((it) => it.type === "encoder");
  expect(seen[before]).toBeGreaterThanOrEqual(50);
  expect(seen[before]).toBeLessThanOrEqual(54);
});

test("a run that is resumed after its fine-tuning goes on behind it", () => {
  const seen = percents("tuned", [...whole("read", "ranker"), engine, progress("ranker", 0), progress("ranker", 3)]);
  expect(seen.at(-2)).toBeGreaterThan(80);
  expect(seen.at(-1)).toBeGreaterThan(seen.at(-2)!);
});

test("a stage that does not know its total counts as not begun", () => {
  expect(percents("none", [progress("features", 5, 0)])).toEqual([10]);
});
