// Every n-gram of a text as a 64-bit hash and its place: the one definition that fitting and predicting share.
import {
  type CharacterClasses,
  mix,
  newCharacterClasses,
  newWordBuffer,
  splitWords,
  type WordBuffer,
} from "../text/words.ts";
import type { TfidfOptions } from "./tfidf.ts";

/** n-grams of one text, reused from call to call: entry i of the arrays up to `length`. */
export interface NgramBuffer {
  length: number;
  high: Uint32Array;
  low: Uint32Array;
  /** Places in `words.text`, without the blanks around a word. */
  start: Uint32Array;
  end: Uint32Array;
  /** Whether a character n-gram has the blank before (1) or after its word (2) or both (3). */
  edges: Uint8Array;
  readonly words: WordBuffer;
  readonly classes: CharacterClasses;
}

export function newNgramBuffer(): NgramBuffer {
  return {
    length: 0,
    high: new Uint32Array(4096),
    low: new Uint32Array(4096),
    start: new Uint32Array(4096),
    end: new Uint32Array(4096),
    edges: new Uint8Array(4096),
    words: newWordBuffer(),
    classes: newCharacterClasses(),
  };
}

/** Splits `text` into the words of `out`: the step that all blocks of a model share. */
export function readWords(text: string, out: NgramBuffer): void {
  splitWords(text, out.words, out.classes);
}

/** Fills `out` with the n-grams of the words that `readWords` left there, in order of their places. */
export function readNgrams(options: TfidfOptions, out: NgramBuffer): void {
  out.length = 0;
  if (options.analyzer === "word") wordNgrams(options, out);
  else characterNgrams(options, out);
}

/**
 * The n-gram's own text: what stands between words as one blank, and none where there is nothing, as between ideographs;
 * a character n-gram shows a word's edge as a blank.
 */
export function ngramText(options: TfidfOptions, ngrams: NgramBuffer, i: number): string {
  const text = ngrams.words.text.slice(ngrams.start[i], ngrams.end[i]);
  if (options.analyzer === "word") return text.replace(/(?:[^\p{L}\p{N}\p{M}]\p{M}*)+/gu, " ");
  const edges = ngrams.edges[i]!;
  return `${edges & BEFORE ? " " : ""}${text}${edges & AFTER ? " " : ""}`;
}

const BEFORE = 1;
const AFTER = 2;

function wordNgrams({ minN, maxN }: TfidfOptions, out: NgramBuffer): void {
  const { high, low, start, end, length } = out.words;
  reserve(out, length * (maxN - minN + 1));
  let count = 0;
  for (let first = 0; first < length; first++) {
    let h = 0;
    let l = 0;
    const last = Math.min(first + maxN, length);
    for (let at = first; at < last; at++) {
      const n = at - first + 1;
      h = n === 1 ? high[at]! : mix(Math.imul(h, 31) + high[at]! + n);
      l = n === 1 ? low[at]! : mix(Math.imul(l, 37) ^ (low[at]! + n));
      if (n < minN) continue;
      out.high[count] = h;
      out.low[count] = l;
      out.start[count] = start[first]!;
      out.end[count] = end[at]!;
      count++;
    }
  }
  out.length = count;
}

/** n-grams inside each word, one blank of padding on both sides (scikit-learn's `char_wb`). */
function characterNgrams({ minN, maxN }: TfidfOptions, out: NgramBuffer): void {
  const { text, start, end, length } = out.words;
  let count = 0;
  for (let word = 0; word < length; word++) {
    const from = start[word]! - 1;
    const to = end[word]! + 1;
    reserve(out, count + (to - from) * (maxN - minN + 1));
    for (let first = from; first < to; first++) {
      let h = 0x2545f491;
      let l = 0x1b873593;
      const last = Math.min(first + maxN, to);
      for (let at = first; at < last; at++) {
        const unit = at === from || at === to - 1 ? 0x20 : text.charCodeAt(at);
        h = Math.imul(h ^ unit, 0x01000193);
        l = Math.imul(l ^ unit, 0x5bd1e995);
        l ^= l >>> 15;
        const n = at - first + 1;
        if (n < minN) continue;
        out.high[count] = mix(h ^ Math.imul(l, 0x9e3779b1));
        out.low[count] = mix(l + n);
        out.start[count] = Math.max(first, from + 1);
        out.end[count] = Math.min(at + 1, to - 1);
        out.edges[count] = (first === from ? BEFORE : 0) | (at === to - 1 ? AFTER : 0);
        count++;
      }
    }
  }
  out.length = count;
}

function reserve(out: NgramBuffer, capacity: number): void {
  if (capacity <= out.high.length) return;
  const size = Math.max(capacity, out.high.length * 2);
  for (const key of ["high", "low", "start", "end"] as const) {
    const larger = new Uint32Array(size);
    larger.set(out[key]);
    out[key] = larger;
  }
  const edges = new Uint8Array(size);
  edges.set(out.edges);
  out.edges = edges;
}
