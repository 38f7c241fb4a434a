// What the server and its worker thread say to each other. One request, one reply; the worker answers in order. What
// happens in the worker by itself it tells in an event.
import type { EncoderState, Explanation, ModelInfo, Suggestion } from "@tagwright/model";

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
  /** The encoder, where the model has one, is loaded after the reply. Of several holders the last one's options count. */
  openModel: {
    params: { folder: string; holder: number; cacheBytes: number | undefined; threads: number };
    result: { info: ModelInfo; encoder: EncoderState };
  };
  /** The model is let go when nobody holds it any more. */
  closeModel: { params: { folder: string; holder: number }; result: null };
  /** Of the model that the one in `folder` has replaced; null where none is kept. */
  previousModel: { params: { folder: string }; result: ModelInfo | null };
  /** The files only: the model of before stays open until `openModel`. */
  restoreModel: { params: { folder: string }; result: null };
  /** One list a text, and the id and encoder of the model that made them. */
  suggest: {
    params: { folder: string; texts: readonly string[]; k: number };
    result: { suggestions: readonly Suggestion[][]; model: string; encoder: EncoderState };
  };
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

/** Asks the thread to end as soon as nothing runs in it. Not answered. */
export const closeMessage = "close";

/** The encoder of a model has become ready or has failed. */
export interface WorkerEvent {
  readonly event: "encoder";
  readonly folder: string;
  /** `ModelInfo.id`. */
  readonly model: string;
  readonly state: EncoderState;
}

export type WorkerReply =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string };
