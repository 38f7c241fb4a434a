// Engines over onnxruntime: CPU, any GPU through WebGPU (with products in 32 or in 16 bits), NVIDIA's through CUDA. Weights
// and moments stay on a WebGPU device; on CPU and CUDA they are plain arrays, since onnxruntime-node hands each output of
// those out as a new array anyway.
import os from "node:os";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { Graph } from "../graph/graph.ts";
import { withHalfProducts } from "../graph/half-products.ts";
import { encodeOnnx } from "../graph/onnx.ts";
import { withOrderedSums } from "../graph/ordered-sums.ts";
import { withPlainProducts } from "../graph/plain-products.ts";
import { cudaCure, hasCudaProvider } from "./available.ts";
import { type Engine, EngineError, type HostTensor, type Program, type Tensors } from "./engine.ts";
import { newFiniteProgram } from "./finite-program.ts";
import { newWebGpuCopies, type WebGpuCopies } from "./ort-webgpu.ts";
import { type Device, newResidentProgram } from "./resident-program.ts";
import { copyTensor, type GraphPlan, planGraph } from "./tensors.ts";

export type OrtEngineName = "cpu" | "webgpu" | "webgpu16" | "cuda";

export interface OrtOptions {
  /** Of one operator; default: all cores. */
  readonly threads?: number;
}

type Ort = typeof import("onnxruntime-node");

/** @throws EngineError where the provider, or a device for it, is not there. */
export async function newOrtEngine(name: OrtEngineName, options: OrtOptions = {}): Promise<Engine> {
  const ort = await loadOrt();
  if (name === "cuda" && !hasCudaProvider())
    throw new EngineError(`the CUDA provider of onnxruntime is not installed; ${cures.cuda}`);
  const threads = options.threads ?? os.availableParallelism();
  const engine = new OrtEngine(name, ort, {
    ...sessionOptions,
    executionProviders: [providers[name]],
    intraOpNumThreads: threads,
  });
  if (name !== "cpu") await engine.probe();
  return engine;
}

const providers = { cpu: "cpu", webgpu: "webgpu", webgpu16: "webgpu", cuda: "cuda" } as const;

const sessionOptions = {
  graphOptimizationLevel: "all",
  // A plan of memory is for one shape. Texts have many, and with plans a step takes two thirds more memory and the same time.
  enableMemPattern: false,
  // An error is thrown, and need not be printed as well.
  logSeverityLevel: 4,
  extra: {
    // A saturated softmax is full of numbers below 1e-38, on which a processor is slow: a step took ten times as long.
    session: { set_denormal_as_zero: "1" },
    // On Apple's M4 these kernels may give other bits for the same product (microsoft/onnxruntime#31569: seen in 1.27, not
    // known to be mended in 1.30), and a run that is resumed has to end in the same model.
    mlas: { disable_kleidiai: "1" },
  },
} as const;

async function loadOrt(): Promise<Ort> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new EngineError(
      `onnxruntime-node does not load here (${firstLine(cause)}); install it with "npm install --ignore-scripts onnxruntime-node"`,
      { cause },
    );
  }
}

class OrtEngine implements Engine {
  readonly name: OrtEngineName;
  readonly description: string;
  readonly #ort: Ort;
  readonly #options: InferenceSession.SessionOptions;
  readonly #copies: WebGpuCopies | undefined;

