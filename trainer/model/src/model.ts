// A trained model at work: text to ranked, calibrated labels. Everything that can be wrong with a folder is found when
// it is opened or, for a damaged chunk, when that chunk is first read. onnxruntime computes in the calling thread, so a
// text's row and its embedding are made one after the other: 0.2 ms and many.

import { isQuantised } from "./encoder/description.ts";
import { type EncoderToServe, ServedEncoders } from "./encoder/served-encoders.ts";
import { openTextEncoder } from "./encoder/session.ts";
import { EncoderError } from "./errors.ts";
import { newVectorizer } from "./features/vectorize.ts";
import type { EncoderSource } from "./folder/encoder-reader.ts";
import { openModelFolder } from "./folder/reader.ts";
import { probabilityOf } from "./search/calibrate.ts";
import { CombinedSearch } from "./search/combined-search.ts";
import { explainPath, labelsBelow } from "./search/explain.ts";
import type { SparseRow } from "./sparse/csr.ts";
import { newPieceTokenizer } from "./text/pieces.ts";
import type { Explanation, Model, OpenOptions, Suggestion } from "./types.ts";

/** Labels named on a path step, so that a person can tell what the node is about. */
const EXAMPLES = 4;

/**
 * Opens the model in `folder`. @throws ModelFolderError with place, finding and cure where it cannot be trusted,
 * EncoderError where its encoder does not run here; not so with `background`, which makes a state of that.
 */
export async function openModel(folder: string, options: OpenOptions = {}): Promise<Model> {
  const opened = await openModelFolder(folder, options);
  const { tfidf, members, labels, names, scoring, calibration, encoders } = opened;
  const served = new ServedEncoders(
    encoders.map((it) => serving(it, options)),
    options.onEncoder,
  );
  if (!options.background) {
    try {
      await served.opened;
    } catch (error) {
      opened.dispose();
      throw error;
    }
  }
  const vectorizer = newVectorizer(tfidf);
  const groups = Array.from({ length: Math.max(1, encoders.length) }, (_, e) =>
    members.filter((it) => it.encoder === e),
  );
  const search = new CombinedSearch(groups, scoring, labels.length);
  const indexOf = new Map(labels.map((label, i) => [label, i]));

  function suggestRows(rows: readonly SparseRow[], k: number): Suggestion[] {
    const ranked = search.search(rows, Math.max(0, Math.floor(k)));
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

  /** Both blocks of features for each encoder; the sparse one alone while there is none. */
  function rowsOf(text: string, embeddings: readonly Float32Array[] | undefined): SparseRow[] {
    const row = vectorizer.row(text);
    return groups.map((_, e) => {
      const dense = embeddings?.[e]?.map((it) => encoders[e]!.description.weight * it);
      return dense === undefined ? row : { ...row, dense };
    });
  }

  /** For each text its embedding by each encoder; undefined where words alone have to do. */
  async function embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[][] | undefined> {
    const embeddings = await served.encode(texts, signal);
    const { state } = served;
    // Who waited for the encoder must not take for its answers what comes from words alone.
    if (state.kind === "failed" && !options.background) throw new EncoderError(state.reason);
    return embeddings && texts.map((_, i) => embeddings.map((it) => it[i]!));
  }

  async function suggestMany(texts: readonly string[], k: number, signal?: AbortSignal): Promise<Suggestion[][]> {
    const embeddings = await embed(texts, signal);
    signal?.throwIfAborted();
    // A model without words knows nothing while its encoder is not there.
    if (embeddings === undefined && tfidf.numFeatures === 0) return texts.map(() => []);
    return texts.map((text, i) => suggestRows(rowsOf(text, embeddings?.[i]), k));
  }

  async function explain(text: string, labelId: string, maxTerms = 10): Promise<Explanation> {
    const label = indexOf.get(labelId);
    if (label === undefined) throw new RangeError(`explain: the model has no label "${labelId}"`);
    const embeddings = await embed([text]);
    const rows = rowsOf(text, embeddings?.[0]);
    const { indices } = rows[0]!;
    const total = new Float64Array(indices.length);
    let bias = 0;
    let margin = 0;
    let embedding = 0;
    const paths = members.map((member) => explainPath(member, label, rows[member.encoder]!));
    for (const [m, path] of paths.entries()) {
      const share = 1 / (groups.length * groups[members[m]!.encoder]!.length);
      const leaf = path[path.length - 1]!;
      for (let k = 0; k < total.length; k++) total[k]! += leaf.contributions[k]! * share;
      bias += leaf.bias * share;
      margin += leaf.margin * share;
      embedding += leaf.embedding * share;
    }
    const { tree } = members[0]!;
    const read = served.look(text);
    return {
      label: labelId,
      margin,
      bias,
      embedding,
      ...(read && { read }),
      terms: [...total.keys()]
        .filter((k) => total[k] !== 0)
        .sort((a, b) => Math.abs(total[b]!) - Math.abs(total[a]!) || a - b)
        .slice(0, maxTerms)
        .map((k) => ({ term: opened.vocabulary.term(indices[k]!), value: total[k]! })),
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
      return served.state;
    },
    suggest: async (text, k, signal) => {
      if (encoders.length > 0) return (await suggestMany([text], k, signal))[0]!;
      signal?.throwIfAborted();
      return suggestRows([vectorizer.row(text)], k);
    },
    suggestMany,
    suggestFeatures: (row, k) => suggestRows(unitRows(row, encoders), k),
    explain,
    dispose: () => {
      opened.dispose();
      // Nobody is left who could be told that a session did not want to be freed.
      served.dispose().catch(() => undefined);
    },
  };
}

function serving({ description, read }: EncoderSource, { threads }: OpenOptions): EncoderToServe {
  return {
    name: description.name,
    open: async () => {
      const { onnx, tokenizer, tokenizerConfig } = await read();
      const pieces = newPieceTokenizer(tokenizer, tokenizerConfig);
      const { hidden, maxPieces, passages, serves } = description;
      const quantised = isQuantised(serves);
      return openTextEncoder({ onnx, pieces, hidden, maxPieces, passages, quantised, threads });
    },
  };
}

/** Both blocks as training scaled its rows, for each encoder: the sparse one to unit norm, the dense one to its λ. */
function unitRows({ indices, values, dense }: SparseRow, encoders: readonly EncoderSource[]): SparseRow[] {
  const row = { indices, values: scaledTo(1, values) };
  if (dense === undefined || encoders.length === 0) return Array(Math.max(1, encoders.length)).fill(row);
  const width = encoders.reduce((sum, it) => sum + it.description.hidden, 0);
  if (dense.length !== width)
    throw new RangeError(`suggestFeatures: an embedding of ${dense.length} numbers, expected ${width}`);
  let end = 0;
  return encoders.map(({ description: { hidden, weight } }) => {
    end += hidden;
    return { ...row, dense: scaledTo(weight, dense.subarray(end - hidden, end)) };
  });
}

function scaledTo(length: number, values: Float32Array): Float32Array {
  let squares = 0;
  for (let k = 0; k < values.length; k++) squares += values[k]! * values[k]!;
  const norm = Math.sqrt(squares);
  if (norm === 0) return values;
  const scaled = new Float32Array(values.length);
  for (let k = 0; k < values.length; k++) scaled[k] = (length * values[k]!) / norm;
  return scaled;
}
