// The engine over TensorFlow.js: interprets the same graph node by node. With tfjs-node-gpu it is the way to CUDA through
// TensorFlow; with the plain CPU backend it is a second opinion in tests. A value is freed after its last use.
import { setImmediate as yieldToOthers } from "node:timers/promises";
import type { Tensor, TypedArray } from "@tensorflow/tfjs-core";
import type { ElementType, Graph, GraphNode, Value } from "../graph/graph.ts";
import { type Engine, EngineError, type HostTensor, type Program, type Tensors } from "./engine.ts";
import { type Device, newResidentProgram } from "./resident-program.ts";
import { copyTensor, type GraphPlan, newTensorData, planGraph } from "./tensors.ts";
import {
  Call,
  findOperator,
  type HostIntegers,
  isHost,
  type Tfjs,
  type TfjsValue,
  toTensor,
} from "./tfjs-operators.ts";

/** `tf` has its backend set and ready. `description` names it for people. */
export function newTfjsEngine(tf: Tfjs, description: string): Engine {
  // Without it the plain backend prints an advertisement.
  tf.enableProdMode();
  return {
    name: "tfjs",
    description,
    load: async (graph: Graph, state: Tensors): Promise<Program> => {
      const device = new TfjsDevice(tf, graph, planGraph(graph));
      return newResidentProgram(graph, state, device);
    },
    dispose: async () => {},
  };
}

interface Step {
  readonly node: GraphNode;
  readonly compute: (call: Call) => TfjsValue | readonly TfjsValue[];
  /** Names that no later step reads. */
  readonly last: readonly string[];
}

class TfjsDevice implements Device<Tensor> {
  readonly #tf: Tfjs;
  readonly #plan: GraphPlan;
  readonly #types: ReadonlyMap<string, Value>;
  readonly #steps: readonly Step[];
  readonly #constants: ReadonlyMap<string, TfjsValue>;

  constructor(tf: Tfjs, graph: Graph, plan: GraphPlan) {
    this.#tf = tf;
    this.#plan = plan;
    this.#types = new Map([...graph.inputs, ...graph.outputs].map((it) => [it.name, it]));
    this.#steps = planSteps(graph);
    const constants = this.#guard(() => this.#scope(() => graph.constants.map((it) => toDevice(tf, it))));
    this.#constants = new Map(graph.constants.map(({ name }, i) => [name, constants[i]!]));
  }

  async upload(value: HostTensor): Promise<Tensor> {
    return this.#guard(() => toTensor(this.#tf, toDevice(this.#tf, copyTensor(value))));
  }

  async download(values: ReadonlyMap<string, Tensor>): Promise<Tensors> {
    return this.#guard(() => new Map([...values].map(([name, value]) => [name, this.#toHost(name, value)])));
  }

  async execute(state: ReadonlyMap<string, Tensor>, feeds: Tensors) {
    await yieldToOthers();
    return this.#guard(() => {
      const live = new Map<string, TfjsValue>();
      const borrowed = new Map<string, TfjsValue>([...this.#constants, ...state]);
      const take = (name: string): TfjsValue | undefined =>
        name === "" ? undefined : (live.get(name) ?? borrowed.get(name));
      try {
        for (const [name, tensor] of feeds) live.set(name, toDevice(this.#tf, tensor));
        for (const step of this.#steps) this.#compute(step, take, live);
        const results = new Map(this.#plan.results.map(({ name }) => [name, this.#toHost(name, take(name)!)]));
        const next = new Map(this.#plan.changes.map(({ output }) => [output, this.#own(take(output)!)]));
        return { results, next };
      } finally {
        for (const value of live.values()) free(value);
      }
    });
  }

  free(value: Tensor): void {
    value.dispose();
  }

  async dispose(): Promise<void> {
    for (const value of this.#constants.values()) free(value);
  }

  #compute({ node, compute, last }: Step, take: (name: string) => TfjsValue | undefined, live: Map<string, TfjsValue>) {
    const inputs = node.inputs.map(take);
    const outputs = this.#scope(() => {
      const computed = compute(new Call(this.#tf, node, inputs));
      const values = Array.isArray(computed) ? (computed as readonly TfjsValue[]) : [computed as TfjsValue];
      // An operator that has nothing to do hands back its input; each value has one owner.
      return values.map((it) => (inputs.includes(it) ? this.#own(it) : it));
    });
    node.outputs.forEach((name, i) => {
      const value = outputs[i];
      if (name !== "" && value !== undefined) live.set(name, value);
      else if (value !== undefined) free(value);
    });
    for (const name of last) {
      const value = live.get(name);
      live.delete(name);
      if (value !== undefined) free(value);
    }
  }

  /** Frees what `work` made and did not return. */
  #scope(work: () => TfjsValue[]): TfjsValue[] {
    let values: TfjsValue[] = [];
    this.#tf.tidy(() => {
      values = work();
      return values.filter((it): it is Tensor => !isHost(it));
    });
    return values;
  }

  #own(value: TfjsValue): Tensor {
    return isHost(value) ? toTensor(this.#tf, value) : this.#tf.clone(value);
  }

  #toHost(name: string, value: TfjsValue): HostTensor {
    const { type } = this.#types.get(name)!;
    const values = isHost(value) ? value.values : (value.dataSync() as TypedArray);
    return { type, shape: [...value.shape], data: fromNumbers(type, values) };
  }

  #guard<R>(work: () => R): R {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof EngineError) throw cause;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError(
        `the tfjs engine failed: ${message}; continue from the last checkpoint with --resume, or with --engine cpu as well`,
        { cause },
      );
    }
  }
}

/** @throws EngineError where an operator is not known. */
function planSteps(graph: Graph): Step[] {
  const lastUse = new Map<string, number>();
  graph.nodes.forEach((node, i) => {
    for (const name of [...node.inputs, ...node.outputs]) lastUse.set(name, i);
  });
  const outputs = new Set(graph.outputs.map((it) => it.name));
  return graph.nodes.map((node, i) => {
    const names = new Set([...node.inputs, ...node.outputs]);
    const last = [...names].filter((it) => it !== "" && lastUse.get(it) === i && !outputs.has(it));
    return { node, compute: findOperator(node), last };
  });
}

function toDevice(tf: Tfjs, { type, shape, data }: HostTensor): Tensor | HostIntegers {
  if (type === "int64") return { shape, values: Array.from(data as BigInt64Array, Number) };
  if (type === "float32") return tf.tensor(data as Float32Array, [...shape], "float32");
  if (type === "bool") return tf.tensor(data as Uint8Array, [...shape], "bool");
  return tf.tensor(Int32Array.from(data as Int32Array), [...shape], "int32");
}

function fromNumbers(type: ElementType, values: ArrayLike<number>): HostTensor["data"] {
  if (type === "int64") return BigInt64Array.from(Array.from(values, BigInt));
  const data = newTensorData(type, values.length);
  (data as Float32Array).set(values);
  return data;
}

function free(value: TfjsValue): void {
  if (!isHost(value)) value.dispose();
}
