import { expect, test } from "vitest";
import { createTrainingMonitor } from "./training-monitor.ts";

const step = (number: number) =>
  ({ type: "step", level: 0, step: number, steps: 9, loss: 1 / number, rate: 1e-4, documentsPerSecond: 5 }) as const;

test("of two trainings at once the one that began last is shown, and the other is not heard", () => {
  const monitor = createTrainingMonitor();
  const first = monitor.begin("letters", false);
  first.add(step(1));
  const last = monitor.begin("notes", false);
  let changes = 0;
  monitor.onChange(() => changes++);
  first.add(step(2));
  first.stopping();
  first.end("failed", "It failed.");
  expect(changes).toBe(0);
  last.add(step(1));
  last.add(step(2));
  expect(changes).toBe(2);
  const { state, folder, curve } = monitor.snapshot();
  expect([state, folder]).toEqual(["running", "notes"]);
  expect(curve.levels.map((it) => [it.step, it.lastLoss])).toEqual([[2, 0.5]]);
  last.end("done", "It is done.");
  expect(monitor.snapshot()).toMatchObject({ state: "done", line: "It is done." });
});
