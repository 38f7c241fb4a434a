import type { Kernels } from "./kernels.ts";
import { newReferenceKernels } from "./reference.ts";
import { newSimdKernels } from "./simd.ts";

/** The fastest kernels of this machine, with memory of their own. One without WebAssembly SIMD is slower, not different. */
export function newKernels(): Kernels {
  try {
    return newSimdKernels();
  } catch {
    return newReferenceKernels();
  }
}
