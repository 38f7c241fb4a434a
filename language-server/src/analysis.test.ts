import { expect, test } from "vitest";
import { createAnalyse } from "./analysis.ts";

test("one version of a document is analysed once, and the version before is not kept", () => {
  const analyse = createAnalyse();
  const read = (text: string) => analyse("file:///n/a.md", text, {});
  const first = read("---\ntags: [a]\n---\n");
  expect(first.tags.tags).toEqual(["a"]);
  expect(read("---\ntags: [a]\n---\n")).toBe(first);
  expect(read("---\ntags: [b]\n---\n").tags.tags).toEqual(["b"]);
  const again = read("---\ntags: [a]\n---\n");
  expect(again).not.toBe(first);
  expect(again).toEqual(first);
});

test("the same text with other keys has other tags", () => {
  const analyse = createAnalyse();
  const read = (keys: string[]) => analyse("file:///n/a.md", "---\nx: [a]\ny: [b]\n---\n", { keys }).tags.tags;
  expect([read(["x"]), read(["y"]), read(["x"])]).toEqual([["a"], ["b"], ["a"]]);
});

test("many short documents are kept, of long ones only the last", () => {
  const analyse = createAnalyse();
  const read = (name: string, length: number) => analyse(`file:///n/${name}.txt`, "word ".repeat(length / 5), {});
  const short = read("short", 1000);
  const long = read("long", 6_000_000);
  expect(read("short", 1000)).toBe(short);
  expect(read("long", 6_000_000)).toBe(long);
  read("longer", 7_000_000);
  expect(read("long", 6_000_000)).not.toBe(long);
});
