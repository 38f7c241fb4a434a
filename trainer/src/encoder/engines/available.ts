// What there is to choose from on this machine, found without loading it.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { EngineName } from "./engine.ts";
import { findTfjsPackage, installTfjs } from "./tfjs-package.ts";

export interface AvailableEngine {
  readonly name: EngineName;
  /** For people: what it is, e.g. "onnxruntime on CPU". */
  readonly title: string;
  /** Version where it is installed. */
  readonly version: string | undefined;
  /** What is missing and how to get it, or what to know; undefined where all is well. */
  readonly note: string | undefined;
}

export function availableEngines(): AvailableEngine[] {
  const onnxruntime = onnxruntimeVersion();
  const missing = 'not installed; run "npm install --ignore-scripts onnxruntime-node"';
  const tfjs = findTfjsPackage();
  const gpu = hasGpu();
  return [
    {
      name: "cpu",
      title: "onnxruntime on CPU",
      version: onnxruntime,
      note: onnxruntime === undefined ? missing : undefined,
    },
    {
      name: "webgpu",
      title: "onnxruntime on any GPU, through WebGPU",
      version: gpu ? onnxruntime : undefined,
      note: gpu ? undefined : "this machine shows no GPU; it needs one with a Vulkan driver",
    },
    {
      name: "cuda",
      title: "onnxruntime on an NVIDIA GPU, through CUDA",
      version: hasCudaProvider() ? onnxruntime : undefined,
      note: hasCudaProvider() ? undefined : cudaCure,
    },
    {
      name: "tfjs",
      title: "TensorFlow on an NVIDIA GPU",
      version: tfjs?.version,
      note: tfjs === undefined ? `not installed; ${installTfjs()}` : undefined,
    },
  ];
}

export const cudaCure =
  'on Linux x64 "npm rebuild onnxruntime-node" fetches its libraries; CUDA 12 and cuDNN 9 are needed too';

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
