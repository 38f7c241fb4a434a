// The embedding pass of a graph with 8-bit weights, as a model that serves it has it: each passage alone and without
// padding, since all that enters a matrix of such a graph shares one scale.
import type { HostTensor, Program, Tensors } from "../encoder/engines/engine.ts";
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
    const options = { hidden, maxPieces, passages: "all" } as const;
    await embedDocuments(rowByRow(program, hidden), pieces, options, part, () => undefined, signal);
    await program.dispose();
  } finally {
    await engine.dispose();
  }
  return part.values;
}

/** `program` with a run of its own for each row of a batch, up to where its mask ends. */
function rowByRow(program: Program, hidden: number): Program {
  return {
    async run(feeds) {
      const ids = feeds.get("input_ids")!;
      const mask = feeds.get("attention_mask")!.data as BigInt64Array;
      const [numRows, length] = ids.shape as [number, number];
      const embedding = new Float32Array(numRows * hidden);
      for (let row = 0; row < numRows; row++) {
        const start = row * length;
        const count = mask.subarray(start, start + length).filter((it) => it === 1n).length;
        const results = await program.run(oneRow((ids.data as BigInt64Array).subarray(start, start + count)));
        embedding.set(results.get("embedding")!.data as Float32Array, row * hidden);
      }
      return new Map([["embedding", { type: "float32", shape: [numRows, hidden], data: embedding }]]);
    },
    readState: (names) => program.readState(names),
    writeState: (values) => program.writeState(values),
    dispose: () => program.dispose(),
  };
}

function oneRow(ids: BigInt64Array): Tensors {
  const row = (data: BigInt64Array): HostTensor => ({ type: "int64", shape: [1, data.length], data });
  return new Map([
    ["input_ids", row(ids)],
    ["attention_mask", row(new BigInt64Array(ids.length).fill(1n))],
  ]);
}
