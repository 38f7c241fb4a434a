// Whether the encoder may answer with 8-bit weights: only where the held-out documents, embedded by the quantised graph
// and ranked by the very same model, lose next to nothing.
import type { Recipe } from "../config.ts";
import type { Graph } from "../encoder/graph/graph.ts";
import { quantizeEncoder } from "../encoder/graph/quantize.ts";
import { unitRows } from "../fine-tune/embed.ts";
import { type PieceRows, selectPieces } from "../fine-tune/pieces.ts";
import { calibrate } from "./calibrate.ts";
import { embedAsServed } from "./embed-as-served.ts";
import { judgeAll, type WeighedEmbedding } from "./rehearse-embedding.ts";

export interface Quantised {
  /** The graph with 8-bit weights, where it is good enough. */
  readonly graph: Graph | undefined;
  /** Held-out precision at 1 with and without. */
  readonly precision: { readonly float: number; readonly int8: number };
}

/** Precision at 1 that may be lost. */
const TOLERANCE = 0.001;
const MOST_DOCUMENTS = 1_000;

/**
 * @param baked the inference graph with its weights
 * @returns undefined where nothing was held out, so that nothing can be compared.
 * @throws EngineError; the signal's reason when aborted.
 */
export async function tryQuantised(
  baked: Graph,
  { set, weight, judged, rehearsed }: WeighedEmbedding,
  pieces: PieceRows,
  recipe: Recipe,
  maxPieces: number,
  threads: number,
  signal?: AbortSignal,
): Promise<Quantised | undefined> {
  const compared = judged.slice(0, MOST_DOCUMENTS);
  const { dense } = set.features;
  if (compared.length === 0 || dense === undefined) return undefined;
  const graph = quantizeEncoder(baked);
  const documents = Uint32Array.from(compared, ({ document }) => document);
  const options = { hidden: dense.width, maxPieces };
  const own = await embedAsServed(graph, selectPieces(pieces, documents), options, threads, signal);
  const scaled = unitRows(own, dense.width, weight);
  const values = dense.values.slice();
  for (const [row, document] of documents.entries())
    values.set(scaled.subarray(row * dense.width, (row + 1) * dense.width), document * dense.width);
  const isCompared = new Set(documents);
  const requantised = rehearsed.map(({ documents: own, asked, members }) => ({
    documents: own.filter((it) => isCompared.has(it)),
    asked: { ...asked, features: { ...asked.features, dense: { width: dense.width, values } } },
    members,
  }));
  const again = await judgeAll(requantised, recipe, () => undefined, signal);
  const float = calibrate(set, compared).metrics.precision["1"];
  const int8 = calibrate(set, again).metrics.precision["1"];
  return { graph: float - int8 < TOLERANCE ? graph : undefined, precision: { float, int8 } };
}
