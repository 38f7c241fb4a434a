import fc from "fast-check";
import { expect, test } from "vitest";
import { newCharacterClasses, newWordBuffer, normaliseText, splitWords } from "./words.ts";

const classes = newCharacterClasses();

function placesOf(text: string): { text: string; places: [number, number][] } {
  const words = newWordBuffer(2);
  splitWords(text, words, classes);
  return {
    text: words.text,
    places: Array.from({ length: words.length }, (_, i) => [words.start[i]!, words.end[i]!]),
  };
}

function wordsOf(text: string): string[] {
  const { text: normal, places } = placesOf(text);
  return places.map(([start, end]) => normal.slice(start, end));
}

function hashesOf(text: string): string[] {
  const words = newWordBuffer();
  splitWords(text, words, classes);
  return Array.from({ length: words.length }, (_, i) => `${words.high[i]}:${words.low[i]}`);
}

const cases: [string, string, string[]][] = [
  ["Words end at blanks and punctuation", "Oak-tree, (old) oak_wood!", ["oak", "tree", "old", "oak", "wood"]],
  ["Digits belong to words", "mp3 2026-11 x86_64", ["mp3", "2026", "11", "x86", "64"]],
  ["Case is folded by the rules of Unicode", "ÄPFEL ΣΊΣΥΦΟΣ Čaj", ["äpfel", "σίσυφος", "čaj"]],
  ["Compatibility forms are one word", "ﬁsh ＡＢＣ x² Ⅻ", ["fish", "abc", "x2", "xii"]],
  ["A decomposed letter is its composed one", "cafe\u0301 cafe\u0301s", ["café", "cafés"]],
  ["Marks stay in their word", "हिन्दी עִבְרִית", ["हिन्दी", "עִבְרִית"]],
  ["Each Han character is a word", "日本語 を学ぶ", ["日", "本", "語", "を", "学", "ぶ"]],
  ["Latin and Han part without a blank", "USB日本C", ["usb", "日", "本", "c"]],
  ["Han characters past the basic plane are one word each", "𠮷野𠮷", ["𠮷", "野", "𠮷"]],
  ["Each Thai character is a word, vowel signs too", "ที่นี่", ["ท", "ี", "่", "น", "ี", "่"]],
  ["Letters past the basic plane make words", "𐌰𐌱 𐌲", ["𐌰𐌱", "𐌲"]],
  ["Emoji are no words, nor are their selectors", "I ❤️ tea ☕︎ 👩‍🌾 1️⃣", ["i", "tea", "1️⃣"]],
  ["A mark by itself is no word", "\u0301 \u0301a", ["a"]],
  ["Lone surrogates part words", "a\ud800b c\udc00d 日\udc00 \ud800", ["a", "b", "c", "d", "日"]],
  ["NUL and controls part words", "a\0b\u0007c", ["a", "b", "c"]],
  ["An empty text has no words", "", []],
];

test.each(cases)("%s", (_, text, expected) => {
  expect(wordsOf(text)).toEqual(expected);
});

const piece = fc.oneof(
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.constantFrom("oak", "É", "e\u0301", "日", "𠮷", "น", "𐌰", "❤️", "\ud83d", "\udc00", "\u0301", " ", "-", "ﬃ", "İ"),
);
const anyText = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));

test("words stand where one regular expression over the normalised text finds them", () => {
  const ideograph = "\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}";
  const word = new RegExp(`[${ideograph}]|[\\p{L}\\p{N}](?:(?![${ideograph}])[\\p{L}\\p{N}\\p{M}])*`, "gu");
  fc.assert(
    fc.property(anyText, (text) => {
      const expected = [...normaliseText(text).matchAll(word)].map((it) => [it.index, it.index + it[0].length]);
      expect(placesOf(text).places).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});

test("a word has one hash wherever it stands and however it is written", () => {
  fc.assert(
    fc.property(anyText, anyText, (text, before) => {
      const hashes = hashesOf(text);
      expect(hashesOf(normaliseText(text))).toEqual(hashes);
      expect(hashesOf(`${before} | ${text}`).slice(hashesOf(before).length)).toEqual(hashes);
    }),
  );
});

test("different words have different hashes", () => {
  const words = new Set<string>();
  for (let i = 0; i < 100_000; i++)
    words
      .add((i * 7919).toString(36))
      .add(`w${i}`)
      .add(`${i}`);
  for (let unit = 0x4e00; unit < 0x9fff; unit++) words.add(String.fromCharCode(unit));
  const buffer = newWordBuffer();
  splitWords([...words].join(" "), buffer, classes);
  expect(buffer.length).toBe(words.size);
  const hashes = new Set<bigint>();
  for (let i = 0; i < buffer.length; i++) hashes.add((BigInt(buffer.high[i]!) << 32n) | BigInt(buffer.low[i]!));
  expect(hashes.size).toBe(words.size);
});
