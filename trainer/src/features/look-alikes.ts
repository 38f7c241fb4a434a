// What a corpus cannot teach although it can be learnt from: documents that are all the same, labels that no document tells
// apart. Each is said with what to do; the model is made all the same.
import { type Csr, rowOf } from "@tagwright/model/internals";
import { quoteShort } from "../corpus/corpus-error.ts";
import { newRandom } from "../random.ts";
import type { LabelMatrix } from "./label-matrix.ts";
import type { TrainingSet } from "./training-set.ts";

const NAMED = 3;

/** For people: what is the same, and the cure; nothing for a corpus of which most documents and labels differ. */
export function describeLookAlikes({
  features,
  labels,
  labelIds,
}: Pick<TrainingSet, "features" | "labels" | "labelIds">): string[] {
  const said: string[] = [];
  const count = (it: number) => it.toLocaleString("en");
  if (haveOneRow(features))
    said.push(
      `all ${count(features.numRows)} documents have the same words, those of a single document not counted: words can ` +
        "only tell which labels are frequent; give documents with texts that differ",
    );
  const inseparable = largestGroup(labels);
  if (inseparable.length < 2 || 2 * inseparable.length < labelIds.length) return said;
  const named = inseparable.slice(0, NAMED).map((label) => quoteShort(labelIds[label]!));
  const more = inseparable.length > NAMED ? `, ${count(inseparable.length - NAMED)} more` : "";
  said.push(
    `${count(inseparable.length)} of ${count(labelIds.length)} labels (${named.join(", ")}${more}) have the very same ` +
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
