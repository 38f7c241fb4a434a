// The curve of a training: loss and held-out precision by step, as events bring them. Knows no pixels.
// Invariant: memory is bounded however long a run is, and every loss that was reported is inside the band of its bucket.
import type { ProgressEvent } from "@tagwright/trainer/progress";

/** Losses of neighbouring steps, merged. Positions count the steps of all levels that were seen. */
export interface Bucket {
  readonly first: number;
  readonly last: number;
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  readonly count: number;
}

/** Held-out precision at 1 among the clusters of a level, 0 to 1, where it was measured. */
export interface Look {
  readonly at: number;
  readonly precision: number;
}

export interface CurveLevel {
  /** Counted from 0. */
  readonly level: number;
  readonly levels: number;
  /** Clusters of labels that the level tells apart; undefined where that was not said. */
  readonly nodes: number | undefined;
  /** Position of the step before its first one. */
  readonly start: number;
  readonly step: number;
  readonly steps: number;
  /** Unbroken runs of losses: between two of them is a gap, since the loss there was no number or was not reported. */
  readonly runs: readonly (readonly Bucket[])[];
  readonly firstLoss: number | undefined;
  readonly lastLoss: number | undefined;
  readonly rate: number;
  readonly documentsPerSecond: number;
  /** As the level begins, now and then, and as it ends. */
  readonly looks: readonly Look[];
}

export interface Curve {
  readonly levels: readonly CurveLevel[];
  /** Positions, from 0 to here, that the plot has to have room for: the steps of the current level are known ahead. */
  readonly end: number;
  readonly engine: { readonly name: string; readonly description: string; readonly reason: string } | undefined;
  /** Whose levels these are, counted from 0, where the model gets several encoders. */
  readonly encoder: { readonly encoder: number; readonly encoders: number; readonly name: string } | undefined;
  /** Step of the level that a checkpoint was written at last. */
  readonly checkpoint: { readonly level: number; readonly step: number } | undefined;
}

export interface CurveRecorder {
  /** Ignores what is no part of the curve. @returns whether the curve changed. */
  add(event: ProgressEvent): boolean;
  curve(): Curve;
}

interface OpenLevel {
  level: number;
  levels: number;
  nodes: number | undefined;
  start: number;
  step: number;
  steps: number;
  runs: Bucket[][];
  firstLoss: number | undefined;
  lastLoss: number | undefined;
  rate: number;
  documentsPerSecond: number;
  looks: Look[];
  /** Steps that one bucket takes. */
  width: number;
  /** Steps between two reports, the longest so far, 0 before the second one; a much wider one leaves a gap. */
  spacing: number;
}

/** Buckets of a level before neighbours are merged; more than a plot has pixels. */
const maxBuckets = 2048;
/** Looks of a level before every second one is dropped. */
const maxLooks = 256;
/** Reports come by time, so their distance in steps varies; what is far beyond that was lost. */
const gapFactor = 8;

export function recordCurve(): CurveRecorder {
  const levels: OpenLevel[] = [];
  let engine: Curve["engine"];
  let checkpoint: Curve["checkpoint"];
  let encoder: Curve["encoder"];
  let announced: Curve["encoder"];

  /** Levels of another encoder than the last ones begin a new curve; a resumed run may go on with the old one. */
  const turnToAnnounced = () => {
    if (encoder?.encoder !== announced?.encoder) {
      levels.length = 0;
      checkpoint = undefined;
    }
    encoder = announced;
  };

  const levelOf = (level: number): OpenLevel => {
    const known = levels.find((it) => it.level === level);
    if (known !== undefined) return known;
    const before = levels.at(-1);
    const start = before === undefined ? 0 : before.start + Math.max(before.step, before.steps);
    const opened = newLevel(level, start);
    levels.push(opened);
    return opened;
  };

  return {
    add(event) {
      switch (event.type) {
        case "engine":
          engine = { name: event.name, description: event.description, reason: event.reason };
          return true;
        case "encoder":
          announced = { encoder: event.encoder, encoders: event.encoders, name: event.name };
          return false;
        case "level": {
          turnToAnnounced();
          forgetAfter(levels, event.level);
          const known = levelOf(event.level);
          known.levels = event.levels;
          known.nodes = event.nodes;
          return true;
        }
        case "step":
          turnToAnnounced();
          forgetAfter(levels, event.level);
          addStep(levelOf(event.level), event);
          return true;
        case "quality":
          turnToAnnounced();
          return addLook(levelOf(event.level), event.value);
        case "checkpoint":
          if (levels.length === 0) return false;
          checkpoint = { level: levels.at(-1)!.level, step: event.step };
          return true;
        default:
          return false;
      }
    },
    curve: () => {
      const last = levels.at(-1);
      const end = last === undefined ? 0 : last.start + Math.max(last.steps, last.step);
      return {
        levels: levels.map((it) => ({ ...it, runs: it.runs.filter((run) => run.length > 0) })),
        end,
        engine,
        encoder,
        checkpoint,
      };
    },
  };
}

