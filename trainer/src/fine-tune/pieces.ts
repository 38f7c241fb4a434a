// The word pieces of a corpus, read once: every level and the embedding pass cut what they need from them.
import { GrowingUint32 } from "../features/growing.ts";

/** Document d has the passages [passageStart[d], passageStart[d + 1]), passage p the pieces [start[p], start[p + 1]). */
export interface PieceRows {
  readonly numDocuments: number;
  readonly passageStart: Uint32Array;
  readonly start: Uint32Array;
  /** Special pieces included. */
  readonly ids: Uint32Array;
}

export interface PieceCollector {
  add(passages: readonly Int32Array[]): void;
  finish(): PieceRows;
}

export function newPieceCollector(): PieceCollector {
  const passageStart = new GrowingUint32([0]);
  const start = new GrowingUint32([0]);
  const ids = new GrowingUint32();
  return {
    add(passages) {
      for (const passage of passages) {
        for (const id of passage) ids.push(id);
        start.push(ids.length);
      }
      passageStart.push(start.length - 1);
    },
    finish: () => ({
      numDocuments: passageStart.length - 1,
      passageStart: passageStart.values.slice(0, passageStart.length),
      start: start.values.slice(0, start.length),
      ids: ids.values.slice(0, ids.length),
    }),
  };
}

/** The pieces of some documents. */
export function selectPieces({ passageStart, start, ids }: PieceRows, documents: Uint32Array): PieceRows {
  const collector = newPieceCollector();
  for (const document of documents) {
    const passages: Int32Array[] = [];
    for (let p = passageStart[document]!; p < passageStart[document + 1]!; p++)
      passages.push(Int32Array.from(ids.subarray(start[p], start[p + 1])));
    collector.add(passages);
  }
  return collector.finish();
}

/** Pieces of passage `p` when at most `maxPieces` are read. */
export function passageLength({ start }: PieceRows, p: number, maxPieces: number): number {
  return Math.min(maxPieces, start[p + 1]! - start[p]!);
}

/** Writes passage `p`, cut to `maxPieces` pieces, to `out` from `at` on. A cut passage keeps its closing piece. */
export function copyPassage(
  { start, ids }: PieceRows,
  p: number,
  maxPieces: number,
  out: { [i: number]: number },
  at: number,
): number {
  const from = start[p]!;
  const full = start[p + 1]! - from;
  const length = Math.min(maxPieces, full);
  for (let k = 0; k < length; k++) out[at + k] = ids[from + k]!;
  if (length < full && length > 0) out[at + length - 1] = ids[from + full - 1]!;
  return length;
}
