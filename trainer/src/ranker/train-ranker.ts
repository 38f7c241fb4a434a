// The ranker of one tree, level by level, root first: one linear SVM a node, siblings together, negatives from the
// documents below the parent (tfn) and, on the last level, from those that the levels above mistake for it (man).
import { type LabelTree, type LevelContent, numNodes } from "@tagwright/model/internals";
import type { RankerData, RankerOptions } from "./train-node.ts";
import type { WorkerPool } from "./worker-pool.ts";
import type { WorkerAnswer, WorkerRequest } from "./worker-protocol.ts";
import { NO_NODE } from "./worker-protocol.ts";

export interface TrainRankerOptions extends RankerOptions {
  /** Nodes of the last level but one that are predicted for each document; 0 for tfn alone. */
  readonly matched: number;
}

/** Documents in one matching job. */
const MATCH_BATCH = 2_000;
/** Children of a parent from which a level is stored with 16-bit child positions. */
const NARROW_CHILDREN = 128;

/**
 * One entry a level, as the model folder takes it. The result does not depend on the number of workers.
 * `onProgress` counts trained parents over all levels. @throws the signal's reason when aborted.
 */
export async function trainRanker(
  data: RankerData,
  tree: LabelTree,
  options: TrainRankerOptions,
  pool: WorkerPool,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<LevelContent[]> {
  pool.broadcast({ kind: "load", data });
  const total = tree.levels.reduce((sum, { childStart }) => sum + childStart.length - 1, 0);
  const trained: LevelContent[] = [];
  let done = 0;
  for (const [level, { childStart }] of tree.levels.entries()) {
    const isLast = level === tree.levels.length - 1;
    const extra =
      isLast && level > 0 && options.matched > 0
        ? await matchDocuments(data, tree, trained, options.matched, pool, signal)
        : undefined;
    const wide = widest(childStart) > NARROW_CHILDREN;
    const parents = byCost(data, level, childStart);
    const jobs: WorkerRequest[] = parents.map((parent) => ({
      kind: "train",
      level,
      parent,
      extra: extra?.documentsOf(parent) ?? new Uint32Array(0),
      wide,
      options,
    }));
    const answers = await pool.run(jobs, (count) => onProgress(done + count, total), signal);
    trained.push(gather(answers, parents, childStart, numNodes(tree.levels[level]!), wide));
    done += jobs.length;
  }
  return trained;
}

function gather(
  answers: readonly WorkerAnswer[],
  parents: readonly number[],
  childStart: Uint32Array,
  width: number,
  wide: boolean,
): LevelContent {
  const bias = new Float32Array(width);
  const chunks: LevelContent["chunks"][number][] = new Array(parents.length);
  for (const [job, answer] of answers.entries()) {
    if (answer.kind !== "trained") throw new Error(`internal: a training job answered "${answer.kind}"`);
    bias.set(answer.bias, childStart[parents[job]!]);
    chunks[parents[job]!] = answer.chunk;
  }
  return { bias, wide, chunks };
}

/** Parents, the one with the most documents first, so that no worker is left alone with a large one at the end. */
function byCost({ nodes }: RankerData, level: number, childStart: Uint32Array): number[] {
  const parents = Array.from({ length: childStart.length - 1 }, (_, parent) => parent);
  if (level === 0) return parents;
  const { indptr } = nodes[level - 1]!;
  const cost = (parent: number) =>
    (indptr[parent + 1]! - indptr[parent]!) * (childStart[parent + 1]! - childStart[parent]!);
  return parents.sort((a, b) => cost(b) - cost(a) || a - b);
}

function widest(childStart: Uint32Array): number {
  let most = 0;
  for (let p = 0; p + 1 < childStart.length; p++) most = Math.max(most, childStart[p + 1]! - childStart[p]!);
  return most;
}

/** Predicts the parents of the next level for all documents, and turns that round: documents by parent, ascending. */
async function matchDocuments(
  { features }: RankerData,
  tree: LabelTree,
  trained: readonly LevelContent[],
  keep: number,
  pool: WorkerPool,
  signal?: AbortSignal,
): Promise<{ documentsOf(parent: number): Uint32Array }> {
  pool.broadcast({ kind: "levels", tree, levels: trained.map(({ bias, chunks }) => ({ bias, chunks })) });
  const jobs: WorkerRequest[] = [];
  for (let from = 0; from < features.numRows; from += MATCH_BATCH) {
    jobs.push({ kind: "match", from, to: Math.min(from + MATCH_BATCH, features.numRows), keep });
  }
  const answers = await pool.run(jobs, () => undefined, signal);
  const lists: number[][] = Array.from({ length: numNodes(tree.levels[trained.length - 1]!) }, () => []);
  for (const [job, answer] of answers.entries()) {
    if (answer.kind !== "matched") throw new Error(`internal: a matching job answered "${answer.kind}"`);
    for (const [i, node] of answer.nodes.entries()) {
      if (node !== NO_NODE) lists[node]!.push(job * MATCH_BATCH + Math.floor(i / keep));
    }
  }
  return { documentsOf: (parent) => Uint32Array.from(lists[parent]!) };
}
