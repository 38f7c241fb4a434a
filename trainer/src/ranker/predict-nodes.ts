// Which nodes the levels trained so far predict for the training documents themselves: the matcher-aware negatives of
// the next level, and the candidates that an encoder is fine-tuned on.
import { type LabelTree, type LevelContent, type Loss, numNodes } from "@tagwright/model/internals";
import type { RankerData } from "./train-node.ts";
import type { WorkerPool } from "./worker-pool.ts";
import { NO_NODE, type WorkerRequest } from "./worker-protocol.ts";

/** Documents in one matching job. */
const MATCH_BATCH = 2_000;

/**
 * The `keep` best nodes of the last of `levels` for every document, found by a beam that keeps as many on the way.
 * `loss` is what the levels were trained with.
 *
 * Shape   [documents, keep], best first, NO_NODE where there are fewer. The same for any number of workers.
 * Errors  the signal's reason when aborted.
 */
export async function predictNodes(
  data: RankerData,
  tree: LabelTree,
  levels: readonly LevelContent[],
  keep: number,
  pool: WorkerPool,
  signal?: AbortSignal,
  loss: Loss = "squared-hinge",
): Promise<Uint32Array> {
  const { numRows } = data.features;
  pool.broadcast({ kind: "load", data });
  pool.broadcast({ kind: "levels", tree, levels, loss });
  const jobs: WorkerRequest[] = [];
  for (let from = 0; from < numRows; from += MATCH_BATCH) {
    jobs.push({ kind: "match", from, to: Math.min(from + MATCH_BATCH, numRows), keep });
  }
  const nodes = new Uint32Array(numRows * keep);
  await pool.run(
    jobs,
    (job, answer) => {
      if (answer.kind !== "matched") throw new Error(`internal: a matching job answered "${answer.kind}"`);
      nodes.set(answer.nodes, job * MATCH_BATCH * keep);
    },
    signal,
  );
  return nodes;
}

/** Nodes of documents, turned round: documents of nodes. */
export interface PredictedDocuments {
  /** Documents for which `node` is predicted, ascending. */
  documentsOf(node: number): Uint32Array;
}

/** What `predictNodes` found, by node of the level it was asked for. */
export function documentsByNode(nodes: Uint32Array, keep: number, width: number): PredictedDocuments {
  const start = new Uint32Array(width + 1);
  for (const node of nodes) if (node !== NO_NODE) start[node + 1]!++;
  for (let node = 0; node < width; node++) start[node + 1]! += start[node]!;
  const next = start.slice();
  const documents = new Uint32Array(start[width]!);
  for (const [i, node] of nodes.entries()) if (node !== NO_NODE) documents[next[node]!++] = Math.floor(i / keep);
  return { documentsOf: (node) => documents.slice(start[node], start[node + 1]) };
}

/**
 * The first `depth` levels of a problem, so that a ranker can be trained on them: nodes of the last one stand where
 * the labels stood.
 */
export function topLevels(data: RankerData, tree: LabelTree, depth: number): { data: RankerData; tree: LabelTree } {
  const levels = tree.levels.slice(0, depth);
  return {
    data: { ...data, nodes: data.nodes.slice(0, depth), childStart: data.childStart.slice(0, depth) },
    tree: { levels, labelOf: Uint32Array.from({ length: numNodes(levels[depth - 1]!) }, (_, node) => node) },
  };
}
