// Loads the WebAssembly kernels; owns their memory.
import { kernelsBase64 } from "./generated/kernels.ts";
import type { Kernels } from "./kernels.ts";

const PAGE = 65536;
const MAX_PAGES = 65536;

type Exports = Omit<Kernels, "name" | "buffer" | "reserve">;

/** A fresh instance with memory of its own. @throws WebAssembly.CompileError where the machine has no SIMD. */
export function newSimdKernels(): Kernels {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: MAX_PAGES });
  const module = new WebAssembly.Module(Buffer.from(kernelsBase64, "base64"));
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const exports = instance.exports as unknown as Exports;
  return {
    name: "simd",
    buffer: () => memory.buffer,
    reserve(bytes) {
      const missing = Math.ceil(bytes / PAGE) - memory.buffer.byteLength / PAGE;
      if (missing > 0) memory.grow(missing);
    },
    gramMatrix: exports.gramMatrix,
    startMargins: exports.startMargins,
    solveGroup: exports.solveGroup,
    sumWeights: exports.sumWeights,
    liftPositives: exports.liftPositives,
    collectRows: exports.collectRows,
    spreadRows: exports.spreadRows,
    dotPanel: exports.dotPanel,
  };
}
