// Shows progress events: JSON lines on stdout for programs, a bar on a terminal, plain lines elsewhere (both on stderr).
import { Format, type Options, type Params, SingleBar } from "cli-progress";
import type { ProgressEvent, Stage } from "../progress.ts";

type Step = Extract<ProgressEvent, { type: "step" }>;
/** With the last step of the level, while an encoder is fine-tuned. */
type StageProgress = Extract<ProgressEvent, { type: "progress" }> & { readonly last?: Step | undefined };

export interface View {
  event(event: ProgressEvent): void;
  info(message: string): void;
  warn(message: string): void;
  /** Takes the bar away; what follows on the terminal starts on a line of its own. */
  close(): void;
}

const stageNames: Record<Stage, string> = {
  download: "Downloading",
  read: "Reading",
  features: "Features",
  tree: "Label tree",
  encode: "Embedding",
  tune: "Fine-tuning",
  ranker: "Training",
  calibrate: "Calibrating",
  write: "Writing",
  evaluate: "Evaluating",
  tag: "Suggesting",
};

const secondsBetweenLines = 5;

export function createJsonView(write: (line: string) => void): View {
  const event = (it: ProgressEvent) => write(`${JSON.stringify(it)}\n`);
  return {
    event,
    info: (message) => event({ type: "log", level: "info", message }),
    warn: (message) => event({ type: "log", level: "warning", message }),
    close: () => undefined,
  };
}

/** For people: `isTerminal` says whether a bar can be drawn. Metrics are not shown; of the steps, the last one is. */
export function createTerminalView(stream: NodeJS.WritableStream, isTerminal: boolean): View {
  const progress = isTerminal ? createBar(stream) : createLines(stream);
  const say = (message: string) => {
    progress.close();
    stream.write(`${message}\n`);
  };
  let last: Step | undefined;
  return {
    event(it) {
      if (it.type === "step") last = it;
      if (it.type === "level") last = undefined;
      if (it.type === "progress") progress.show(it.stage === "tune" ? { ...it, last } : it);
      else if (it.type === "estimate") say(describeEstimate(it));
      else if (it.type === "log") say(it.level === "warning" ? `Warning: ${it.message}` : it.message);
      else if (it.type === "engine") say(`Engine: ${it.description} (${it.reason})`);
      else if (it.type === "encoder") say(`Encoder ${it.encoder + 1} of ${it.encoders}: ${it.name}`);
      else if (it.type === "level") say(`Level ${it.level + 1} of ${it.levels}: ${number(it.nodes)} nodes`);
      else if (it.type === "quality")
        say(`Held-out precision at 1 among the level's nodes: ${number(it.value * 100)} %`);
    },
    info: say,
    warn: (message) => say(`Warning: ${message}`),
    close: () => progress.close(),
  };
}

interface ProgressDisplay {
  show(event: StageProgress): void;
  close(): void;
}

/** One live line for all stages, which may alternate; a stage that is done keeps its line. */
function createBar(stream: NodeJS.WritableStream): ProgressDisplay {
  let bar: SingleBar | undefined;
  let last: StageProgress | undefined;
  const close = () => {
    if (bar === undefined || last === undefined) return;
    bar.update(last.done, { event: last });
    bar.stop();
    bar = undefined;
  };
  const show = (event: StageProgress) => {
    last = event;
    const total = Math.max(event.total, 1);
    if (bar === undefined) {
      bar = new SingleBar({ format: formatBar, stream, hideCursor: true, barsize: 28, fps: 10, linewrap: false });
      bar.start(total, event.done, { event });
    } else {
      bar.setTotal(total);
      bar.update(event.done, { event });
    }
    if (hasEnded(event)) close();
  };
  return { show, close };
}

function hasEnded({ done, total }: StageProgress): boolean {
  return total > 0 && done >= total;
}

function formatBar(options: Options, params: Params, payload: { event: StageProgress }): string {
  const drawn = Format.BarFormat(Math.min(params.progress, 1), {
    ...options,
    barCompleteString: "█".repeat(28),
    barIncompleteString: "░".repeat(28),
  });
  return `${stageNames[payload.event.stage].padEnd(11)} ${drawn} ${describeProgress(payload.event)}`;
}

/** One line when a stage begins and ends, and one every few seconds between. A stage may come again, from the beginning. */
function createLines(stream: NodeJS.WritableStream): ProgressDisplay {
  const nextLine = new Map<Stage, number>();
  const lastDone = new Map<Stage, number>();
  const show = (event: StageProgress) => {
    const now = performance.now() / 1000;
    if (event.done < (lastDone.get(event.stage) ?? 0)) nextLine.delete(event.stage);
    lastDone.set(event.stage, event.done);
    const next = nextLine.get(event.stage) ?? now;
    const ended = hasEnded(event);
    if (next === Number.POSITIVE_INFINITY || (now < next && !ended)) return;
    nextLine.set(event.stage, ended ? Number.POSITIVE_INFINITY : now + secondsBetweenLines);
    stream.write(`${stageNames[event.stage]}: ${describeProgress(event)}\n`);
  };
  return { show, close: () => undefined };
}

function describeProgress({ done, total, unit, perSecond, secondsLeft, last }: StageProgress): string {
  const share = total > 0 ? `${Math.floor((100 * Math.min(done, total)) / total)}%` : "";
  const amount = unit === "bytes" ? bytes : number;
  const what = unit === "bytes" ? "" : ` ${unit}`;
  const count = total > 0 ? `${amount(done)} of ${amount(total)}${what}` : `${amount(done)}${what}`;
  const rate = last ? describeStep(last) : perSecond > 0 ? `, ${amount(perSecond)}/s` : "";
  const left = done < total && Number.isFinite(secondsLeft) && perSecond > 0 ? `, ${duration(secondsLeft)} left` : "";
  return `${share} ${count}${rate}${left}`.trim();
}

/** In place of steps a second: their size is the user's choice, and documents a second compare. */
function describeStep({ loss, rate, documentsPerSecond }: Step): string {
  const speed = documentsPerSecond > 0 ? `, ${number(documentsPerSecond)} documents/s` : "";
  return `, loss ${loss.toPrecision(3)}, learning rate ${rate.toExponential(1)}${speed}`;
}

function describeEstimate(it: Extract<ProgressEvent, { type: "estimate" }>): string {
  const encoders = it.encoders === undefined ? "" : `, ${it.encoders} encoders one after the other`;
  const size = `${number(it.documents)} documents, ${number(it.labels)} labels${encoders}`;
  return `${size}: about ${duration(it.seconds)}, ${bytes(it.memoryBytes)} of memory, ${bytes(it.diskBytes)} on disk (estimates)`;
}

export function number(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** `1 file`, `2 files`. */
export function counted(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
}

export function bytes(count: number): string {
  const mebibytes = count / 1024 / 1024;
  return mebibytes < 1024 ? `${number(Math.max(mebibytes, 0.1))} MiB` : `${number(mebibytes / 1024)} GiB`;
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${number(Math.max(1, Math.round(seconds)))} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
