// A trained model at work: text to ranked, calibrated labels. Everything that can be wrong with a folder is found when
// it is opened or, for a damaged chunk, when that chunk is first read. onnxruntime computes in the calling thread, so a
// text's row and its embedding are made one after the other: 0.2 ms and many.
import { ServedEncoder } from "./encoder/served-encoder.ts";
import { openTextEncoder } from "./encoder/session.ts";
import { EncoderError } from "./errors.ts";
import { newVectorizer } from "./features/vectorize.ts";
import type { EncoderSource } from "./folder/encoder-reader.ts";
import { openModelFolder } from "./folder/reader.ts";
import { probabilityOf } from "./search/calibrate.ts";
import { EnsembleSearch } from "./search/ensemble.ts";
import { explainPath, labelsBelow } from "./search/explain.ts";
import type { SparseRow } from "./sparse/csr.ts";
import { newPieceTokenizer } from "./text/pieces.ts";
import type { EncoderState, Explanation, Model, OpenOptions, Suggestion } from "./types.ts";

/** Labels named on a path step, so that a person can tell what the node is about. */
const EXAMPLES = 4;

const noEncoder: EncoderState = { kind: "none" };

/**
 * Opens the model in `folder`. @throws ModelFolderError with place, finding and cure where it cannot be trusted,
 * EncoderError where its encoder does not run here; not so with `background`, which makes a state of that.
 */
export async function openModel(folder: string, options: OpenOptions = {}): Promise<Model> {
  const opened = await openModelFolder(folder, options);
  const { tfidf, members, labels, names, scoring, calibration } = opened;
  const encoder = opened.encoder && serveEncoder(opened.encoder, options);
  if (encoder !== undefined && !options.background) {
    try {
      await encoder.opened;
    } catch (error) {
      opened.dispose();
      throw error;
    }
  }
  const weight = opened.encoder?.description.weight ?? 0;
  const vectorizer = newVectorizer(tfidf);
  const search = new EnsembleSearch(members, scoring, labels.length);
  const indexOf = new Map(labels.map((label, i) => [label, i]));

  function suggestRow(row: SparseRow, k: number): Suggestion[] {
    const ranked = search.search(row, Math.max(0, Math.floor(k)));
    const suggestions: Suggestion[] = [];
    for (let i = 0; i < ranked.length; i++) {
      const label = ranked.labels[i]!;
      suggestions.push({
        id: labels[label]!,
        name: names[label]!,
        margin: ranked.margins[i]!,
        probability: probabilityOf(calibration, ranked.values[i]!),
      });
    }
    return suggestions;
  }

  /** Both blocks of features; the sparse one alone while there is no encoder. */
  function rowOf(text: string, embedding: Float32Array | undefined): SparseRow {
    const row = vectorizer.row(text);
    return embedding === undefined ? row : { ...row, dense: embedding.map((it) => weight * it) };
  }

  /** Undefined where words alone have to do. */
  async function embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[] | undefined> {
    if (encoder === undefined) return undefined;
    const embeddings = await encoder.encode(texts, signal);
    const { state } = encoder;
    // Who waited for the encoder must not take for its answers what comes from words alone.
    if (state.kind === "failed" && !options.background) throw new EncoderError(state.reason);
    return embeddings;
  }

  async function suggestMany(texts: readonly string[], k: number, signal?: AbortSignal): Promise<Suggestion[][]> {
    const embeddings = await embed(texts, signal);
    signal?.throwIfAborted();
    // A model without words knows nothing while its encoder is not there.
    if (embeddings === undefined && tfidf.numFeatures === 0) return texts.map(() => []);
    return texts.map((text, i) => suggestRow(rowOf(text, embeddings?.[i]), k));
  }

  async function explain(text: string, labelId: string, maxTerms = 10): Promise<Explanation> {
    const label = indexOf.get(labelId);
    if (label === undefined) throw new RangeError(`explain: the model has no label "${labelId}"`);
    const embeddings = await embed([text]);
    const row = rowOf(text, embeddings?.[0]);
    const total = new Float64Array(row.indices.length);
    let bias = 0;
    let margin = 0;
    let embedding = 0;
    const paths = members.map((member) => explainPath(member, label, row));
    for (const path of paths) {
      const leaf = path[path.length - 1]!;
      for (let k = 0; k < total.length; k++) total[k]! += leaf.contributions[k]! / members.length;
      bias += leaf.bias / members.length;
      margin += leaf.margin / members.length;
      embedding += leaf.embedding / members.length;
    }
    const { tree } = members[0]!;
    const looked = encoder?.look(text);
    return {
      label: labelId,
      margin,
      bias,
      embedding,
      ...(looked && { read: looked.whole ? "whole" : looked.tail ? "parts" : "beginning" }),
      terms: [...total.keys()]
        .filter((k) => total[k] !== 0)
        .sort((a, b) => Math.abs(total[b]!) - Math.abs(total[a]!) || a - b)
        .slice(0, maxTerms)
        .map((k) => ({ term: opened.vocabulary.term(row.indices[k]!), value: total[k]! })),
      path: paths[0]!.map(({ level, node, margin: nodeMargin }) => ({
        level,
        node,
        margin: nodeMargin,
        examples: labelsBelow(tree, level, node, EXAMPLES).map((it) => names[it]!),
      })),
    };
  }

  return {
    info: opened.info,
    labels,
    names,
    get encoder() {
      return encoder?.state ?? noEncoder;
    },
    suggest: async (text, k, signal) => {
      if (encoder !== undefined) return (await suggestMany([text], k, signal))[0]!;
      signal?.throwIfAborted();
      return suggestRow(vectorizer.row(text), k);
    },
    suggestMany,
    suggestFeatures: (row, k) => suggestRow(unitRow(row, weight), k),
    explain,
    dispose: () => {
      opened.dispose();
      // Nobody is left who could be told that a session did not want to be freed.
      encoder?.dispose().catch(() => undefined);
    },
  };
}

function serveEncoder({ description, read }: Omit<EncoderSource, "dispose">, options: OpenOptions): ServedEncoder {
  return new ServedEncoder({
    open: async () => {
      const { onnx, tokenizer, tokenizerConfig } = await read();
      const pieces = newPieceTokenizer(tokenizer, tokenizerConfig);
      const { hidden, maxPieces, passages } = description;
      return openTextEncoder({ onnx, pieces, hidden, maxPieces, passages, threads: options.threads });
    },
    onChange: options.onEncoder,
  });
}

/** Both blocks as training scaled its rows: the sparse one to unit norm, the dense one to the model's λ. */
function unitRow({ indices, values, dense }: SparseRow, weight: number): SparseRow {
  const row = { indices, values: scaledTo(1, values) };
  return dense === undefined ? row : { ...row, dense: scaledTo(weight, dense) };
}

function scaledTo(length: number, values: Float32Array): Float32Array {
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm > 0 ? values.map((value) => (length * value) / norm) : values;
}
