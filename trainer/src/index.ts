// The door of @tagwright/trainer.
export { type TrainContext, type TrainOptions, type TrainResult, train } from "./train.ts";
