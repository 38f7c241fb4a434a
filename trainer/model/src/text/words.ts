// Words of a text: NFKC, lower case, runs of letters, marks and digits; each ideograph is a word by itself. A mark goes
// on with a word and begins none: what an emoji's variation selector stands on is no letter.
// Only hashes leave this file: a word is a 64-bit hash and its place in the normalised text.

/** Words of one text, reused from call to call: entry i of the arrays up to `length`. */
export interface WordBuffer {
  /** The normalised text that `start` and `end` point into. */
  text: string;
  length: number;
  high: Uint32Array;
  low: Uint32Array;
  start: Uint32Array;
  end: Uint32Array;
}

const SEPARATOR = 1;
const LETTER = 2;
const IDEOGRAPH = 3;
const MARK = 4;

const LETTER_CLASS = /[\p{L}\p{N}]/u;
const MARK_CLASS = /\p{M}/u;
const IDEOGRAPH_CLASS = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** Class of each UTF-16 unit of the basic plane, filled as texts need it; surrogates are looked up by code point. */
export type CharacterClasses = Uint8Array;

export function newCharacterClasses(): CharacterClasses {
  return new Uint8Array(0x10000);
}

export function newWordBuffer(capacity = 1024): WordBuffer {
  return {
    text: "",
    length: 0,
    high: new Uint32Array(capacity),
    low: new Uint32Array(capacity),
    start: new Uint32Array(capacity),
    end: new Uint32Array(capacity),
  };
}

/** NFKC, then lower case: what every feature of a text is made of. */
export function normaliseText(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** Fills `words` from `text`. Cost O(text); allocates only where the buffer must grow. */
export function splitWords(text: string, words: WordBuffer, classes: CharacterClasses): void {
  const normal = normaliseText(text);
  words.text = normal;
  words.length = 0;
  const size = normal.length;
  let start = -1;
  let high = 0;
  let low = 0;
  for (let at = 0; at < size; at++) {
    const unit = normal.charCodeAt(at);
    const kind = classes[unit] || classify(normal, at, unit, classes);
    if (kind === LETTER || (kind === MARK && start >= 0)) {
      if (start < 0) {
        start = at;
        high = HIGH_SEED;
        low = LOW_SEED;
      }
      high = Math.imul(high ^ unit, HIGH_PRIME);
      low = Math.imul(low ^ unit, LOW_PRIME);
      low ^= low >>> 15;
      continue;
    }
    if (start >= 0) {
      push(words, high, low, start, at);
      start = -1;
    }
    if (kind === IDEOGRAPH) {
      const width = unit >= 0xd800 && unit < 0xdc00 ? 2 : 1;
      high = Math.imul(HIGH_SEED ^ (normal.codePointAt(at) ?? unit), HIGH_PRIME);
      low = Math.imul(LOW_SEED ^ (normal.codePointAt(at) ?? unit), LOW_PRIME);
      push(words, high, low ^ (low >>> 15), at, at + width);
      at += width - 1;
    }
  }
  if (start >= 0) push(words, high, low, start, size);
}

const HIGH_SEED = 0x811c9dc5 | 0;
const LOW_SEED = 0x9747b28c | 0;
const HIGH_PRIME = 0x01000193;
const LOW_PRIME = 0x5bd1e995;

/** Final avalanche of MurmurHash3: every input bit reaches every output bit. */
export function mix(hash: number): number {
  let h = hash;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function push(words: WordBuffer, high: number, low: number, start: number, end: number): void {
  if (words.length === words.start.length) grow(words);
  const i = words.length++;
  // Each half is mixed with the other, so that a collision in one alone is no collision of both.
  words.high[i] = mix(high ^ Math.imul(low, 0x9e3779b1));
  words.low[i] = mix(low + (end - start));
  words.start[i] = start;
  words.end[i] = end;
}

function grow(words: WordBuffer): void {
  const capacity = words.start.length * 2;
  words.high = enlarged(words.high, capacity);
  words.low = enlarged(words.low, capacity);
  words.start = enlarged(words.start, capacity);
  words.end = enlarged(words.end, capacity);
}

function enlarged(array: Uint32Array, capacity: number): Uint32Array {
  const larger = new Uint32Array(capacity);
  larger.set(array);
  return larger;
}

function classify(text: string, at: number, unit: number, classes: CharacterClasses): number {
  if (unit >= 0xd800 && unit < 0xe000) {
    // The second half of a pair continues what the first half began; an ideograph's never gets here. A half without
    // its other half is no character.
    const point = text.codePointAt(unit >= 0xdc00 ? at - 1 : at) ?? unit;
    return point < 0x10000 ? SEPARATOR : classOf(String.fromCodePoint(point));
  }
  const kind = classOf(String.fromCharCode(unit));
  classes[unit] = kind;
  return kind;
}

function classOf(character: string): number {
  if (IDEOGRAPH_CLASS.test(character)) return IDEOGRAPH;
  if (LETTER_CLASS.test(character)) return LETTER;
  return MARK_CLASS.test(character) ? MARK : SEPARATOR;
}
