import fc from "fast-check";
import { expect, test } from "vitest";
import { type PieceReader, poolPassages, readPassages } from "./passages.ts";

const opening = -1;
const closing = -2;

/** A tokenizer of which every word is a piece: the words themselves, numbered as they come. */
function wordPieces() {
  const words: string[] = [];
  const idOf = new Map<string, number>();
  const reader: PieceReader = {
    encode(text, maxPieces) {
      const ids: number[] = [];
      for (const [word] of text.matchAll(/\S+/gu)) {
        if (ids.length === maxPieces - 2) break;
        if (!idOf.has(word)) idOf.set(word, words.push(word) - 1);
        ids.push(idOf.get(word)!);
      }
      return Int32Array.from([opening, ...ids, closing]);
    },
  };
  const read = (text: string, options: { maxPieces: number; passages: number }) => {
    const { passages, read: said } = readPassages(text, reader, options);
    for (const it of passages) expect([it[0], it.at(-1)]).toEqual([opening, closing]);
    return { said, texts: passages.map((it) => [...it.subarray(1, -1)].map((id) => words[id]).join(" ")) };
  };
  return { read };
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `w${i}`).join(" ");

test("a text that fits is read whole, once", () => {
  const { read } = wordPieces();
  expect(read("one two three", { maxPieces: 5, passages: 4 })).toEqual({
    said: { whole: true, headings: 0, tail: false },
    texts: ["one two three"],
  });
});

test("a text without a piece has no passage", () => {
  const { read } = wordPieces();
  for (const text of ["", "  \n\t "]) expect(read(text, { maxPieces: 5, passages: 1 }).texts).toEqual([]);
});

test("with one passage a long text is read from its beginning", () => {
  const { read } = wordPieces();
  expect(read(numbered(10), { maxPieces: 6, passages: 1 })).toEqual({
    said: { whole: false, headings: 0, tail: false },
    texts: ["w0 w1 w2 w3"],
  });
});

test("a text that fits into several passages is cut into windows of equal length", () => {
  const { read } = wordPieces();
  const { texts, said } = read(numbered(9), { maxPieces: 6, passages: 4 });
  expect(said.whole).toBe(true);
  expect(texts).toEqual(["w0 w1 w2", "w3 w4 w5", "w6 w7 w8"]);
});

test("a text that is too long is read at its beginning, in between and at its end, title and headings before the end", () => {
  const { read } = wordPieces();
  const body = Array.from({ length: 30 }, (_, i) => `p${i}`);
  const text = `The title\n\n${body.slice(0, 10).join(" ")}\n\n## Alpha\n\n${body.slice(10, 20).join(" ")}\n\nBeta\n----\n\n${body.slice(20).join(" ")}\n`;
  const { texts, said } = read(text, { maxPieces: 10, passages: 3 });
  expect(said).toEqual({ whole: false, headings: 2, tail: true });
  expect(texts[0]).toBe("The title p0 p1 p2 p3 p4 p5");
  expect(texts[1]).toMatch(/^The title \S+ \S+ \S+ \S+ \S+ \S+$/);
  expect(texts[2]).toBe("The title Alpha Beta p26 p27 p28 p29");
});

test.each([
  ["Markdown", "# One\n\n## Two"],
  ["AsciiDoc", "= One\n\n== Two"],
  ["Org", "* One\n\n** Two"],
  ["reStructuredText", "One\n====\n\nTwo\n~~~~"],
  ["LaTeX", "\\section{One}\n\n\\subsection*{Two}"],
])("headings of %s are found", (_, outline) => {
  const { read } = wordPieces();
  const text = `A title\n\n${outline}\n\n${numbered(40)}`;
  const { texts } = read(text, { maxPieces: 18, passages: 2 });
  expect(texts[1]).toMatch(/^A title One Two w/);
});

test("passages hold no more than their pieces, and what is read whole holds every word once", () => {
  const { read } = wordPieces();
  fc.assert(
    fc.property(
      fc.nat(80),
      fc.integer({ min: 3, max: 20 }),
      fc.integer({ min: 1, max: 5 }),
      (n, maxPieces, passages) => {
        const { texts, said } = read(numbered(n), { maxPieces, passages });
        expect(texts.length).toBeLessThanOrEqual(passages);
        for (const it of texts) expect(it.split(" ").length).toBeLessThanOrEqual(maxPieces - 2);
        expect(said.whole).toBe(n <= passages * (maxPieces - 2));
        if (said.whole) expect(texts.join(" ")).toBe(numbered(n));
        else expect(texts[0]!.startsWith("w0")).toBe(true);
        if (said.tail) expect(texts.at(-1)!.endsWith(`w${n - 1}`)).toBe(true);
      },
    ),
    { seed: 1 },
  );
});

test("a book of four megabytes is read in one pass", () => {
  const { read } = wordPieces();
  const book = Array.from({ length: 60_000 }, (_, i) => `## Heading ${i % 7}\n${"word ".repeat(12)}\n`).join("");
  const start = performance.now();
  expect(read(book, { maxPieces: 128, passages: 4 }).said.headings).toBe(6);
  expect(performance.now() - start).toBeLessThan(30_000);
}, 60_000);

test("passages without room for a text are a mistake of the caller", () => {
  expect(() => wordPieces().read("a", { maxPieces: 2, passages: 1 })).toThrow(RangeError);
});

test("the embedding of a text is the unit mean of its passages' unit embeddings, zeros without any", () => {
  const pooled = poolPassages([Float32Array.of(3, 0), Float32Array.of(0, 0.5), Float32Array.of(0, 0)], 2);
  expect(pooled[0]).toBeCloseTo(Math.SQRT1_2, 6);
  expect(pooled[1]).toBeCloseTo(Math.SQRT1_2, 6);
  expect([...poolPassages([], 3)]).toEqual([0, 0, 0]);
});
