// WebGPU for tests: on this machine's GPU, else on SwiftShader, a GPU in software (node test/gpu/set-up.mjs installs it).
import { existsSync } from "node:fs";
import { hasGpu } from "./available.ts";
import type { Engine } from "./engine.ts";
import { newOrtEngine } from "./ort.ts";

const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** The engine, or why there is none. */
export async function openWebGpu(): Promise<Engine | string> {
  if (!hasGpu() && existsSync(swiftShader)) process.env["VK_ICD_FILENAMES"] ??= swiftShader;
  return newOrtEngine("webgpu").catch((error: Error) => error.message);
}
