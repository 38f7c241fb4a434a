// Chooses the engine of a training run. "auto" gives each one that may work here two steps of the real graph, the second
// with what the first has learnt, and takes the fastest; one that fails, or computes something else than the CPU does, is
// out, and is named.
import type { Graph } from "../graph/graph.ts";
import { hasCudaProvider, hasGpu } from "./available.ts";
import { disposeQuietly, type Engine, EngineError, type EngineName, type Tensors } from "./engine.ts";
import { newOrtEngine } from "./ort.ts";
import { findTfjsPackage, openTfjsEngine } from "./tfjs-package.ts";

export const engineChoices = ["auto", "cpu", "webgpu", "webgpu16", "cuda", "tfjs"] as const satisfies readonly (
  | "auto"
  | EngineName
)[];
export type EngineChoice = (typeof engineChoices)[number];

/** A small batch on the graph that will run. */
export interface EngineTrial {
  readonly graph: Graph;
  readonly state: Tensors;
  readonly feeds: Tensors;
}

/** One engine's part in the choice: a time of one step, or why there is none. */
interface Candidate {
  readonly name: EngineName;
  readonly milliseconds?: number;
  readonly problem?: string;
  /** Whether it was there at all. */
  readonly opened?: boolean;
}

export interface ChosenEngine {
  readonly engine: Engine;
  /** For people, e.g. "asked for" or "fastest here: a trial step took 31 ms, 410 ms on cpu". */
  readonly reason: string;
  /** What did not work and was tried: worth a warning. */
  readonly notes: readonly string[];
  readonly candidates: readonly Candidate[];
}

export interface ChooseOptions {
  readonly threads: number;
  /** Opens an engine; tests give their own. @throws EngineError */
  readonly open?: (name: EngineName, threads: number) => Promise<Engine>;
  /** Which ones "auto" tries, the CPU first; default: those that may work on this machine. */
  readonly tryOut?: readonly EngineName[];
}

/** The engine to train on. @throws EngineError where the one asked for, or the CPU, does not run here. */
export async function chooseEngine(
  choice: EngineChoice,
  trial: EngineTrial,
  { threads, open = openEngine, tryOut = likelyEngines() }: ChooseOptions,
): Promise<ChosenEngine> {
  if (choice !== "auto") {
    const engine = await open(choice, threads);
    return { engine, reason: "asked for", notes: [], candidates: [{ name: choice }] };
  }
  if (tryOut.length === 1) {
    const engine = await open(tryOut[0]!, threads);
    return { engine, reason: "the only one here", notes: [], candidates: [{ name: tryOut[0]! }] };
  }
  const candidates: Candidate[] = [];
  let best: { engine: Engine; milliseconds: number } | undefined;
  let reference: readonly Tensors[] | undefined;
  for (const name of tryOut) {
    const tried = await tryEngine(() => open(name, threads), trial, reference);
    if ("problem" in tried) {
      candidates.push({ name, ...tried });
      continue;
    }
    reference ??= tried.results;
    candidates.push({ name, milliseconds: tried.milliseconds });
    const worse = best !== undefined && best.milliseconds <= tried.milliseconds ? tried : best;
    if (worse !== tried) best = tried;
    await disposeQuietly(worse?.engine);
  }
  const notes = candidates.flatMap(({ name, problem, opened }) =>
    // A GPU without 16-bit numbers lacks nothing: it has its part as "webgpu".
    problem === undefined || (name === "webgpu16" && !opened) ? [] : [`${name} is out: ${problem}`],
  );
  if (best === undefined) throw new EngineError(`no engine runs here: ${notes.join("; ")}`);
  return { engine: best.engine, reason: reasonFor(best.engine.name, candidates), notes, candidates };
}

/** @throws EngineError with the cure. */
export async function openEngine(name: EngineName, threads: number): Promise<Engine> {
  return name === "tfjs" ? openTfjsEngine() : newOrtEngine(name, { threads });
}

