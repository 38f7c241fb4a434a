// Chooses the engine of a training run. "auto" gives each one that may work here two steps of the real graph and takes the
// fastest; one that fails, or computes something else than the CPU does, is out, and is named.
import type { Graph } from "../graph/graph.ts";
import { hasCudaProvider, hasGpu } from "./available.ts";
import { disposeQuietly, type Engine, EngineError, type EngineName, type Tensors } from "./engine.ts";
import { newOrtEngine } from "./ort.ts";
import { findTfjsPackage, openTfjsEngine } from "./tfjs-package.ts";

export const engineChoices = ["auto", "cpu", "webgpu", "cuda", "tfjs"] as const satisfies readonly (
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
  let reference: Tensors | undefined;
  for (const name of tryOut) {
    const tried = await tryEngine(() => open(name, threads), trial, reference);
    if ("problem" in tried) {
      candidates.push({ name, problem: tried.problem });
      continue;
    }
    reference ??= tried.results;
    candidates.push({ name, milliseconds: tried.milliseconds });
    const worse = best !== undefined && best.milliseconds <= tried.milliseconds ? tried : best;
    if (worse !== tried) best = tried;
    await disposeQuietly(worse?.engine);
  }
  const notes = candidates.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [`${name} is out: ${problem}`],
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
  if (hasGpu()) likely.push("webgpu");
  if (hasCudaProvider()) likely.push("cuda");
  if (hasGpu() && findTfjsPackage() !== undefined) likely.push("tfjs");
  return likely;
}

type Outcome = { engine: Engine; milliseconds: number; results: Tensors } | { problem: string };

/** No second step after a first that took so long: what is so slow will not win. In milliseconds. */
const patience = 20_000;

/** The first step compiles and allocates, the second is timed. */
async function tryEngine(open: () => Promise<Engine>, trial: EngineTrial, reference?: Tensors): Promise<Outcome> {
  let engine: Engine | undefined;
  try {
    engine = await open();
    const program = await engine.load(trial.graph, trial.state);
    try {
      const begin = performance.now();
      const results = await program.run(trial.feeds, () => false);
      const wrong = reference === undefined ? undefined : difference(results, reference);
      if (wrong !== undefined) throw new EngineError(wrong);
      const start = performance.now();
      if (start - begin > patience) return { engine, milliseconds: start - begin, results };
      await program.run(trial.feeds, () => false);
      return { engine, milliseconds: performance.now() - start, results };
    } finally {
      await disposeQuietly(program);
    }
  } catch (error) {
    await disposeQuietly(engine);
    if (!(error instanceof EngineError)) throw error;
    return { problem: error.message };
  }
}

/** Of the results that are one number (the loss, norms of gradients): which one differs by more than a hundredth. */
function difference(results: Tensors, reference: Tensors): string | undefined {
  for (const [name, { data }] of reference) {
    if (data.length !== 1) continue;
    const [expected, found] = [Number(data[0]), Number(results.get(name)?.data[0])];
    if (Math.abs(found - expected) <= 0.01 * (1 + Math.abs(expected))) continue;
    return `it computes ${name} ${found.toPrecision(4)} where the CPU computes ${expected.toPrecision(4)}`;
  }
  return undefined;
}

function reasonFor(name: EngineName, candidates: readonly Candidate[]): string {
  const timed = candidates.filter((it) => it.milliseconds !== undefined);
  if (timed.length === 1) return "the only one that works here";
  const time = (it: Candidate) => `${it.milliseconds!.toFixed(it.milliseconds! < 10 ? 1 : 0)} ms`;
  const chosen = timed.find((it) => it.name === name)!;
  const others = timed.filter((it) => it !== chosen).map((it) => `${time(it)} on ${it.name}`);
  return `fastest here: a trial step took ${time(chosen)}, ${others.join(", ")}`;
}
