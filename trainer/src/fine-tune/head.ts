// Where a level's head starts: random on the first level, linear SVMs on the current embeddings on the others.
// Source: "bootstrap" of PECOS, Zhang et al., NeurIPS 2021, section 3.
import { childSeed, newRandom } from "../random.ts";

export interface Head {
  /** [nodes, hidden]. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

const SPREAD = 0.02;

/** Normal numbers with a spread of 0.02, no bias. Source: Box and Muller, 1958. */
export function randomHead(numNodes: number, hidden: number, seed: number): Head {
  const random = newRandom(childSeed(seed, 0x4ead));
  const weights = Float32Array.from({ length: numNodes * hidden }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return SPREAD * radius * Math.cos(2 * Math.PI * random());
  });
  return { weights, bias: new Float32Array(numNodes) };
}

/** Share of rows in `embeddings` [rows, hidden] whose best node under `head` is one of its own: precision at 1. */
export function headPrecision(
  { weights, bias }: Head,
  embeddings: Float32Array,
  hidden: number,
  ownOf: (row: number) => Uint32Array,
): number {
  const numRows = embeddings.length / hidden;
  let right = 0;
  let asked = 0;
  for (let row = 0; row < numRows; row++) {
    const own = ownOf(row);
    if (own.length === 0) continue;
    asked++;
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (let node = 0; node < bias.length; node++) {
      let logit = bias[node]!;
      for (let k = 0; k < hidden; k++) logit += weights[node * hidden + k]! * embeddings[row * hidden + k]!;
      if (logit <= most) continue;
      most = logit;
      best = node;
    }
    if (own.includes(best)) right++;
  }
  return asked === 0 ? 0 : right / asked;
}
