// What there is to choose from on this machine, found without loading it.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { EngineName } from "./engine.ts";
import { findTfjsPackage, installTfjs } from "./tfjs-package.ts";

export interface AvailableEngine {
  readonly name: EngineName;
  /** For people, e.g. "onnxruntime on CPU". */
  readonly title: string;
  /** Where it can be used. */
  readonly version: string | undefined;
  /** Where it cannot: what is missing, and how to get it. */
  readonly note: string | undefined;
}

export function availableEngines(): AvailableEngine[] {
  const onnxruntime = onnxruntimeVersion();
  const tfjs = findTfjsPackage();
  const engine = (name: EngineName, title: string, version: string | undefined, cure: string): AvailableEngine => ({
    name,
    title,
    version,
    note: version === undefined ? cure : undefined,
  });
  const webgpu = hasGpu() ? onnxruntime : undefined;
  const cuda = hasCudaProvider() ? onnxruntime : undefined;
  return [
    engine("cpu", "onnxruntime on CPU", onnxruntime, 'run "npm install --ignore-scripts onnxruntime-node"'),
    engine("webgpu", "onnxruntime on a GPU, through WebGPU", webgpu, "this machine shows no GPU"),
    engine("webgpu16", "onnxruntime on a GPU, through WebGPU in 16 bits", webgpu, "this machine shows no GPU"),
    engine("cuda", "onnxruntime on an NVIDIA GPU, through CUDA", cuda, cudaCure),
    engine(
      "tfjs",
      `${tfjs?.name ?? "TensorFlow.js"}, for an NVIDIA GPU`,
      tfjs?.version,
      `needs an NVIDIA GPU, and ${installTfjs()}`,
    ),
  ];
}

export const cudaCure =
  'needs CUDA 12 and cuDNN 9, and on Linux x64 "npm rebuild onnxruntime-node" to fetch its libraries';

/** Whether a GPU may be here. Linux shows a device file for each; elsewhere only a trial can tell. */
export function hasGpu(): boolean {
  if (process.platform !== "linux") return true;
  return ["/dev/dri", "/dev/nvidia0", "/dev/dxg"].some((it) => existsSync(it));
}

/** The provider's library is no part of the package; its install script fetches it on request. */
export function hasCudaProvider(): boolean {
  const file = onnxruntimeManifest();
  if (file === undefined) return false;
  const library = process.platform === "win32" ? "onnxruntime_providers_cuda.dll" : "libonnxruntime_providers_cuda.so";
  return existsSync(path.join(path.dirname(file), "bin", "napi-v6", process.platform, process.arch, library));
}

function onnxruntimeVersion(): string | undefined {
  const file = onnxruntimeManifest();
  return file === undefined ? undefined : String((createRequire(file)(file) as { version?: unknown }).version);
}

function onnxruntimeManifest(): string | undefined {
  try {
    return createRequire(__filename).resolve("onnxruntime-node/package.json");
  } catch {
    // Not installed beside this program.
    return undefined;
  }
}
