// The embedding pass of a graph with 8-bit weights, as a model that serves it has it: each passage alone and without
// padding, since all that enters a matrix of such a graph shares one scale.
import { newOrtEngine } from "../encoder/engines/ort.ts";
import type { Graph } from "../encoder/graph/graph.ts";
import { embedDocuments, newPart } from "../fine-tune/embed.ts";
import type { PieceRows } from "../fine-tune/pieces.ts";

/** Embeddings [documents, hidden] of all passages. @throws EngineError; the signal's reason when aborted. */
export async function embedAsServed(
  graph: Graph,
  pieces: PieceRows,
  { hidden, maxPieces }: { readonly hidden: number; readonly maxPieces: number },
  threads: number,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const part = newPart(pieces.numDocuments, hidden);
  const engine = await newOrtEngine("cpu", { threads });
  try {
    const program = await engine.load(graph, new Map());
    const options = { hidden, maxPieces, passages: "all", alone: true } as const;
    await embedDocuments(program, pieces, options, part, () => undefined, signal);
    await program.dispose();
  } finally {
    await engine.dispose();
  }
  return part.values;
}
