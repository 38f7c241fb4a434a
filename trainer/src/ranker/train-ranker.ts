// The ranker of one tree, level by level, root first: one linear SVM a node, siblings together, negatives from the
// documents below the parent (tfn) and, on the last level, from those that the levels above mistake for it (man).
import {
  type EncodedChunk,
  encodeChunk,
  type LabelTree,
  type LevelContent,
  NUM_LANES,
  numNodes,
} from "@tagwright/model/internals";
import { mergeParts, type NodeWeights } from "./merge-parts.ts";
import { documentsByNode, type PredictedDocuments, predictNodes } from "./predict-nodes.ts";
import type { NodePart, RankerData, RankerOptions } from "./train-node.ts";
import type { WorkerPool } from "./worker-pool.ts";
import type { WorkerAnswer, WorkerRequest } from "./worker-protocol.ts";

export interface TrainRankerOptions extends RankerOptions {
  /** Nodes of the last level but one that are predicted for each document; 0 for tfn alone. */
  readonly matched: number;
}

/** Jobs that a level is cut into at least, where it has so many pairs of lane groups. */
const JOBS_A_LEVEL = 8;

/**
 * One entry a level, as the model folder takes it. The result does not depend on the number of workers.
 * `onProgress` counts jobs over all levels. @throws the signal's reason when aborted.
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
  const counts = tree.levels.map((_, level) => nodeJobs(data, level).length);
  const total = counts.reduce((sum, count) => sum + count, 0);
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
  const predicted = await predictNodes(data, tree, trained, options.matched, pool, signal, options.loss);
  const matched = documentsByNode(predicted, options.matched, numNodes(tree.levels[last - 1]!));
  const before = total - counts[last]!;
  const onLast = (count: number) => onProgress(before + count, total);
  return [...trained, ...(await trainLevels(data, tree, [last], matched, options, pool, onLast, signal))];
}

/**
 * One level alone, as `trainRanker` would train it. Negatives of a parent are the other documents below it (tfn) and
 * those of `matched`, which names documents by node of the level above (man).
 * @throws the signal's reason when aborted.
 */
export async function trainLevel(
  data: RankerData,
  tree: LabelTree,
  level: number,
  matched: PredictedDocuments | undefined,
  options: RankerOptions,
  pool: WorkerPool,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<LevelContent> {
  pool.broadcast({ kind: "load", data });
  const total = nodeJobs(data, level).length;
  const onDone = (done: number) => onProgress(done, total);
  return (await trainLevels(data, tree, [level], matched, options, pool, onDone, signal))[0]!;
}

interface NodeJob {
  readonly level: number;
  readonly parent: number;
  readonly part: NodePart;
  readonly cost: number;
}

/** Trains some levels, their largest nodes first, so that no worker is left alone with a large one at the end. */
async function trainLevels(
  data: RankerData,
  tree: LabelTree,
  levels: readonly number[],
  matched: PredictedDocuments | undefined,
  options: RankerOptions,
  pool: WorkerPool,
  onDone: (done: number) => void,
  signal?: AbortSignal,
): Promise<LevelContent[]> {
  const nodes = levels.flatMap((level) => nodeJobs(data, level));
  nodes.sort((a, b) => b.cost - a.cost || a.level - b.level || a.parent - b.parent || a.part.index - b.part.index);
  const jobs = nodes.map(
    ({ level, parent, part }): WorkerRequest => ({
      kind: "train",
      level,
      parent,
      extra: matched?.documentsOf(parent) ?? new Uint32Array(0),
      part,
      options,
    }),
  );
  const collector = newCollector(levels, tree);
  await pool.run(
    jobs,
    (job, answer, done) => {
      collector.take(nodes[job]!, answer);
      onDone(done);
    },
    signal,
  );
  return collector.trained;
}

/** Puts answers in their places. Parts of a node are joined as soon as they are there, while workers go on. */
function newCollector(levels: readonly number[], tree: LabelTree) {
  const trained = levels.map((level) => ({
    bias: new Float32Array(numNodes(tree.levels[level]!)),
    chunks: new Array<EncodedChunk>(tree.levels[level]!.childStart.length - 1),
  }));
  const waiting = new Map<string, Map<number, NodeWeights>>();

  function place({ level, parent }: NodeJob, bias: Float32Array, encode: (numChildren: number) => EncodedChunk) {
    const { childStart } = tree.levels[level]!;
    const into = trained[levels.indexOf(level)]!;
    into.bias.set(bias, childStart[parent]!);
    into.chunks[parent] = encode(childStart[parent + 1]! - childStart[parent]!);
  }

  return {
    trained,
    take(job: NodeJob, answer: WorkerAnswer) {
      if (answer.kind === "trained") return place(job, answer.bias, () => answer.chunk);
      if (answer.kind !== "part") throw new Error(`internal: a training job answered "${answer.kind}"`);
      const node = `${job.level} ${job.parent}`;
      const parts = waiting.get(node) ?? new Map<number, NodeWeights>();
      waiting.set(node, parts.set(job.part.index, answer));
      if (parts.size < job.part.count) return;
      waiting.delete(node);
      const inOrder = Array.from({ length: job.part.count }, (_, index) => parts.get(index)!);
      const { bias, chunk } = mergeParts(inOrder);
      place(job, bias, (numChildren) => encodeChunk(chunk, numChildren));
    },
  };
}

/**
 * One job for each parent, or several for each where a level has few; the cost is the number of documents below it times
 * its groups of children. The cut depends on the tree alone, and the weights not even on the cut.
 */
function nodeJobs({ nodes, features, childStart }: RankerData, level: number): NodeJob[] {
  const starts = childStart[level]!;
  const numParents = starts.length - 1;
  return Array.from({ length: numParents }, (_, parent) => {
    const above = nodes[level - 1];
    const documents = above === undefined ? features.numRows : above.indptr[parent + 1]! - above.indptr[parent]!;
    const groups = Math.ceil((starts[parent + 1]! - starts[parent]!) / NUM_LANES);
    const count = Math.max(1, Math.min(groups >> 1, Math.ceil(JOBS_A_LEVEL / numParents)));
    const cost = (documents * groups) / count;
    return Array.from({ length: count }, (_part, index) => ({ level, parent, part: { index, count }, cost }));
  }).flat();
}
