// What a caller hands to an engine, checked before a device sees it: native libraries read past the end of what is short.
import type { ElementType, Graph, TensorData, Value } from "../graph/graph.ts";
import type { HostTensor, Tensors } from "./engine.ts";

/** Which inputs of a graph are state, which are feeds, and which outputs are results. */
export interface GraphPlan {
  /** By the name of the input. */
  readonly state: ReadonlyMap<string, Value>;
  readonly feeds: readonly Value[];
  readonly results: readonly Value[];
  /** Pairs of an input and the output that is its next value. */
  readonly changes: readonly { readonly input: string; readonly output: string }[];
}

const arrays = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<ElementType, unknown>;

/** @throws RangeError where the state names inputs or outputs that the graph lacks, or changes its type or shape. */
export function planGraph(graph: Graph): GraphPlan {
  const inputs = new Map(graph.inputs.map((it) => [it.name, it]));
  const outputs = new Map(graph.outputs.map((it) => [it.name, it]));
  const find = (values: ReadonlyMap<string, Value>, name: string, kind: string): Value => {
    const value = values.get(name);
    if (value === undefined)
      throw new RangeError(`graph "${graph.name}": state names ${kind} "${name}", which it lacks`);
    return value;
  };
  const state = new Map(graph.state.map((it) => [it.input, find(inputs, it.input, "input")]));
  const changes = graph.state.flatMap(({ input, output }) => (output === undefined ? [] : [{ input, output }]));
  for (const { input, output } of changes) {
    const [from, to] = [state.get(input)!, find(outputs, output, "output")];
    if (describe(from) !== describe(to)) {
      throw new RangeError(
        `graph "${graph.name}": state "${input}" is ${describe(from)}, its next value ${describe(to)}`,
      );
    }
  }
  const next = new Set(changes.map((it) => it.output));
  return {
    state,
    changes,
    feeds: graph.inputs.filter((it) => !state.has(it.name)),
    results: graph.outputs.filter((it) => !next.has(it.name)),
  };
}

/** @throws RangeError where a feed is missing, unknown, or does not fit its input. */
export function checkFeeds(plan: GraphPlan, feeds: Tensors): void {
  const symbols = new Map<string, number>();
  for (const value of plan.feeds) {
    const tensor = feeds.get(value.name);
    if (tensor === undefined) throw new RangeError(`feed "${value.name}" is missing`);
    checkTensor("feed", value, tensor, symbols);
  }
  if (feeds.size !== plan.feeds.length) {
    const unknown = [...feeds.keys()].find((name) => !plan.feeds.some((it) => it.name === name));
    throw new RangeError(`feed "${unknown}" is no input of the graph`);
  }
}

/** @throws RangeError where a value is no state, or does not fit its input. */
export function checkState(plan: GraphPlan, values: Tensors): void {
  for (const [name, tensor] of values) checkTensor("state", stateValue(plan, name), tensor, new Map());
}

/** @throws RangeError where `name` is no state. */
export function stateValue(plan: GraphPlan, name: string): Value {
  const value = plan.state.get(name);
  if (value === undefined) throw new RangeError(`"${name}" is no state of the graph`);
  return value;
}

/** A new array of `size` zeros, of the class that holds elements of `type`. */
export function newTensorData(type: ElementType, size: number): TensorData {
  return new arrays[type](size);
}

export function copyTensor({ type, shape, data }: HostTensor): HostTensor {
  return { type, shape: [...shape], data: data.slice() };
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, it) => product * it, 1);
}

/** `symbols` holds the dimensions with a name that were seen so far, and gains those of this tensor. */
function checkTensor(kind: string, value: Value, tensor: HostTensor, symbols: Map<string, number>): void {
  const { type, shape, data } = tensor;
  if (!fits(value, tensor, symbols)) {
    const known = value.shape.map((it) => (typeof it === "string" ? (symbols.get(it) ?? it) : it));
    const expected = describe({ type: value.type, shape: known });
    throw new RangeError(`${kind} "${value.name}" is ${describe(tensor)}, the graph expects ${expected}`);
  }
  if (!(data instanceof arrays[type]) || data.length !== elementCount(shape)) {
    const found = `${data.length} elements in a ${data.constructor.name}`;
    throw new RangeError(`${kind} "${value.name}" is ${describe(tensor)} but its data is ${found}`);
  }
  value.shape.forEach((dimension, i) => {
    if (typeof dimension === "string") symbols.set(dimension, shape[i]!);
  });
}

function fits(value: Value, { type, shape }: HostTensor, symbols: ReadonlyMap<string, number>): boolean {
  if (type !== value.type || shape.length !== value.shape.length) return false;
  return value.shape.every((dimension, i) => {
    const size = shape[i]!;
    const expected = typeof dimension === "string" ? (symbols.get(dimension) ?? size) : dimension;
    return size === expected && Number.isSafeInteger(size) && size >= 0;
  });
}

function describe({ type, shape }: { type: ElementType; shape: readonly (number | string)[] }): string {
  return `${type} [${shape.join(", ")}]`;
}
