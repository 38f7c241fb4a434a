// Documents that are all the same, labels that no document tells apart. Where this holds of all there is nothing to learn,
// and training refuses; where it holds of most it is said, with what to do.
import { type Csr, rowOf } from "@tagwright/model/internals";
import { CorpusError, quoteShort } from "../corpus/corpus-error.ts";
import { newRandom } from "../random.ts";
import type { LabelMatrix } from "./label-matrix.ts";
import type { TrainingSet } from "./training-set.ts";

type Looked = Pick<TrainingSet, "features" | "labels" | "labelIds" | "hasOneText">;

const NAMED = 3;
const count = (it: number) => it.toLocaleString("en");

/**
 * What most documents or labels have in common, and the cure, for people; nothing where they differ.
 * @throws CorpusError where all documents have one text, or all labels the same documents.
 */
export function checkLookAlikes(corpusPath: string, { features, labels, labelIds, hasOneText }: Looked): string[] {
  const refuse = (expected: string, found: string) =>
    new CorpusError(`${corpusPath}: expected ${expected}, found ${found}`);
  const inseparable = largestGroup(labels);
  const [documents, numLabels] = [count(features.numRows), count(labelIds.length)];
  if (hasOneText) {
    const found = `the same text in all ${documents} documents: nothing tells them apart; give documents that differ`;
    throw refuse("documents with texts of their own", found);
  }
  if (inseparable.length === labelIds.length) {
    const found = `the very same documents for all ${numLabels} labels: nothing tells these apart`;
    throw refuse("labels with documents of their own", `${found}; tag documents with some of them and not the others`);
  }
  const said: string[] = [];
  if (haveOneRow(features))
    said.push(
      `all ${documents} documents have the same words, those of a single document not counted: words can ` +
        "only tell which labels are frequent; give documents with texts that differ",
    );
  if (inseparable.length < 2 || 2 * inseparable.length < labelIds.length) return said;
  const named = inseparable.slice(0, NAMED).map((label) => quoteShort(labelIds[label]!));
  const more = inseparable.length > NAMED ? `, ${count(inseparable.length - NAMED)} more` : "";
  said.push(
    `${count(inseparable.length)} of ${numLabels} labels (${named.join(", ")}${more}) have the very same ` +
      "documents: nothing tells them apart; tag documents with some of them and not the others, or leave rare labels " +
      "out with --min-label-documents",
  );
  return said;
}

function haveOneRow(features: Csr): boolean {
  const first = rowOf(features, 0);
  for (let row = 1; row < features.numRows; row++) {
    const { indices, values } = rowOf(features, row);
    if (indices.length !== first.indices.length) return false;
    for (let k = 0; k < indices.length; k++)
      if (indices[k] !== first.indices[k] || values[k] !== first.values[k]) return false;
  }
  return features.numRows > 1;
}

/** The most labels that have the same documents, ascending: each document draws a number, and theirs have one sum. */
function largestGroup({ numDocuments, numLabels, indptr, labels }: LabelMatrix): number[] {
  const random = newRandom(0);
  const sums = new Float64Array(numLabels);
  for (let document = 0; document < numDocuments; document++) {
    const drawn = random();
    for (let e = indptr[document]!; e < indptr[document + 1]!; e++) sums[labels[e]!]! += drawn;
  }
  const groups = new Map<number, number[]>();
  for (const [label, sum] of sums.entries()) {
    const group = groups.get(sum);
    if (group === undefined) groups.set(sum, [label]);
    else group.push(label);
  }
  return [...groups.values()].reduce((a, b) => (b.length > a.length ? b : a), []);
}
