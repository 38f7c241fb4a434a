// The ranker of one tree, level by level, root first: one linear SVM a node, siblings together, negatives from the
// documents below the parent (tfn) and, on the last level, from those that the levels above mistake for it (man).
import { type LabelTree, type LevelContent, NUM_LANES, numNodes } from "@tagwright/model/internals";
import type { RankerData, RankerOptions } from "./train-node.ts";
import type { WorkerPool } from "./worker-pool.ts";
import type { WorkerRequest } from "./worker-protocol.ts";
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
  const last = tree.levels.length - 1;
  // Levels do not build on each other unless the last one asks what those above predict: they train side by side.
  const together = last > 0 && options.matched > 0 ? [...tree.levels.keys()].slice(0, last) : [...tree.levels.keys()];
  const trained = await trainLevels(
    data,
    tree,
    together,
    undefined,
    options,
    pool,
    (n) => onProgress(n, total),
    signal,
  );
  if (together.length === tree.levels.length) return trained;
  const matched = await matchDocuments(data, tree, trained, options.matched, pool, signal);
  const before = total - (tree.levels[last]!.childStart.length - 1);
  const onLast = (count: number) => onProgress(before + count, total);
  return [...trained, ...(await trainLevels(data, tree, [last], matched, options, pool, onLast, signal))];
}

interface NodeJob {
  readonly level: number;
  readonly parent: number;
  readonly cost: number;
}

/** Trains some levels, their largest nodes first, so that no worker is left alone with a large one at the end. */
async function trainLevels(
  data: RankerData,
  tree: LabelTree,
  levels: readonly number[],
  matched: MatchedDocuments | undefined,
  options: RankerOptions,
  pool: WorkerPool,
  onDone: (done: number) => void,
  signal?: AbortSignal,
): Promise<LevelContent[]> {
  const nodes = levels.flatMap((level) => nodeJobs(data, level));
  nodes.sort((a, b) => b.cost - a.cost || a.level - b.level || a.parent - b.parent);
  const wide = new Map(levels.map((level) => [level, widest(tree.levels[level]!.childStart) > NARROW_CHILDREN]));
  const jobs = nodes.map(
    ({ level, parent }): WorkerRequest => ({
      kind: "train",
      level,
      parent,
      extra: matched?.documentsOf(parent) ?? new Uint32Array(0),
      wide: wide.get(level)!,
      options,
    }),
  );
  const answers = await pool.run(jobs, onDone, signal);
  const trained = levels.map((level) => ({
    bias: new Float32Array(numNodes(tree.levels[level]!)),
    wide: wide.get(level)!,
    chunks: new Array<LevelContent["chunks"][number]>(tree.levels[level]!.childStart.length - 1),
  }));
  for (const [job, answer] of answers.entries()) {
    if (answer.kind !== "trained") throw new Error(`internal: a training job answered "${answer.kind}"`);
    const { level, parent } = nodes[job]!;
    const { bias, chunks } = trained[levels.indexOf(level)]!;
    bias.set(answer.bias, tree.levels[level]!.childStart[parent]);
    chunks[parent] = answer.chunk;
  }
  return trained;
}

/** One job for each parent; its cost is the number of documents below it times its groups of children. */
function nodeJobs({ nodes, features, childStart }: RankerData, level: number): NodeJob[] {
  const starts = childStart[level]!;
  return Array.from({ length: starts.length - 1 }, (_, parent) => {
    const above = nodes[level - 1];
    const documents = above === undefined ? features.numRows : above.indptr[parent + 1]! - above.indptr[parent]!;
    return { level, parent, cost: documents * Math.ceil((starts[parent + 1]! - starts[parent]!) / NUM_LANES) };
  });
}

function widest(childStart: Uint32Array): number {
  let most = 0;
  for (let p = 0; p + 1 < childStart.length; p++) most = Math.max(most, childStart[p + 1]! - childStart[p]!);
  return most;
}

interface MatchedDocuments {
  /** Documents for which the levels above predict `parent`, ascending. */
  documentsOf(parent: number): Uint32Array;
}

/** Predicts the parents of the next level for all documents, and turns that round: documents by parent, ascending. */
async function matchDocuments(
  { features }: RankerData,
  tree: LabelTree,
  trained: readonly LevelContent[],
  keep: number,
  pool: WorkerPool,
  signal?: AbortSignal,
): Promise<MatchedDocuments> {
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
