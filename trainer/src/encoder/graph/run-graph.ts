// Runs a graph in onnxruntime on the CPU, for the tests of this folder; engines/ has what training uses.
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { HostTensor } from "../engines/engine.ts";
import type { Graph } from "./graph.ts";
import { encodeOnnx } from "./onnx.ts";

export type Run = (inputs: ReadonlyMap<string, HostTensor>) => Promise<Map<string, HostTensor>>;

/** Calls `use` with a function that runs `graph`; every input is fed, every output is given back. */
export async function withGraph<T>(graph: Graph, use: (run: Run) => Promise<T>): Promise<T> {
  const options = { logSeverityLevel: 3, intraOpNumThreads: 1 } as const;
  const session = await InferenceSession.create(encodeOnnx(graph), options);
  try {
    return await use(async (inputs) => {
      const feeds = graph.inputs.map(({ name, type }) => {
        const value = inputs.get(name);
        if (value === undefined) throw new RangeError(`run: no input "${name}"`);
        return [name, new Tensor(type, value.data as Float32Array, value.shape)] as const;
      });
      const results = await session.run(Object.fromEntries(feeds));
      return new Map(
        graph.outputs.map(({ name, type }) => {
          const { data, dims } = results[name]!;
          return [name, { type, shape: dims, data: data as Float32Array }];
        }),
      );
    });
  } finally {
    await session.release();
  }
}

export function floats(shape: readonly number[], data: ArrayLike<number>): HostTensor {
  return { type: "float32", shape, data: Float32Array.from(data) };
}
