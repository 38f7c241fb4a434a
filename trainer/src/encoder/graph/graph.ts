// A computation as data: what the builder writes, ONNX stores and every engine runs. Names tie values to nodes; nodes
// stand in an order in which they can run. A dimension with a name may differ from run to run.

export type ElementType = "float32" | "int32" | "int64" | "int8" | "uint8" | "bool";
export type Dimension = number | string;
export type TensorData = Float32Array | Int32Array | BigInt64Array | Int8Array | Uint8Array;

export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

export interface Constant {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Row-major; BigInt64Array for int64, Uint8Array of 0 and 1 for bool. */
  readonly data: TensorData;
}

export type Attribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "string"; readonly value: string };

/** One operator of ONNX opset 18, or of `com.microsoft`. "" stands for an optional input or output that is absent. */
export interface GraphNode {
  readonly op: string;
  readonly domain?: "com.microsoft";
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** An input that an engine keeps between runs; `output` names its next value, none where it never changes. */
export interface StateValue {
  readonly input: string;
  readonly output?: string;
}

export interface Graph {
  readonly name: string;
  /** State and feeds. */
  readonly inputs: readonly Value[];
  /** Next state and results. */
  readonly outputs: readonly Value[];
  readonly constants: readonly Constant[];
  readonly nodes: readonly GraphNode[];
  readonly state: readonly StateValue[];
  /** What nodes compute, where whoever built the graph knows it. */
  readonly values?: readonly Value[];
}
