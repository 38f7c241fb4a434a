// WebAssembly kernels, 128-bit SIMD. Each has a plain TypeScript twin in ../reference.ts, equal bit for bit.
// The caller lays out memory and passes byte addresses; ../simd.ts is that caller.
export { liftPositives, solveGroup } from "./solve-group";
export { collectRows, spreadRows } from "./collect-rows";
export { dotPanel } from "./dot-panel";
