// How much of what fine-tuning changed is kept. A small corpus teaches an encoder its documents by heart, and the published
// weights, or those between (WiSE-FT: Wortsman et al., CVPR 2022), may then serve better than the tuned ones. Held-out
// documents, which neither encoder nor ranker has seen, decide.
import type { EncoderWeights } from "../encoder/source/pretrained.ts";
import type { WeighedEmbedding } from "./rehearse-embedding.ts";

export interface KeptShare {
  /** 1: the tuned weights, 0: the published ones. */
  readonly share: number;
  readonly weights: EncoderWeights;
  readonly weighed: WeighedEmbedding;
  /** nDCG at 5 on held-out documents for each share that was tried. */
  readonly tried: readonly { readonly share: number; readonly ndcg: number }[];
}

/**
 * Tries each of `shares` beside 1. Of equal ones the larger is taken.
 * @param tuned what the tuned weights reach
 * @param weigh what other weights reach
 */
export async function keepShare(
  shares: readonly number[],
  published: EncoderWeights,
  tuned: Pick<KeptShare, "weights" | "weighed">,
  weigh: (weights: EncoderWeights, share: number) => Promise<WeighedEmbedding>,
): Promise<KeptShare> {
  const tried = [{ share: 1, ndcg: ndcgOf(tuned.weighed) }];
  let best: Omit<KeptShare, "tried"> = { share: 1, ...tuned };
  for (const share of [...shares].sort((a, b) => b - a)) {
    const weights = interpolate(published, tuned.weights, share);
    const weighed = await weigh(weights, share);
    const ndcg = ndcgOf(weighed);
    tried.push({ share, ndcg });
    if (ndcg > ndcgOf(best.weighed)) best = { share, weights, weighed };
  }
  return { ...best, tried };
}

function ndcgOf({ tried, weight }: WeighedEmbedding): number {
  return tried.find((it) => it.weight === weight)?.ndcg ?? 0;
}

/** published + share · (tuned − published), each number by itself; what `tuned` lacks stays as published. */
export function interpolate(published: EncoderWeights, tuned: EncoderWeights, share: number): EncoderWeights {
  if (share === 0) return published;
  return new Map(
    [...published].map(([name, from]) => {
      const to = tuned.get(name)?.data as Float32Array | undefined;
      if (to === undefined) return [name, from];
      const data = (from.data as Float32Array).map((it, i) => it + share * (to[i]! - it));
      return [name, { ...from, data }];
    }),
  );
}