/** What may work on this machine, the CPU first. */
export function likelyEngines(): EngineName[] {
  const likely: EngineName[] = ["cpu"];
  if (hasGpu()) likely.push("webgpu", "webgpu16");
  if (hasCudaProvider()) likely.push("cuda");
  if (hasGpu() && findTfjsPackage() !== undefined) likely.push("tfjs");
  return likely;
}

/** `results` are those of the first step and, unless it took too long, of the second. */
type Outcome =
  | { engine: Engine; milliseconds: number; results: readonly Tensors[] }
  | { problem: string; opened: boolean };

/** No second step after a first that took so long: what is so slow will not win. In milliseconds. */
const patience = 20_000;

/** The first step compiles and allocates, the second goes on from where the first led, and is timed. */
async function tryEngine(
  open: () => Promise<Engine>,
  trial: EngineTrial,
  reference: readonly Tensors[] = [],
): Promise<Outcome> {
  let engine: Engine | undefined;
  try {
    engine = await open();
    const program = await engine.load(trial.graph, trial.state);
    try {
      const begin = performance.now();
      const first = await program.run(trial.feeds);
      checkResults(first, reference[0]);
      const start = performance.now();
      if (start - begin > patience) return { engine, milliseconds: start - begin, results: [first] };
      const second = await program.run(nextFeeds(trial.feeds, first));
      const milliseconds = performance.now() - start;
      checkResults(second, reference[1]);
      return { engine, milliseconds, results: [first, second] };
    } finally {
      await disposeQuietly(program);
    }
  } catch (error) {
    await disposeQuietly(engine);
    if (!(error instanceof EngineError)) throw error;
    return { problem: error.message, opened: engine !== undefined };
  }
}

/** The same feeds with each table as the step has left it. */
function nextFeeds(feeds: Tensors, results: Tensors): Tensors {
  return new Map([...feeds].map(([name, it]) => [name, results.get(`${name}.next`) ?? it]));
}

/** What single numbers may differ by, more or less relative to their size, and embeddings relative to their length. */
const tolerance = { number: 0.01, embedding: 0.05 };

/**
 * Compares what a step says of itself: loss, norms of gradients, embeddings. Rounding as coarse as that of TF32 changes a
 * MiniLM's embeddings by half a hundredth, the first step by two thirds. @throws EngineError where one is another.
 */
function checkResults(results: Tensors, reference: Tensors = new Map()): void {
  for (const [name, { data }] of reference) {
    if (name.endsWith(".next")) continue;
    const [expected, found] = [data, results.get(name)?.data ?? []].map((it) => Array.from(it, Number));
    const distance = Math.hypot(...expected!.map((it, i) => found![i]! - it));
    const length = Math.hypot(...expected!);
    if (data.length > 1) {
      if (distance <= tolerance.embedding * length) continue;
      const percent = ((100 * distance) / length).toFixed(0);
      throw new EngineError(`it computes ${name} ${percent} % away from what the CPU computes`);
    }
    if (distance <= tolerance.number * (1 + length)) continue;
    const [said, wanted] = [Number(found![0]), expected![0]!].map((it) => it.toPrecision(4));
    throw new EngineError(`it computes ${name} ${said} where the CPU computes ${wanted}`);
  }
}

function reasonFor(name: EngineName, candidates: readonly Candidate[]): string {
  const timed = candidates.filter((it) => it.milliseconds !== undefined);
  if (timed.length === 1) return "the only one that works here";
  const time = (it: Candidate) => `${it.milliseconds!.toFixed(it.milliseconds! < 10 ? 1 : 0)} ms`;
  const chosen = timed.find((it) => it.name === name)!;
  const others = timed.filter((it) => it !== chosen).map((it) => `${time(it)} on ${it.name}`);
  return `fastest here: a trial step took ${time(chosen)}, ${others.join(", ")}`;
}
