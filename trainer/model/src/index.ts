// The door of @tagwright/model.
export type { Explanation, Model, ModelInfo, OpenOptions, PathStep, Suggestion, TermContribution } from "./types.ts";
