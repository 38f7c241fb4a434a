// Copies between this process and a WebGPU device. onnxruntime-node 1.30 has no call for it (`getData` ends the process),
// so a session of one Identity does it: with its output on the device it uploads, with its output here it downloads.
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { ElementType, Graph } from "../graph/graph.ts";
import { encodeOnnx } from "../graph/onnx.ts";

type Ort = typeof import("onnxruntime-node");

/** Owns the sessions that copy. */
export interface WebGpuCopies {
  /** Whether tensors of this type can stay on the device; others live here and travel with each run. */
  holds(type: ElementType): boolean;
  upload(tensor: Tensor): Promise<Tensor>;
  download(tensor: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

export function newWebGpuCopies(ort: Ort, options: InferenceSession.SessionOptions): WebGpuCopies {
  return new IdentitySessions(ort, options);
}

class IdentitySessions implements WebGpuCopies {
  readonly #ort: Ort;
  readonly #options: InferenceSession.SessionOptions;
  readonly #sessions = new Map<string, Promise<InferenceSession>>();

  constructor(ort: Ort, options: InferenceSession.SessionOptions) {
    this.#ort = ort;
    this.#options = options;
  }

  holds(type: ElementType): boolean {
    return type === "float32" || type === "int32";
  }

  async upload(tensor: Tensor): Promise<Tensor> {
    return this.holds(tensor.type as ElementType) ? this.#copy(tensor, "gpu-buffer") : tensor;
  }

  download(tensor: Tensor): Promise<Tensor> {
    return this.#copy(tensor, "cpu");
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await (await session).release();
  }

  async #copy(tensor: Tensor, location: "cpu" | "gpu-buffer"): Promise<Tensor> {
    const { y } = await (await this.#session(tensor, location)).run({ x: tensor });
    return y as Tensor;
  }

  /** One for each type, rank and direction. */
  #session(tensor: Tensor, location: "cpu" | "gpu-buffer"): Promise<InferenceSession> {
    const key = `${tensor.type} ${tensor.dims.length} ${location}`;
    let session = this.#sessions.get(key);
    if (session === undefined) {
      const model = encodeOnnx(identity(tensor.type as ElementType, tensor.dims.length));
      const outputs = location === "cpu" ? {} : { preferredOutputLocation: location };
      session = this.#ort.InferenceSession.create(model, { ...this.#options, ...outputs });
      this.#sessions.set(key, session);
      // The device may have room for it later.
      session.catch(() => this.#sessions.delete(key));
    }
    return session;
  }
}

function identity(type: ElementType, rank: number): Graph {
  const shape = Array.from({ length: rank }, (_, i) => `d${i}`);
  return {
    name: "copy",
    inputs: [{ name: "x", type, shape }],
    outputs: [{ name: "y", type, shape }],
    constants: [],
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
    state: [],
  };
}
