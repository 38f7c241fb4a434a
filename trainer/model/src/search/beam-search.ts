// Beam search down the label tree: at each level score the children of the kept nodes, keep the best of them.
// Source: Prabhu et al., WWW 2018; the l3-hinge path score is XR-Linear's (Yu et al., JMLR 2022).
import type { Loss } from "../kernels/lane-start.ts";
import type { Chunk, Ranker } from "../ranker/chunk.ts";
import type { SparseRow } from "../sparse/csr.ts";
import type { LabelTree } from "../tree/label-tree.ts";
import { PanelScorer } from "./panel-scorer.ts";
import { ChildScorer } from "./score-children.ts";

export interface BeamOptions {
  /** Nodes kept a level. */
  readonly beam: number;
  /** Power p of the log score −max(0, 1 − margin)^p that a node adds to its path. */
  readonly power: number;
  /** Share of the path above the leaf in the final score; 0 ranks by the leaf alone. */
  readonly pathWeight: number;
  /**
   * What the ranker was trained with. After the logistic loss a node adds the log of its probability,
   * −log(1 + exp(−margin)), whatever the power. Left out for the squared hinge.
   */
  readonly loss?: Loss;
}

/** Ranked leaves of one search; entry i up to `length`, best first. Valid until the next search. */
export interface Ranking {
  length: number;
  readonly labels: Uint32Array;
  /** What the list is sorted by: log score of leaf and weighted path, at most 0; ties by margin. */
  readonly scores: Float64Array;
  /** Margin of the leaf itself. */
  readonly margins: Float64Array;
  /** Log score of the path above the leaf. */
  readonly paths: Float64Array;
}

/**
 * Owns the scratch memory: one is needed for each thread. Allocates nothing while it searches. A row without a dense
 * block is scored by its sparse one alone.
 */
export class BeamSearch {
  readonly #tree: LabelTree;
  readonly #ranker: Ranker;
  readonly #margins: Float64Array;
  readonly #words = new ChildScorer();
  /** Made when the first row with a dense block comes. */
  #panels: PanelScorer | undefined;

  constructor(tree: LabelTree, ranker: Ranker) {
    this.#tree = tree;
    this.#ranker = ranker;
    let widest = 1;
    for (const { childStart } of tree.levels) {
      for (let p = 0; p + 1 < childStart.length; p++) widest = Math.max(widest, childStart[p + 1]! - childStart[p]!);
    }
    this.#margins = new Float64Array(widest);
  }

  /** Searches to the leaves; `ranking` gets at most `k` labels, at most its capacity. */
  search(row: SparseRow, k: number, options: BeamOptions, ranking: Ranking, scratch: Beam): void {
    const last = this.#tree.levels.length - 1;
    this.searchLevels(row, last, options, scratch);
    const { childStart } = this.#tree.levels[last]!;
    const level = this.#ranker.levels[last]!;
    const margins = this.#margins;
    const capacity = Math.min(k, ranking.labels.length);
    ranking.length = 0;
    for (let i = 0; i < scratch.length; i++) {
      const parent = scratch.nodes[i]!;
      const path = scratch.scores[i]!;
      // No score of a leaf is above 0: neither this node nor those after it has a label for the list.
      if (ranking.length === capacity && options.pathWeight * path < ranking.scores[capacity - 1]!) break;
      const first = childStart[parent]!;
      const count = childStart[parent + 1]! - first;
      this.#score(row, level.chunk(parent), level.bias, first, count);
      for (let child = 0; child < count; child++) {
        const margin = margins[child]!;
        const score = logScore(margin, options) + options.pathWeight * path;
        const full = ranking.length === capacity;
        if (full && !ranksBefore(score, margin, ranking, capacity - 1)) continue;
        insertLabel(ranking, capacity, this.#tree.labelOf[first + child]!, score, margin, path);
      }
    }
  }

  /** Searches down to the nodes of level `depth - 1`, best first in `beam`; depth 0 is the root alone. */
  searchLevels(row: SparseRow, depth: number, options: BeamOptions, beam: Beam): void {
    const margins = this.#margins;
    if (row.dense !== undefined) {
      this.#panels ??= new PanelScorer();
      this.#panels.load(row.dense);
    }
    beam.length = 1;
    beam.nodes[0] = 0;
    beam.scores[0] = 0;
    for (let t = 0; t < depth; t++) {
      const { childStart } = this.#tree.levels[t]!;
      const level = this.#ranker.levels[t]!;
      beam.nextLength = 0;
      for (let i = 0; i < beam.length; i++) {
        const parent = beam.nodes[i]!;
        // Nor is a path better than the one above it.
        if (beam.nextLength === options.beam && beam.scores[i]! <= beam.nextScores[options.beam - 1]!) break;
        const first = childStart[parent]!;
        const count = childStart[parent + 1]! - first;
        this.#score(row, level.chunk(parent), level.bias, first, count);
        for (let child = 0; child < count; child++) {
          insertNode(beam, options.beam, first + child, beam.scores[i]! + logScore(margins[child]!, options));
        }
      }
      swap(beam);
    }
  }

  /** Margins of the children of one node, whose chunk and first node are given. */
  #score(row: SparseRow, chunk: Chunk, bias: Float32Array, first: number, count: number): void {
    this.#words.score(row, chunk, bias, first, count, this.#margins);
    if (row.dense !== undefined && chunk.dense !== undefined) this.#panels?.add(chunk.dense, this.#margins);
  }
}

