import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createMeter } from "../meter.ts";
import type { ProgressEvent } from "../progress.ts";
import { formatTable } from "./table.ts";
import { createJsonView, createTerminalView, duration, number } from "./view.ts";

const progress = (done: number, total: number): ProgressEvent => ({
  type: "progress",
  stage: "ranker",
  done,
  total,
  unit: "nodes",
  perSecond: 20,
  secondsLeft: (total - done) / 20,
});

function terminal(isTerminal: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY: isTerminal, columns: 120 });
  const view = createTerminalView(stream, isTerminal);
  return { view, text: () => String(stream.read() ?? "") };
}

test("where there is no terminal a stage has a first and a last line, and few between", () => {
  const { view, text } = terminal(false);
  for (let done = 0; done <= 2000; done++) view.event(progress(done, 2000));
  view.warn("careful");
  view.close();
  expect(text()).toBe(
    "Training: 0% 0 of 2,000 nodes, 20/s, 1 min 40 s left\nTraining: 100% 2,000 of 2,000 nodes, 20/s\nWarning: careful\n",
  );
});

test("stages that take turns do not flood a log", () => {
  const { view, text } = terminal(false);
  for (let done = 1; done <= 10; done++) {
    view.event(progress(done, 10));
    view.event({ ...progress(done, 10), stage: "tree" } as ProgressEvent);
  }
  expect(text().match(/^\w[\w ]*:/gm)).toEqual(["Training:", "Label tree:", "Training:", "Label tree:"]);
});

test("a terminal gets a bar with rate and time left, and messages on lines of their own", () => {
  const { view, text } = terminal(true);
  view.event(progress(500, 2000));
  view.info("hello");
  view.event(progress(2000, 2000));
  view.close();
  const shown = text();
  expect(shown).toMatch(/Training {4}█{7}░{21} 25% 500 of 2,000 nodes, 20\/s, 1 min 15 s left/);
  expect(shown).toContain("\nhello\n");
  expect(shown).toMatch(/█{28} 100% 2,000 of 2,000 nodes, 20\/s/);
});

test("while an encoder is fine-tuned, its line tells loss, learning rate and documents a second of the level's last step", () => {
  const tuning = (done: number): ProgressEvent =>
    ({ ...progress(done, 40), stage: "tune", unit: "steps" }) as ProgressEvent;
  const step = { type: "step", level: 0, step: 10, steps: 40, loss: 0.12345, rate: 9.5e-5 } as const;
  const level = { type: "level", level: 1, levels: 2, nodes: 64 } as const;
  for (const isTerminal of [true, false]) {
    const { view, text } = terminal(isTerminal);
    view.event({ ...step, documentsPerSecond: 81.4 });
    view.event(tuning(10));
    view.event({ ...step, step: 40, loss: 0.09, documentsPerSecond: 0 });
    view.event(tuning(40));
    view.event({ ...progress(1, 4), stage: "encode" } as ProgressEvent);
    view.event(level);
    view.event(tuning(0));
    view.close();
    const shown = text();
    expect(shown).toContain("25% 10 of 40 steps, loss 0.123, learning rate 9.5e-5, 81 documents/s, 2 s left");
    expect(shown).toMatch(/100% 40 of 40 steps, loss 0\.0900, learning rate 9\.5e-5(?!,)/u);
    expect(shown).toContain("25% 1 of 4 nodes, 20/s");
    expect(shown).toContain("0% 0 of 40 steps, 20/s, 2 s left");
  }
});

test("the JSON view writes each event as one line", () => {
  const lines: string[] = [];
  const view = createJsonView((line) => lines.push(line));
  view.event(progress(1, 2));
  view.warn("two\nlines");
  expect(lines.map((it) => JSON.parse(it))).toEqual([
    progress(1, 2),
    { type: "log", level: "warning", message: "two\nlines" },
  ]);
  expect(lines.every((it) => it.indexOf("\n") === it.length - 1)).toBe(true);
});

test("a meter speaks at most ten times a second, tells rate and time left, and always the end", () => {
  const events: ProgressEvent[] = [];
  let now = 50;
  const meter = createMeter(
    "tag",
    "documents",
    (it) => events.push(it),
    () => now,
  );
  for (let done = 1; done <= 100; done++) {
    now += 0.01;
    meter(done, 200);
  }
  meter(200, 200);
  expect(events.length).toBeGreaterThanOrEqual(10);
  expect(events.length).toBeLessThanOrEqual(12);
  expect(events.at(-2)).toMatchObject({ stage: "tag", total: 200 });
  const { done, perSecond, secondsLeft } = events.at(-2) as Extract<ProgressEvent, { type: "progress" }>;
  expect(perSecond).toBeCloseTo(100, 6);
  expect(secondsLeft).toBeCloseTo((200 - done) / 100, 6);
  expect(events.at(-1)).toMatchObject({ done: 200, secondsLeft: 0 });
});

test("durations and counts read as people write them", () => {
  expect([0.2, 59, 61, 3600, 7260].map(duration)).toEqual(["1 s", "59 s", "1 min 1 s", "1 h 0 min", "2 h 1 min"]);
  expect([0.25, 12.6, 503244].map(number)).toEqual(["0.3", "13", "503,244"]);
});

test("table columns are as wide as their widest cell", () => {
  expect(
    formatTable(
      [
        ["a", "10%", "x"],
        ["long", "5%", ""],
      ],
      "lrl",
    ),
  ).toBe("a     10%  x\nlong   5%\n");
});

test("without a terminal a stage that begins again is shown again", () => {
  const { view, text } = terminal(false);
  for (const done of [1, 2, 1, 2]) view.event(progress(done, 2));
  expect(text().match(/Training: 100%/gu)).toHaveLength(2);
});

test("a run of several encoders says how many, and which one is at work", () => {
  const { view, text } = terminal(false);
  const size = { seconds: 60, memoryBytes: 2 ** 20, diskBytes: 2 ** 20, documents: 9, labels: 3 };
  view.event({ type: "estimate", ...size, encoders: 2 });
  view.event({ type: "encoder", encoder: 1, encoders: 2, name: "minilm" });
  const said = text();
  expect(said).toContain("9 documents, 3 labels, 2 encoders one after the other: about 1 min 0 s");
  expect(said).toContain("Encoder 2 of 2: minilm\n");
});
