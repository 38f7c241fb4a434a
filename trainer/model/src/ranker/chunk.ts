// A chunk: the weights of all children of one node, stored by feature so that a document meets each feature once.
// Source: masked sparse chunk multiplication, Etter et al., arXiv 2106.02697.

import type { DensePanel } from "./dense-panel.ts";
import type { RowIndex } from "./row-index.ts";

export interface Chunk {
  /** Features with a weight in any child, ascending. */
  readonly features: Uint32Array;
  /** Entries of features[j] are [rowStart[j], rowStart[j + 1]); length features + 1. */
  readonly rowStart: Uint32Array;
  /** Child position under the parent, ascending within a row. */
  readonly children: Uint16Array;
  readonly weights: Float32Array;
  /**
   * Entries of any feature f of the model are [startOf[f], startOf[f + 1]): of a wide chunk, where a search in `features`
   * would take longer than the products.
   */
  readonly startOf?: Uint32Array;
  /** Of a narrower one that is still wide enough to be worth the memory. */
  readonly rowIndex?: RowIndex;
  /** Weights for the dense block of a row; none in a model without an encoder. */
  readonly dense?: DensePanel;
}

/** One level of a ranker: node weights by parent, one bias a node. */
export interface RankerLevel {
  /** Bias of each node of the level. */
  readonly bias: Float32Array;
  /** The chunk of parent p. May read from disk. */
  chunk(parent: number): Chunk;
}

export interface Ranker {
  readonly levels: readonly RankerLevel[];
}
