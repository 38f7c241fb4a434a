// A ranker worker: trains the children of one node, or predicts nodes for training documents, one job at a time.
import { parentPort } from "node:worker_threads";
import { encodeChunk, newKernels } from "@tagwright/model/internals";
import { type Matcher, newMatcher } from "./ranker/match.ts";
import { type NodeTrainer, newNodeTrainer, type RankerData } from "./ranker/train-node.ts";
import type { WorkerAnswer, WorkerRequest } from "./ranker/worker-protocol.ts";

const port = parentPort;
if (port === null) throw new Error("internal: the ranker worker runs in a worker thread only");

const kernels = newKernels();
const state: { data?: RankerData; trainer?: NodeTrainer; matcher?: Matcher } = {};

port.on("message", (request: WorkerRequest) => {
  const answer = guard(() => handle(request));
  if (answer !== undefined) port.postMessage(answer, transferList(answer));
});

function handle(request: WorkerRequest): WorkerAnswer | undefined {
  if (request.kind === "load") {
    state.data = request.data;
    state.trainer = newNodeTrainer(request.data, kernels);
    return undefined;
  }
  const { data, trainer } = state;
  if (data === undefined || trainer === undefined) throw new Error("internal: a job before its data");
  if (request.kind === "levels") {
    state.matcher = newMatcher(data.features, request.tree, request.levels, request.loss);
    return undefined;
  }
  if (request.kind === "match") {
    if (state.matcher === undefined) throw new Error("internal: match before levels");
    return { kind: "matched", nodes: state.matcher.match(request.from, request.to, request.keep) };
  }
  const { level, parent, extra, options, part } = request;
  const { bias, chunk, passes } = trainer.train(level, parent, extra, options, part);
  if (part.count > 1) return { kind: "part", bias, chunk };
  return { kind: "trained", bias, chunk: encodeChunk(chunk, bias.length), passes };
}

function guard(work: () => WorkerAnswer | undefined): WorkerAnswer | undefined {
  try {
    return work();
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function transferList(answer: WorkerAnswer): ArrayBuffer[] {
  const arrays: ArrayBufferView[] = [];
  if (answer.kind === "matched") arrays.push(answer.nodes);
  if (answer.kind === "trained" || answer.kind === "part") {
    const { bias, chunk } = answer;
    arrays.push(bias);
    if (chunk.dense !== undefined) arrays.push(chunk.dense.weights, chunk.dense.scales);
  }
  if (answer.kind === "trained") arrays.push(answer.chunk.packed);
  if (answer.kind === "part") {
    const { features, rowStart, children, weights } = answer.chunk;
    arrays.push(features, rowStart, children, weights);
  }
  return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))];
}
