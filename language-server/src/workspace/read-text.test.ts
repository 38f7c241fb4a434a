import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { createAnalyse } from "../analysis.ts";
import { readText } from "./read-text.ts";

async function reading(bytes: Uint8Array | string) {
  const file = path.join(scratchFolder(), "note.md");
  writeFileSync(file, bytes);
  return readText(file);
}

test("a text is what the editor shows: without its byte order mark, line ends kept", async () => {
  expect(await reading("\ufeffa\r\nb")).toEqual({ kind: "text", text: "a\r\nb" });
});

test("a file of mixed line ends says the same as the document that the editor makes of it, with one kind", async () => {
  const lines = ["---", "title: On bread", "tags:", "  - baking", "  - salt", "---", "Dough", "and #rest."];
  const text = (lineEnd: (i: number) => string) => lines.map((it, i) => it + lineEnd(i)).join("");
  const read = await reading(text((i) => (i === 1 || i % 3 === 0 ? "\r\n" : "\n")));
  if (read.kind !== "text") throw new Error(read.reason);
  const [disk, ...editors] = [read.text, text(() => "\n"), text(() => "\r\n")].map((it) => {
    const { tags, body, bodyHash } = createAnalyse()("file:///note.md", it, { inlineTags: true });
    return { tags: tags.tags, body, bodyHash };
  });
  expect(disk).toMatchObject({ tags: ["baking", "salt", "rest"], body: "On bread\n\nDough\nand .\n" });
  for (const editor of editors) expect(editor).toEqual(disk);
});

test.each([
  ["NUL bytes", new Uint8Array([97, 0, 98]), "it holds NUL bytes, so it is not a text file"],
  ["invalid UTF-8", new Uint8Array([97, 0xff, 98]), "it is not valid UTF-8; convert it first"],
])("a file with %s is skipped with the reason", async (_, bytes, reason) => {
  expect(await reading(bytes)).toEqual({ kind: "skipped", reason });
});

test("a file that is gone is skipped with the reason", async () => {
  expect(await readText(path.join(tmpdir(), "no-such-note.md"))).toEqual({
    kind: "skipped",
    reason: expect.stringContaining("ENOENT"),
  });
});

test("ten megabytes are read, seventeen are not", async () => {
  expect((await reading("x".repeat(10 * 2 ** 20))).kind).toBe("text");
  expect(await reading("x".repeat(17 * 2 ** 20))).toEqual({
    kind: "skipped",
    reason: "17.0 MiB is over the limit of 16 MiB",
  });
});
