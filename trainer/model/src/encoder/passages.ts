// What an encoder reads of a text: all of it where it fits, else parts that together say what the text is about. The
// same function serves fitting and predicting. Special pieces that a tokenizer puts around a text stand around each part.
import type { PieceTokenizer } from "../text/pieces.ts";

/** What is needed of a tokenizer here. */
export type PieceReader = Pick<PieceTokenizer, "encode">;

export interface PassageOptions {
  /** Word pieces of one passage at most, special ones included. */
  readonly maxPieces: number;
  /** Passages of one text at most. With 1, a long text is read from its beginning until the pieces are used up. */
  readonly passages: number;
}

export interface Passages {
  /** Ids of pieces, special ones included. None for a text without a piece. */
  readonly passages: readonly Int32Array[];
  readonly read: {
    /** Whether nothing was left out. */
    readonly whole: boolean;
    /** Headings that stand before the tail, besides the title. */
    readonly headings: number;
    /** Whether the end of a text that is too long was read. */
    readonly tail: boolean;
  };
}

/** Characters that are looked at for a piece of the tail: four or five on average, and rarely more than eight. */
const charactersAPiece = 8;
const maxTitleCharacters = 200;
/** Share of a passage that the title, and the headings, may take. */
const outlineShare = 1 / 4;
/** Markdown, AsciiDoc and Org; LaTeX; a line that is underlined as in Markdown or reStructuredText. */
const headingPatterns = [
  /^(?:#{1,6}|={1,6}|\*{1,6})[ \t]+(\S.{0,300})$/gmu,
  /^[ \t]*\\(?:part|chapter|(?:sub)*section|paragraph)\*?\{([^{}\n]{1,300})\}/gmu,
  /^(\S.{0,300})\n(?:={3,}|-{3,}|~{3,}|\^{3,})[ \t]*$/gmu,
];

/**
 * The passages of `text`. A text that fits into `options.passages` passages is read whole, in windows of equal length.
 * Of a longer one the first passage is its beginning; the last, where there are several, is its title, its headings and
 * its end; those between begin with the title and are spread evenly.
 */
export function readPassages(text: string, pieces: PieceReader, options: PassageOptions): Passages {
  const frame = frameOf(pieces);
  const room = options.maxPieces - frame.prefix.length - frame.suffix.length;
  if (room < 1) throw new RangeError(`readPassages: maxPieces ${options.maxPieces} leaves no room for a text`);
  const bodyOf = (part: string, limit: number) => unframed(pieces, frame, part, limit);

  const capacity = room * options.passages;
  const start = bodyOf(text, capacity + 1);
  if (start.length <= capacity) {
    const read = { whole: true, headings: 0, tail: false };
    return { passages: windows(start, room).map((it) => framed(frame, [it])), read };
  }
  const first = framed(frame, [start.subarray(0, room)]);
  if (options.passages === 1) return { passages: [first], read: { whole: false, headings: 0, tail: false } };

  const outlineRoom = Math.floor(room * outlineShare);
  const title = bodyOf(titleOf(text), outlineRoom);
  const headings = headingsOf(text);
  const outline = bodyOf(headings.join("\n"), outlineRoom);
  const between: Int32Array[] = [];
  for (let i = 1; i < options.passages - 1; i++) {
    const from = Math.floor((text.length * i) / (options.passages - 1));
    between.push(framed(frame, [title, bodyOf(fromNextSpace(text, from), room - title.length)]));
  }
  const tailRoom = room - title.length - outline.length;
  const tailText = fromNextSpace(text, Math.max(0, text.length - tailRoom * charactersAPiece));
  const end = bodyOf(tailText, tailText.length + 1);
  const last = framed(frame, [title, outline, end.subarray(Math.max(0, end.length - tailRoom))]);
  return { passages: [first, ...between, last], read: { whole: false, headings: headings.length, tail: true } };
}

/** The unit embedding of a text from those of its passages; zeros without any. Each embedding has `width` numbers. */
export function poolPassages(embeddings: readonly Float32Array[], width: number): Float32Array {
  const sum = new Float32Array(width);
  for (const embedding of embeddings) {
    const norm = normOf(embedding);
    if (norm === 0) continue;
    for (let i = 0; i < width; i++) sum[i]! += embedding[i]! / norm;
  }
  const norm = normOf(sum);
  return norm > 0 ? sum.map((it) => it / norm) : sum;
}

function normOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return Math.sqrt(sum);
}

/** The special pieces that a tokenizer puts before and after every text. */
interface Frame {
  readonly prefix: Int32Array;
  readonly suffix: Int32Array;
}

function frameOf(pieces: PieceReader): Frame {
  const none = pieces.encode("", 64);
  const one = pieces.encode("a", 64);
  let before = 0;
  while (before < none.length && before < one.length && none[before] === one[before]) before++;
  return { prefix: none.slice(0, before), suffix: none.slice(before) };
}

/** The pieces of `text` without the special ones, at most `limit`. */
function unframed(pieces: PieceReader, { prefix, suffix }: Frame, text: string, limit: number): Int32Array {
  const all = pieces.encode(text, limit + prefix.length + suffix.length);
  return all.subarray(prefix.length, all.length - suffix.length);
}

function framed({ prefix, suffix }: Frame, parts: readonly Int32Array[]): Int32Array {
  return Int32Array.from([prefix, ...parts, suffix].flatMap((it) => [...it]));
}

/** As few windows of at most `room` pieces as hold all, of lengths that differ by at most one. */
function windows(body: Int32Array, room: number): Int32Array[] {
  const count = Math.ceil(body.length / room);
  const edge = (i: number) => Math.floor((body.length * i) / count);
  return Array.from({ length: count }, (_, i) => body.subarray(edge(i), edge(i + 1)));
}

function fromNextSpace(text: string, start: number): string {
  if (start === 0) return text;
  const rest = text.slice(start, start + 1000).search(/\s/u);
  return text.slice(rest < 0 ? start : start + rest + 1);
}

/** The first line with something on it, unless it is a whole paragraph. */
function titleOf(text: string): string {
  const line = /\S.*/u.exec(text.slice(0, 4 * maxTitleCharacters))?.[0].trim() ?? "";
  return line.length <= maxTitleCharacters ? line : "";
}

/** In the order of the text, without the title. */
function headingsOf(text: string): string[] {
  const found = headingPatterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((it) => ({ at: it.index, heading: it[1]!.trim() })),
  );
  const title = titleOf(text).replace(/^[#=*]+[ \t]+/u, "");
  const ordered = found.sort((a, b) => a.at - b.at).map((it) => it.heading);
  return [...new Set(ordered)].filter((it) => it !== title);
}
