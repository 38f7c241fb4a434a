// A trained model at work: text to ranked, calibrated labels. Everything that can be wrong with a folder is found when
// it is opened or, for a damaged chunk, when that chunk is first read.
import { newVectorizer } from "./features/vectorize.ts";
import { openModelFolder } from "./folder/reader.ts";
import { probabilityOf } from "./search/calibrate.ts";
import { EnsembleSearch } from "./search/ensemble.ts";
import { explainPath, labelsBelow } from "./search/explain.ts";
import type { SparseRow } from "./sparse/csr.ts";
import type { Explanation, Model, OpenOptions, Suggestion } from "./types.ts";

/** Labels named on a path step, so that a person can tell what the node is about. */
const EXAMPLES = 4;

/** Opens the model in `folder`. @throws ModelFolderError with place, finding and cure where it cannot be trusted. */
export async function openModel(folder: string, options: OpenOptions = {}): Promise<Model> {
  const opened = await openModelFolder(folder, options);
  const { tfidf, members, labels, names, scoring, calibration } = opened;
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

  async function explain(text: string, labelId: string, maxTerms = 10): Promise<Explanation> {
    const label = indexOf.get(labelId);
    if (label === undefined) throw new RangeError(`explain: the model has no label "${labelId}"`);
    const row = vectorizer.row(text);
    const total = new Float64Array(row.indices.length);
    let bias = 0;
    let margin = 0;
    const paths = members.map((member) => explainPath(member, label, row));
    for (const path of paths) {
      const leaf = path[path.length - 1]!;
      for (let k = 0; k < total.length; k++) total[k]! += leaf.contributions[k]! / members.length;
      bias += leaf.bias / members.length;
      margin += leaf.margin / members.length;
    }
    const { tree } = members[0]!;
    return {
      label: labelId,
      margin,
      bias,
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
    suggest: async (text, k, signal) => {
      signal?.throwIfAborted();
      return suggestRow(vectorizer.row(text), k);
    },
    suggestFeatures: (row, k) => suggestRow(unitRow(row), k),
    explain,
    dispose: opened.dispose,
  };
}

/** The row scaled to unit norm, as training scaled its rows. */
function unitRow({ indices, values }: SparseRow): SparseRow {
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm > 0 ? { indices, values: values.map((value) => value / norm) } : { indices, values };
}
