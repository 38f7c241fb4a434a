// Bonsai's tree: wide spherical k-means without balance, shallow. Source: Khandagale, Xiao and Babbar, 2020.
// A cluster that is small enough early keeps a chain of single children, so that all labels lie on one level.
import { type Csr, type LabelTree, MOST_CHILDREN, type TreeLevel } from "@tagwright/model/internals";
import { newBreather } from "../breathe.ts";
import { childSeed, newRandom } from "../random.ts";

const MAX_ITERATIONS = 20;
const MAX_DEPTH = 3;
/** What the chunk of one node can hold. */
const MOST_LABELS = MOST_CHILDREN;

interface Cluster {
  readonly labels: Uint32Array;
  readonly children: Cluster[];
}

/**
 * At most `branching` clusters a node; nodes over `leafSize` labels are split again, MAX_DEPTH times at most. What is
 * then still too large for one node (labels that k-means cannot tell apart) is cut into equal parts.
 * @throws the signal's reason when aborted.
 */
export async function buildWideTree(
  embedding: Csr,
  { branching, leafSize }: { readonly branching: number; readonly leafSize: number },
  seed: number,
  signal?: AbortSignal,
): Promise<LabelTree> {
  const pause = newBreather(signal);
  const all = Uint32Array.from({ length: embedding.numRows }, (_, label) => label);
  let count = 0;
  const grow = async (labels: Uint32Array, depth: number): Promise<Cluster> => {
    if (labels.length <= leafSize || depth === MAX_DEPTH) return leaf(labels);
    const k = Math.min(branching, Math.ceil((2 * labels.length) / leafSize));
    const parts = await wideClusters(embedding, labels, k, childSeed(seed, count++), pause);
    if (parts.length < 2) return leaf(labels);
    const children: Cluster[] = [];
    for (const part of parts) children.push(await grow(part, depth + 1));
    return { labels, children };
  };
  const root = await grow(all, 0);
  return toTree(root, height(root));
}

function leaf(labels: Uint32Array): Cluster {
  const parts = Math.ceil(labels.length / MOST_LABELS);
  if (parts <= 1) return { labels, children: [] };
  const cut = (part: number) => Math.floor((part * labels.length) / parts);
  const children = Array.from({ length: parts }, (_, part) => leaf(labels.subarray(cut(part), cut(part + 1))));
  return { labels, children };
}

function height({ children }: Cluster): number {
  return children.reduce((most, child) => Math.max(most, 1 + height(child)), 0);
}

function toTree(root: Cluster, depth: number): LabelTree {
  const levels: TreeLevel[] = [];
  let nodes = [root];
  for (let level = 0; level < depth; level++) {
    const next = nodes.map((node) => (node.children.length > 0 ? node.children : [node]));
    levels.push({ childStart: starts(next.map((it) => it.length)) });
    nodes = next.flat();
  }
  levels.push({ childStart: starts(nodes.map(({ labels }) => labels.length)) });
  const labelOf = new Uint32Array(root.labels.length);
  let at = 0;
  for (const { labels } of nodes) {
    labelOf.set(labels, at);
    at += labels.length;
  }
  return { levels, labelOf };
}

function starts(sizes: readonly number[]): Uint32Array {
  const childStart = new Uint32Array(sizes.length + 1);
  for (const [p, size] of sizes.entries()) childStart[p + 1] = childStart[p]! + size;
  return childStart;
}

/** Non-empty clusters of spherical k-means from `k` random labels, each ascending. Pauses between its passes over them. */
async function wideClusters(
  embedding: Csr,
  labels: Uint32Array,
  k: number,
  seed: number,
  pause: () => Promise<void>,
): Promise<Uint32Array[]> {
  const { indptr, indices, values, numCols } = embedding;
  const { width, values: dense } = embedding.dense ?? { width: 0, values: new Float32Array(0) };
  const random = newRandom(seed);
  const order = labels.slice();
  for (let i = 0; i < k; i++) {
    const j = i + Math.floor(random() * (order.length - i));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const local = new Map<number, number>();
  for (const label of labels) {
    for (let p = indptr[label]!; p < indptr[label + 1]!; p++)
      if (!local.has(indices[p]!)) local.set(indices[p]!, local.size);
  }
  // Centers as [feature][cluster], those of the dense block behind the others: one pass over a label's row scores it
  // against all clusters.
  const centers = new Float32Array((local.size + width) * k);
  const firstDense = local.size * k;
  const add = (label: number, cluster: number) => {
    for (let p = indptr[label]!; p < indptr[label + 1]!; p++)
      centers[local.get(indices[p]!)! * k + cluster]! += values[p]!;
    for (let j = 0; j < width; j++) centers[firstDense + j * k + cluster]! += dense[label * width + j]!;
  };
  for (let c = 0; c < k; c++) add(order[c]!, c);
  const cluster = new Int32Array(labels.length).fill(-1);
  const scores = new Float64Array(k);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    await pause();
    const scale = inverseNorms(centers, k);
    let moved = 0;
    for (const [i, label] of labels.entries()) {
      scores.fill(0);
      for (let p = indptr[label]!; p < indptr[label + 1]!; p++) {
        const from = local.get(indices[p]!)! * k;
        for (let c = 0; c < k; c++) scores[c]! += values[p]! * centers[from + c]!;
      }
      for (let j = 0; j < width; j++) {
        const value = dense[label * width + j]!;
        for (let c = 0; c < k; c++) scores[c]! += value * centers[firstDense + j * k + c]!;
      }
      let best = 0;
      for (let c = 1; c < k; c++) if (scores[c]! * scale[c]! > scores[best]! * scale[best]!) best = c;
      if (cluster[i] !== best) moved++;
      cluster[i] = best;
    }
    if (moved === 0) break;
    centers.fill(0);
    for (const [i, label] of labels.entries()) add(label, cluster[i]!);
  }
  if (numCols + width === 0) return [labels];
  return Array.from({ length: k }, (_, c) => labels.filter((_label, i) => cluster[i] === c)).filter(
    (it) => it.length > 0,
  );
}

function inverseNorms(centers: Float32Array, k: number): Float64Array {
  const squares = new Float64Array(k);
  for (let from = 0; from < centers.length; from += k) {
    for (let c = 0; c < k; c++) squares[c]! += centers[from + c]! * centers[from + c]!;
  }
  return squares.map((it) => (it > 0 ? 1 / Math.sqrt(it) : 0));
}
