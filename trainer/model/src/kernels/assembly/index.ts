// WebAssembly kernels, 128-bit SIMD. Each has a plain TypeScript twin in ../reference.ts, equal bit for bit.
// The caller lays out memory and passes byte addresses; ../simd.ts is that caller.
export { gramMatrix, startMargins, sumWeights } from "./gram-matrix";
export { liftPositives } from "./lift-positives";
export { solveGroup } from "./solve-group";
export { collectRows, spreadRows } from "./collect-rows";
export { dotPanel } from "./dot-panel";
