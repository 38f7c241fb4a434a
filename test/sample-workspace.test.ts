// The sample workspace is the first thing a new user sees: it must teach a model and agree with its own taxonomy.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const folder = path.resolve(import.meta.dirname, "../media/sample-workspace");
const notes = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((it) => it.endsWith(".md") && it !== "README.md")
  .map((it) => ({ path: it, text: readFileSync(path.join(folder, it), "utf8") }));
const turtle = readFileSync(path.join(folder, "taxonomy.ttl"), "utf8");

/** Tags of the few spellings that the notes use, read without any code of the project. */
function tagsOf(text: string): string[] {
  const head = /^(---|\+\+\+)\n(.*?)\n\1\n/su.exec(text)?.[2] ?? "";
  const value = /^tags(?::| =)([^\n]*(?:\n(?:[ \-\]][^\n]*))*)/mu.exec(head)?.[1] ?? "";
  return value
    .split(/[\n,[\]]|^\s*- /mu)
    .map((it) => it.replace(/^[\s"]+|[\s"]+$/gu, ""))
    .filter((it) => it !== "");
}

const conceptNames = new Set(
  [...turtle.matchAll(/skos:Concept ;.*?skos:prefLabel "([^"]+)"@en/gsu)].map((it) => it[1]),
);

test("every tag of every note is the preferred label of a concept", () => {
  expect(conceptNames.size).toBe(86);
  const unknown = notes.flatMap((it) => tagsOf(it.text).filter((tag) => !conceptNames.has(tag)));
  expect(unknown).toEqual([]);
});

test("all concepts are defined, most have other names, and they stand on three levels", () => {
  const blocks = turtle.split(/\n(?=tern:)/u).filter((it) => it.includes(" a skos:Concept ;"));
  const nameOf = (block: string) => /^tern:([\w-]+)/u.exec(block)![1]!;
  const broader = new Map(blocks.map((it) => [nameOf(it), /skos:broader tern:([\w-]+)/u.exec(it)?.[1]]));
  expect(blocks.length).toBe(conceptNames.size);
  expect(blocks.filter((it) => !/skos:definition "[^"]{10,}"@en/u.test(it)).map(nameOf)).toEqual([]);
  expect(blocks.filter((it) => /skos:altLabel "[^"]+"@en/u.test(it)).length).toBeGreaterThan(0.8 * blocks.length);
  const levelOf = (name: string, seen = 1): number => {
    const parent = broader.get(name);
    if (parent === undefined || seen > 10) return seen;
    expect([...broader.keys()], name).toContain(parent);
    return levelOf(parent, seen + 1);
  };
  const levels = [...broader.keys()].map((it) => levelOf(it));
  expect([...new Set(levels)].sort()).toEqual([1, 2, 3]);
});

test("over sixty notes carry two to five tags and five carry none", () => {
  const counts = notes.map((it) => tagsOf(it.text).length);
  expect(counts.filter((it) => it > 0).length).toBeGreaterThan(60);
  expect(counts.filter((it) => it !== 0 && (it < 2 || it > 5))).toEqual([]);
  expect(notes.filter((it) => tagsOf(it.text).length === 0).map((it) => path.dirname(it.path))).toEqual(
    Array(5).fill("inbox"),
  );
});

test("every tag in use is on at least four notes, so that it can be learnt", () => {
  const counts = new Map<string, number>();
  for (const tag of notes.flatMap((it) => tagsOf(it.text))) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  expect(counts.size).toBeGreaterThan(50);
  expect([...counts].filter(([, count]) => count < 4)).toEqual([]);
});

test("notes are 80 to 250 words long and no two are alike", () => {
  const bodies = notes.map((it) => it.text.replace(/^(---|\+\+\+)\n.*?\n\1\n/su, "").trim());
  const lengths = bodies.map((it) => it.split(/\s+/u).length);
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(80);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(250);
  expect(new Set(bodies.map((it) => it.slice(0, 60))).size).toBe(bodies.length);
});