  constructor(name: OrtEngineName, ort: Ort, options: InferenceSession.SessionOptions) {
    this.name = name;
    this.#ort = ort;
    this.#options = options;
    this.#copies = providers[name] === "webgpu" ? newWebGpuCopies(ort, options) : undefined;
    const version = ort.env.versions.node ?? ort.env.versions.common;
    const { intraOpNumThreads: threads } = options;
    const device = {
      cpu: `CPU, onnxruntime ${version}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
      webgpu: `GPU through WebGPU, onnxruntime ${version}`,
      webgpu16: `GPU through WebGPU, products in 16 bits, onnxruntime ${version}`,
      cuda: `NVIDIA GPU through CUDA, onnxruntime ${version}`,
    };
    this.description = device[name];
  }

  /** @throws EngineError where this engine cannot run the smallest graph. */
  async probe(): Promise<void> {
    const value = { type: "float32", shape: [2, 2] } as const;
    const graph: Graph = {
      name: "probe",
      inputs: [{ ...value, name: "x" }],
      outputs: [{ ...value, name: "y" }],
      constants: [],
      nodes: [{ op: "Gemm", inputs: ["x", "x"], outputs: ["y"] }],
      state: [],
    };
    try {
      const program = await this.load(graph, new Map());
      await program.run(new Map([["x", { ...value, data: Float32Array.of(1, 2, 3, 4) }]]));
      await program.dispose();
    } catch (cause) {
      throw new EngineError(`the ${this.name} engine does not run here: ${firstLine(cause)}; ${cures[this.name]}`, {
        cause,
      });
    }
  }

  async load(graph: Graph, state: Tensors): Promise<Program> {
    const plan = planGraph(graph);
    const model = encodeOnnx(rewrites[this.name]?.(graph) ?? graph);
    const resident = this.#copies === undefined ? {} : { preferredOutputLocation: outputLocations(plan, this.#copies) };
    let session: InferenceSession;
    try {
      session = await this.#ort.InferenceSession.create(model, { ...this.#options, ...resident });
    } catch (cause) {
      throw new EngineError(`${this.name} cannot load graph "${graph.name}": ${firstLine(cause)}`, { cause });
    }
    const device = new OrtDevice(this.name, this.#ort, session, plan, this.#copies);
    const program = await newResidentProgram(graph, state, device);
    return this.name === "webgpu16" ? newFiniteProgram(program) : program;
  }

  async dispose(): Promise<void> {
    await this.#copies?.dispose();
  }
}

/** What a provider computes in other operators. */
const rewrites: Partial<Record<OrtEngineName, (graph: Graph) => Graph>> = {
  cpu: withOrderedSums,
  webgpu: withPlainProducts,
  webgpu16: (graph) => withHalfProducts(withPlainProducts(graph)),
};

const cures: Record<OrtEngineName, string> = {
  cpu: "install onnxruntime-node for this platform",
  webgpu:
    "install the graphics driver of your GPU (on Linux with Vulkan: libvulkan1 and the vendor's driver), or take --engine cpu",
  webgpu16: "it needs a GPU, and a driver, with 16-bit numbers; take --engine webgpu, or --engine cpu",
  cuda: `${cudaCure}; or take --engine cpu`,
};

/** Next state stays on the device where it can; results come to the caller. */
function outputLocations(
  { changes, results, state }: GraphPlan,
  copies: WebGpuCopies,
): Record<string, Tensor.DataLocation> {
  const locations: Record<string, Tensor.DataLocation> = {};
  for (const { name } of results) locations[name] = "cpu";
  for (const { input, output } of changes)
    locations[output] = copies.holds(state.get(input)!.type) ? "gpu-buffer" : "cpu";
  return locations;
}

class OrtDevice implements Device<Tensor> {
  readonly #name: OrtEngineName;
  readonly #ort: Ort;
  readonly #session: InferenceSession;
  readonly #plan: GraphPlan;
  readonly #copies: WebGpuCopies | undefined;

  constructor(
    name: OrtEngineName,
    ort: Ort,
    session: InferenceSession,
    plan: GraphPlan,
    copies: WebGpuCopies | undefined,
  ) {
    this.#name = name;
    this.#ort = ort;
    this.#session = session;
    this.#plan = plan;
    this.#copies = copies;
  }

  async upload(value: HostTensor): Promise<Tensor> {
    const onHost = this.#toOrt(copyTensor(value));
    return this.#guard(() => this.#copies?.upload(onHost) ?? onHost);
  }

  async download(values: ReadonlyMap<string, Tensor>): Promise<Tensors> {
    const downloaded = new Map<string, HostTensor>();
    for (const [name, value] of values) {
      const onHost = value.location === "cpu" ? value : await this.#guard(() => this.#copies!.download(value));
      downloaded.set(name, value.location === "cpu" ? copyTensor(fromOrt(onHost)) : fromOrt(onHost));
    }
    return downloaded;
  }

  async execute(state: ReadonlyMap<string, Tensor>, feeds: Tensors) {
    const inputs: Record<string, Tensor> = Object.fromEntries(state);
    for (const [name, tensor] of feeds) inputs[name] = this.#toOrt(tensor);
    const outputs = await this.#guard(() => this.#session.run(inputs));
    const results = new Map(this.#plan.results.map(({ name }) => [name, fromOrt(outputs[name] as Tensor)]));
    const next = new Map(this.#plan.changes.map(({ output }) => [output, outputs[output] as Tensor]));
    return { results, next };
  }

  free(value: Tensor): void {
    if (value.location !== "cpu") value.dispose();
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }

  #toOrt({ type, shape, data }: HostTensor): Tensor {
    return new this.#ort.Tensor(type, data as Float32Array, [...shape]) as Tensor;
  }

  async #guard<R>(work: () => R | Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (cause) {
      const cure =
        this.#name === "cpu"
          ? ""
          : "; continue from the last checkpoint with --resume, where the GPU does not recover with --engine cpu as well";
      throw new EngineError(`the ${this.#name} engine failed: ${firstLine(cause)}${cure}`, { cause });
    }
  }
}

function fromOrt({ type, dims, data }: Tensor): HostTensor {
  return { type, shape: dims, data } as HostTensor;
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // onnxruntime puts a source file and a C++ signature before what it has to say.
  return message
    .trim()
    .split("\n", 1)[0]!
    .replace(/^\/\S+:\d+ .*?\)(?:::<lambda\(\)>)? /u, "");
}
