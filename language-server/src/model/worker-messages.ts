// What the server and its worker thread say to each other. One request, one reply; the worker answers in order.
import type { Explanation, ModelInfo, Suggestion } from "@tagwright/model";

/** A name that completion can offer, from the model's labels or the taxonomy. */
export interface VocabularyEntry {
  readonly tag: string;
  /** Other names that should find it. */
  readonly altLabels: readonly string[];
  /** Broader concepts, top first; empty outside a taxonomy. */
  readonly path: readonly string[];
}

export interface ConceptInfo extends VocabularyEntry {
  readonly id: string;
  readonly definition: string | undefined;
  readonly deprecated: boolean;
}

interface TaxonomySummary {
  readonly title: string | undefined;
  readonly concepts: number;
  readonly warnings: readonly string[];
}

/** Name of the operation to its parameters and its result. */
export interface Operations {
  openModel: { params: { folder: string; cacheBytes: number }; result: ModelInfo };
  closeModel: { params: { folder: string }; result: null };
  suggest: { params: { folder: string; text: string; k: number }; result: Suggestion[] };
  /** Null where the model has no such label. */
  explain: {
    params: { folder: string; text: string; tag: string; maxTerms: number };
    result: Explanation | null;
  };
  openTaxonomy: { params: { file: string }; result: TaxonomySummary };
  /** Undefined where the taxonomy has no such concept or is not open. */
  concept: { params: { file: string; tag: string }; result: ConceptInfo | null };
  /** Names that start with `prefix`, or hold a word that does; best first. Empty parts are left out. */
  search: {
    params: { folder: string | undefined; taxonomy: string | undefined; prefix: string; limit: number };
    result: VocabularyEntry[];
  };
}

export type OperationName = keyof Operations;

export type WorkerRequest = {
  [K in OperationName]: { readonly id: number; readonly operation: K; readonly params: Operations[K]["params"] };
}[OperationName];

export type WorkerReply =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string };
