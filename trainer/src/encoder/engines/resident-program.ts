// A program over any device: what is checked, when the next state takes the place of the state, and who frees what.
// Invariant: a value of the device is freed once, and the state is whole at every moment.
import type { Graph } from "../graph/graph.ts";
import type { HostTensor, Program, Tensors } from "./engine.ts";
import { checkFeeds, checkState, planGraph, stateValue } from "./tensors.ts";

/** The device's side of a program; `T` is a tensor on the device. Errors are EngineErrors. */
export interface Device<T> {
  /** A copy on the device. */
  upload(value: HostTensor): Promise<T>;
  /** Copies from the device. */
  download(values: ReadonlyMap<string, T>): Promise<Tensors>;
  /** Runs the graph once. `next` is named by output. */
  execute(state: ReadonlyMap<string, T>, feeds: Tensors): Promise<{ results: Tensors; next: ReadonlyMap<string, T> }>;
  free(value: T): void;
  dispose(): Promise<void>;
}

/**
 * `device` with `state` on it, and owned: it is disposed with the program, or if this fails.
 * @throws RangeError where `state` lacks a value or has one that does not fit.
 */
export async function newResidentProgram<T>(graph: Graph, state: Tensors, device: Device<T>): Promise<Program> {
  try {
    const plan = planGraph(graph);
    checkState(plan, state);
    const missing = [...plan.state.keys()].find((it) => !state.has(it));
    if (missing !== undefined) throw new RangeError(`state "${missing}" of graph "${graph.name}" has no value`);
    return new ResidentProgram(plan, await uploadAll(device, state), device);
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

/** Copies on the device, made in the order given: all of them or, where one does not fit, none. */
async function uploadAll<T>(device: Device<T>, values: Tensors): Promise<Map<string, T>> {
  const uploaded = new Map<string, T>();
  try {
    for (const [name, value] of values) uploaded.set(name, await device.upload(value));
    return uploaded;
  } catch (error) {
    for (const value of uploaded.values()) device.free(value);
    throw error;
  }
}

class ResidentProgram<T> implements Program {
  readonly #plan: ReturnType<typeof planGraph>;
  readonly #state: Map<string, T>;
  readonly #device: Device<T>;
  #running: Promise<unknown> | undefined;
  #disposed = false;

  constructor(plan: ReturnType<typeof planGraph>, state: Map<string, T>, device: Device<T>) {
    this.#plan = plan;
    this.#state = state;
    this.#device = device;
  }

  async run(feeds: Tensors, accept?: (results: Tensors) => boolean): Promise<Tensors> {
    checkFeeds(this.#plan, feeds);
    return this.#alone(async () => {
      const { results, next } = await this.#device.execute(this.#state, feeds);
      let accepted = false;
      try {
        accepted = accept === undefined || accept(results);
      } finally {
        for (const { input, output } of this.#plan.changes) {
          const value = next.get(output)!;
          if (accepted) this.#replace(input, value);
          else this.#device.free(value);
        }
      }
      return results;
    });
  }

  async readState(names: readonly string[] = [...this.#plan.state.keys()]): Promise<Tensors> {
    for (const name of names) stateValue(this.#plan, name);
    return this.#alone(() => this.#device.download(new Map(names.map((it) => [it, this.#state.get(it)!]))));
  }

  async writeState(values: Tensors): Promise<void> {
    checkState(this.#plan, values);
    await this.#alone(async () => {
      for (const [name, value] of await uploadAll(this.#device, values)) this.#replace(name, value);
    });
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#running?.catch(() => {});
    for (const value of this.#state.values()) this.#device.free(value);
    this.#state.clear();
    await this.#device.dispose();
  }

  #replace(name: string, value: T): void {
    const old = this.#state.get(name)!;
    this.#state.set(name, value);
    this.#device.free(old);
  }

  async #alone<R>(work: () => Promise<R>): Promise<R> {
    if (this.#disposed) throw new Error("internal: a program was used after its end");
    if (this.#running !== undefined) throw new Error("internal: a program was used while it ran");
    const running = work();
    this.#running = running;
    try {
      return await running;
    } finally {
      this.#running = undefined;
    }
  }
}