export function newRanking(capacity: number): Ranking {
  return {
    length: 0,
    labels: new Uint32Array(capacity),
    scores: new Float64Array(capacity),
    margins: new Float64Array(capacity),
    paths: new Float64Array(capacity),
  };
}

/** Kept nodes of a level and of the next one while it is made. */
export interface Beam {
  length: number;
  nodes: Uint32Array;
  scores: Float64Array;
  nextLength: number;
  nextNodes: Uint32Array;
  nextScores: Float64Array;
}

export function newBeam(capacity: number): Beam {
  return {
    length: 0,
    nodes: new Uint32Array(capacity),
    scores: new Float64Array(capacity),
    nextLength: 0,
    nextNodes: new Uint32Array(capacity),
    nextScores: new Float64Array(capacity),
  };
}

/** At most 0. After the squared hinge the log of exp(−max(0, 1 − margin)^power): 0 from a margin of 1 on. */
function logScore(margin: number, { power, loss }: BeamOptions): number {
  if (loss === "logistic") return Math.min(0, margin) - Math.log1p(Math.exp(-Math.abs(margin)));
  const slack = 1 - margin;
  if (slack <= 0) return 0;
  if (power === 3) return -slack * slack * slack;
  if (power === 1) return -slack;
  return power === 2 ? -slack * slack : -(slack ** power);
}

function ranksBefore(score: number, margin: number, ranking: Ranking, i: number): boolean {
  const other = ranking.scores[i]!;
  return score > other || (score === other && margin > ranking.margins[i]!);
}

function insertLabel(
  ranking: Ranking,
  capacity: number,
  label: number,
  score: number,
  margin: number,
  path: number,
): void {
  const { labels, scores, margins, paths } = ranking;
  let i = ranking.length < capacity ? ranking.length++ : capacity - 1;
  for (; i > 0 && ranksBefore(score, margin, ranking, i - 1); i--) {
    labels[i] = labels[i - 1]!;
    scores[i] = scores[i - 1]!;
    margins[i] = margins[i - 1]!;
    paths[i] = paths[i - 1]!;
  }
  labels[i] = label;
  scores[i] = score;
  margins[i] = margin;
  paths[i] = path;
}

function insertNode(beam: Beam, capacity: number, node: number, score: number): void {
  const { nextNodes, nextScores } = beam;
  if (beam.nextLength === capacity && score <= nextScores[capacity - 1]!) return;
  let i = beam.nextLength < capacity ? beam.nextLength++ : capacity - 1;
  for (; i > 0 && score > nextScores[i - 1]!; i--) {
    nextNodes[i] = nextNodes[i - 1]!;
    nextScores[i] = nextScores[i - 1]!;
  }
  nextNodes[i] = node;
  nextScores[i] = score;
}

function swap(beam: Beam): void {
  const { nodes, scores } = beam;
  beam.nodes = beam.nextNodes;
  beam.scores = beam.nextScores;
  beam.length = beam.nextLength;
  beam.nextNodes = nodes;
  beam.nextScores = scores;
}
