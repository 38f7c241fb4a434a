// Rows of the Extreme Classification Repository's text matrices: `index:value index:value …` under a header of counts.
import type { SparseRow } from "@tagwright/model/internals";
import { CorpusError, quoteShort } from "./corpus-error.ts";

const maxIndex = 2 ** 32 - 1;

/** The whole numbers of a header line, or undefined where `line` is no header of `count` numbers. */
export function parseHeader(line: string, count: number): number[] | undefined {
  if (!/^\s*\d+(?:\s+\d+)*\s*$/.test(line)) return undefined;
  const numbers = line.trim().split(/\s+/).map(Number);
  return numbers.length === count && numbers.every((it) => it <= maxIndex) ? numbers : undefined;
}

/**
 * The row in `line` from position `start` on, indices ascending.
 * @throws CorpusError for a pair that is not `index:value`, an index at or over `numCols`, or one given twice.
 */
export function parseSparseRow(line: string, start: number, numCols: number, place: string): SparseRow {
  const indices: number[] = [];
  const values: number[] = [];
  let ascending = true;
  for (let at = start; at < line.length; ) {
    if (line.charCodeAt(at) <= 32) {
      at++;
      continue;
    }
    const space = line.indexOf(" ", at);
    const end = space < 0 ? line.length : space;
    const colon = line.indexOf(":", at);
    const index = colon > at && colon < end ? toIndex(line.slice(at, colon)) : -1;
    const value = index < 0 ? Number.NaN : Number(line.slice(colon + 1, end));
    if (!Number.isFinite(value) || colon + 1 === end) {
      throw new CorpusError(`${place}: expected "index:value", found ${quoteShort(line.slice(at, end))}`);
    }
    if (index >= numCols) throw new CorpusError(`${place}: index ${index} is not below ${numCols}, the header's count`);
    if (indices.length > 0 && index <= indices[indices.length - 1]!) ascending = false;
    indices.push(index);
    values.push(value);
    at = end;
  }
  const row = { indices: Uint32Array.from(indices), values: Float32Array.from(values) };
  return ascending ? row : sortedRow(row, place);
}

/** The label indices in the first cell of a line: `3,17,20`. Empty where the line starts with a space. */
export function parseLabelCell(cell: string, numLabels: number, place: string): string[] {
  if (cell === "") return [];
  return cell.split(",").map((it) => {
    const index = toIndex(it);
    if (index >= 0 && index < numLabels) return String(index);
    throw new CorpusError(`${place}: expected label numbers below ${numLabels}, found ${quoteShort(it)}`);
  });
}

function toIndex(digits: string): number {
  return /^\d{1,10}$/.test(digits) ? Number(digits) : -1;
}

function sortedRow({ indices, values }: SparseRow, place: string): SparseRow {
  const order = Array.from(indices, (_, i) => i).sort((a, b) => indices[a]! - indices[b]!);
  const sorted = {
    indices: Uint32Array.from(order, (i) => indices[i]!),
    values: Float32Array.from(order, (i) => values[i]!),
  };
  for (let i = 1; i < order.length; i++) {
    if (sorted.indices[i] === sorted.indices[i - 1]) {
      throw new CorpusError(`${place}: index ${sorted.indices[i]} stands twice; expected each index once`);
    }
  }
  return sorted;
}
