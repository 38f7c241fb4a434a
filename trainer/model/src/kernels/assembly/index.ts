// WebAssembly kernels, 128-bit SIMD. Each has a plain TypeScript twin in ../reference.ts.
export function version(): i32 {
  return 1;
}
