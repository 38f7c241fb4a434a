// Turns "so many of so many are done" into progress events with rate and time left, at most ten a second.
import type { ProgressEvent, Stage } from "./progress.ts";

const secondsBetweenEvents = 0.1;

/** The result is called with what is done and the total as known by now; the last call has both equal. */
export function createMeter(
  stage: Stage,
  unit: string,
  emit: (event: ProgressEvent) => void,
  now: () => number = () => performance.now() / 1000,
): (done: number, total: number) => void {
  // Counted from the first call: a stage may begin long after its meter was made.
  let first: { readonly time: number; readonly done: number } | undefined;
  let next = 0;
  return (done, total) => {
    const time = now();
    first ??= { time, done };
    if (time < next && done < total) return;
    next = time + secondsBetweenEvents;
    const perSecond = time > first.time ? (done - first.done) / (time - first.time) : 0;
    const secondsLeft = perSecond > 0 ? Math.max(0, total - done) / perSecond : 0;
    emit({ type: "progress", stage, done, total, unit, perSecond, secondsLeft });
  };
}
