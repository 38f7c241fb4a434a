// What an engine is: something that runs a graph of ours on some device and keeps its state there between runs.
import type { ElementType, Graph, TensorData } from "../graph/graph.ts";

export type EngineName = "cpu" | "webgpu" | "webgpu16" | "cuda" | "tfjs";

export interface HostTensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export type Tensors = ReadonlyMap<string, HostTensor>;

/** A graph that is ready to run, with its state on the device. Runs one at a time. */
export interface Program {
  /**
   * Runs once. `feeds` gives every input that is not state; the result has every output that is not a next state.
   * `accept` looks at the result and decides whether the next state takes the place of the state; without it, it does.
   * @throws EngineError where the device fails; the state is then what it was.
   */
  run(feeds: Tensors, accept?: (results: Tensors) => boolean): Promise<Tensors>;
  /** Copies of the named state inputs, all without `names`. */
  readState(names?: readonly string[]): Promise<Tensors>;
  writeState(values: Tensors): Promise<void>;
  dispose(): Promise<void>;
}

export interface Engine {
  readonly name: EngineName;
  /** For people: the device and its library, e.g. "CPU, onnxruntime 1.30.0, 2 threads". */
  readonly description: string;
  /** Makes `graph` ready to run. @throws EngineError where it cannot run here. RangeError where `state` does not fit. */
  load(graph: Graph, state: Tensors): Promise<Program>;
  dispose(): Promise<void>;
}

/** A device or its library failed, or is not there. The message says what to do. */
export class EngineError extends Error {
  override readonly name = "EngineError";
}

/** Frees what `it` holds. A device that is lost may not be able to, and why it was lost is what matters. */
export async function disposeQuietly(it: Pick<Engine | Program, "dispose"> | undefined): Promise<void> {
  await it?.dispose().catch(() => undefined);
}
