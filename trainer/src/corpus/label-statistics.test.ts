import { expect, test } from "vitest";
import { CorpusError } from "./corpus-error.ts";
import { checkTrainable, createLabelCounter, keepFrequentLabels } from "./label-statistics.ts";

function count(...documents: string[][]) {
  const counter = createLabelCounter();
  for (const labels of documents) counter.add(labels);
  return counter.result();
}

test("labels are counted by document", () => {
  expect(count(["b", "a"], ["a"], ["c", "a", "b"])).toEqual({
    documents: 3,
    assignments: 6,
    counts: new Map([
      ["b", 2],
      ["a", 3],
      ["c", 1],
    ]),
    maxLabelsPerDocument: 3,
  });
});

test("rare labels are dropped with a count and the others sorted", () => {
  const statistics = count(["b", "a"], ["a"], ["c", "a", "b"]);
  expect(keepFrequentLabels(statistics, 1)).toEqual({ labels: ["a", "b", "c"], numDropped: 0 });
  expect(keepFrequentLabels(statistics, 2)).toEqual({ labels: ["a", "b"], numDropped: 1 });
});

test("one document, one label and too many dropped labels are errors with a cure", () => {
  const check = (documents: string[][], min = 1) => {
    const statistics = count(...documents);
    checkTrainable("notes", statistics, keepFrequentLabels(statistics, min));
  };
  expect(() => check([["a", "b"]])).toThrow(CorpusError);
  expect(() => check([["a", "b"]])).toThrow(/^notes: expected at least two labelled documents .* found 1; add more/);
  expect(() => check([["a"], ["a"]])).toThrow(
    /two different labels, found 1; with one label there is nothing to choose/,
  );
  expect(() => check([["a"], ["a", "b"]], 2)).toThrow(/found 1 \(1 more are too rare .*; lower --min-label-documents/);
  expect(() => check([["a"], ["b"]])).not.toThrow();
});
