import { expect, test } from "vitest";
import { isHeldOut } from "./split.ts";

// Remainders made with: python3 -c 'import hashlib,sys; print(int(hashlib.sha1(sys.argv[1].encode()).hexdigest()[:8],16)%100)' ID
const remainders: [string, number][] = [
  ["cs/9902027", 88],
  ["0ad", 97],
  ["content/aelplermagronen.md", 72],
  ["f770f319d4459", 61],
  ["Überschrift/ä.md", 74],
  ["salt:note", 42],
];

test("a document is held out from the percentage above its SHA-1 remainder", () => {
  for (const [id, remainder] of remainders) {
    expect(isHeldOut(id, remainder)).toBe(false);
    expect(isHeldOut(id, remainder + 1)).toBe(true);
  }
});

test("a salt stands before the id", () => {
  const [id, remainder] = remainders.at(-1)!;
  expect(isHeldOut(id.slice(5), remainder, id.slice(0, 5))).toBe(false);
  expect(isHeldOut(id.slice(5), remainder + 1, id.slice(0, 5))).toBe(true);
});

test("nothing is held out at 0 percent and everything at 100", () => {
  const ids = Array.from({ length: 500 }, (_, i) => `note-${i}`);
  expect(ids.filter((it) => isHeldOut(it, 0))).toEqual([]);
  expect(ids.filter((it) => isHeldOut(it, 100))).toEqual(ids);
});