function newLevel(level: number, start: number): OpenLevel {
  return {
    level,
    levels: level + 1,
    nodes: undefined,
    start,
    step: 0,
    steps: 0,
    runs: [[]],
    firstLoss: undefined,
    lastLoss: undefined,
    rate: 0,
    documentsPerSecond: 0,
    looks: [],
    width: 1,
    spacing: 0,
  };
}

/** A level that comes again after a later one is a run that was resumed from before it: what followed is done anew. */
function forgetAfter(levels: OpenLevel[], level: number): void {
  while (levels.length > 0 && levels.at(-1)!.level > level) levels.pop();
}

function addStep(level: OpenLevel, event: Extract<ProgressEvent, { type: "step" }>): void {
  const { step, steps, loss, rate, documentsPerSecond } = event;
  if (!Number.isFinite(step) || step < 0) return;
  // A resumed run repeats the steps since its checkpoint: the earlier ones count no more.
  if (step <= level.step) rewind(level, step);
  const distance = step - level.step;
  const first = level.runs.every((it) => it.length === 0);
  if (!first && level.spacing > 0 && distance > gapFactor * level.spacing) level.runs.push([]);
  else if (!first) level.spacing = Math.max(level.spacing, distance);
  level.step = step;
  if (Number.isFinite(steps)) level.steps = steps;
  if (Number.isFinite(rate)) level.rate = rate;
  if (Number.isFinite(documentsPerSecond)) level.documentsPerSecond = documentsPerSecond;
  if (!Number.isFinite(loss)) {
    // JSON has no NaN: it arrives as null.
    if (level.runs.at(-1)!.length > 0) level.runs.push([]);
    return;
  }
  level.firstLoss ??= loss;
  level.lastLoss = loss;
  const at = level.start + step;
  const run = level.runs.at(-1)!;
  const bucket = run.at(-1);
  const point = { first: at, last: at, least: loss, most: loss, mean: loss, count: 1 };
  if (bucket !== undefined && at - bucket.first < level.width) run[run.length - 1] = merge(bucket, point);
  else run.push(point);
  if (level.runs.reduce((sum, it) => sum + it.length, 0) > maxBuckets) halve(level);
}

function rewind(level: OpenLevel, step: number): void {
  const at = level.start + step;
  level.runs = level.runs.map((run) => run.filter((it) => it.last < at)).filter((run) => run.length > 0);
  // What follows is another piece of the line, even where it goes on at the next step.
  level.runs.push([]);
  level.step = 0;
  level.looks = level.looks.filter((it) => it.at < at);
}

/** Stands at the newest step that was reported. @returns whether it is a number. */
function addLook(level: OpenLevel, precision: number): boolean {
  if (!Number.isFinite(precision)) return false;
  const at = level.start + level.step;
  if (level.looks.at(-1)?.at === at) level.looks.pop();
  level.looks.push({ at, precision });
  // The first one stays: what the level began with.
  if (level.looks.length > maxLooks) level.looks = level.looks.filter((_, i) => i % 2 === 0);
  return true;
}

/** Twice as wide buckets: neighbours of a run are merged in pairs. */
function halve(level: OpenLevel): void {
  level.width *= 2;
  level.runs = level.runs.map((run) => {
    const merged: Bucket[] = [];
    for (const bucket of run) {
      const last = merged.at(-1);
      if (last !== undefined && bucket.last - last.first < level.width) merged[merged.length - 1] = merge(last, bucket);
      else merged.push(bucket);
    }
    return merged;
  });
}

function merge(a: Bucket, b: Bucket): Bucket {
  const count = a.count + b.count;
  return {
    first: a.first,
    last: b.last,
    least: Math.min(a.least, b.least),
    most: Math.max(a.most, b.most),
    mean: (a.mean * a.count + b.mean * b.count) / count,
    count,
  };
}

/** At most `limit` buckets of the same span, for a plot of so many pixels. @throws RangeError for a limit under 1. */
export function thin(run: readonly Bucket[], limit: number): readonly Bucket[] {
  if (!(limit >= 1)) throw new RangeError(`thin: limit is ${limit}, must be at least 1`);
  if (run.length <= limit) return run;
  const first = run[0]!.first;
  const width = (run.at(-1)!.last - first + 1) / limit;
  const merged: Bucket[] = [];
  let slot = -1;
  for (const bucket of run) {
    const at = Math.floor((bucket.first - first) / width);
    if (at === slot) merged[merged.length - 1] = merge(merged.at(-1)!, bucket);
    else merged.push(bucket);
    slot = at;
  }
  return merged;
}
