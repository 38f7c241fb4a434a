// Writes a graph node by node. Values carry their type and shape; a dimension with a name stands for any size, and two
// dimensions are equal where they are written alike. What was recorded on the tape can be differentiated.
import type { Attribute, Constant, Dimension, ElementType, Graph, GraphNode, StateValue, Value } from "./graph.ts";

/** Gradient with respect to one input of a recorded operation; asked for only where it is needed. */
export type InputGradient = () => Value;

interface Recorded {
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** Given the gradient with respect to `output`, one function for each of `inputs`. */
  readonly rule: (gradient: Value) => readonly InputGradient[];
}

/** A node to be: like GraphNode, with values, and types and shapes for what comes out. */
interface NodeSpec {
  readonly op: string;
  readonly domain?: "com.microsoft";
  readonly inputs: readonly Value[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface Builder {
  input(name: string, type: ElementType, shape: readonly Dimension[]): Value;
  /** An input that the engine keeps. */
  state(name: string, shape: readonly Dimension[]): Value;
  /** A float32 of shape [1]. */
  scalar(value: number): Value;
  /** A list of int64, as shapes and axes are written. */
  integers(values: readonly number[]): Value;
  /** A constant of int32; those of one name are one. */
  indices(name: string, shape: readonly number[], make: () => Int32Array): Value;
  /** Adds a node with one output. */
  node(spec: NodeSpec, type: ElementType, shape: readonly Dimension[]): Value;
  /** Adds a node with several float32 outputs. */
  nodes(spec: NodeSpec, shapes: readonly (readonly Dimension[])[]): Value[];
  record(operation: Recorded): void;
  readonly tape: readonly Recorded[];
  /** The graph with these outputs; one that is named as the next value of a state input belongs to it. */
  finish(name: string, results: ReadonlyMap<string, Value>, next?: ReadonlyMap<string, Value>): Graph;
}

export function createBuilder(): Builder {
  const inputs: Value[] = [];
  const states: string[] = [];
  const constants = new Map<string, Constant>();
  const nodes: GraphNode[] = [];
  const values: Value[] = [];
  const tape: Recorded[] = [];

  const fresh = (() => {
    let count = 0;
    return () => `v${count++}`;
  })();

  const input: Builder["input"] = (name, type, shape) => {
    if (inputs.some((it) => it.name === name)) throw new RangeError(`the graph has an input "${name}" already`);
    const value: Value = { name, type, shape };
    inputs.push(value);
    return value;
  };

  /** Equal constants are one. */
  const constant = (name: string, make: () => Omit<Constant, "name">): Value => {
    const known = constants.get(name) ?? { name, ...make() };
    constants.set(name, known);
    return { name, type: known.type, shape: known.shape };
  };

  const addNodes = (spec: NodeSpec, outputs: readonly Value[]) => {
    const names = { inputs: spec.inputs.map((it) => it.name), outputs: outputs.map((it) => it.name) };
    nodes.push({ ...spec, ...names });
    values.push(...outputs);
  };

  return {
    input,
    state(name, shape) {
      states.push(name);
      return input(name, "float32", shape);
    },
    scalar: (value) =>
      constant(`float ${value}`, () => ({ type: "float32", shape: [1], data: Float32Array.of(value) })),
    integers: (values) =>
      constant(`int64 ${values.join(" ")}`, () => ({
        type: "int64",
        shape: [values.length],
        data: BigInt64Array.from(values, BigInt),
      })),
    indices: (name, shape, make) => constant(`int32 ${name}`, () => ({ type: "int32", shape, data: make() })),
    node(spec, type, shape) {
      const output: Value = { name: fresh(), type, shape };
      addNodes(spec, [output]);
      return output;
    },
    nodes(spec, shapes) {
      const outputs = shapes.map((shape): Value => ({ name: fresh(), type: "float32", shape }));
      addNodes(spec, outputs);
      return outputs;
    },
    record(operation) {
      tape.push(operation);
    },
    tape,
    finish(name, results, next = new Map()) {
      const outputs = new Map([...results, ...[...next].map(([it, value]) => [nextName(it), value] as const)]);
      const renamed = newNames(nodes, outputs);
      return {
        name,
        inputs,
        outputs: [...outputs].map(([it, { type, shape }]) => ({ name: it, type, shape })),
        constants: [...constants.values()],
        nodes: nodes.map((it) => ({ ...it, inputs: it.inputs.map(renamed), outputs: it.outputs.map(renamed) })),
        values: values.map((it) => ({ ...it, name: renamed(it.name) })),
        state: states.map((it): StateValue => (next.has(it) ? { input: it, output: nextName(it) } : { input: it })),
      };
    },
  };
}

/** The output that holds the next value of the state `name`. */
function nextName(name: string): string {
  return `${name}.next`;
}

/** The output's name for what is an output. @throws RangeError where an output is no node's result, or one twice. */
function newNames(nodes: readonly GraphNode[], outputs: ReadonlyMap<string, Value>): (name: string) => string {
  const produced = new Set(nodes.flatMap((it) => it.outputs));
  const names = new Map<string, string>();
  for (const [name, value] of outputs) {
    if (!produced.has(value.name)) throw new RangeError(`output "${name}" is not computed by the graph`);
    if (names.has(value.name)) throw new RangeError(`outputs "${names.get(value.name)}" and "${name}" are one value`);
    names.set(value.name, name);
  }
  return (it) => names.get(it) ?? it;
}
