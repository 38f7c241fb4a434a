// The second door: what the trainer, and nobody else, shares with the running model.
export type { ModelInfo } from "./types.ts";
