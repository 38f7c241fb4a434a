import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import type { Concept, LoadOptions, Taxonomy } from "./index.ts";
import { loadTaxonomy, TaxonomyError } from "./index.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tagwright-taxonomy-"));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

const prefixes = `@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix skosxl: <http://www.w3.org/2008/05/skos-xl#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix : <http://example.org/> .
`;

let numFiles = 0;

function turtle(body: string, options?: LoadOptions): Promise<Taxonomy> {
  return loadTaxonomy(written(`${numFiles++}.ttl`, prefixes + body), options);
}

function tsv(body: string | Uint8Array, options?: LoadOptions): Promise<Taxonomy> {
  return loadTaxonomy(written(`${numFiles++}.tsv`, body), options);
}

const names = (concepts: readonly Concept[]) => concepts.map((it) => it.prefLabel);

const garden = `
:scheme a skos:ConceptScheme ; skos:prefLabel "Garden"@en .
:plants a skos:Concept ; skos:prefLabel "plants"@en , "plantes"@fr ; skos:narrower :peas .
:beans a skos:Concept ; skos:prefLabel "broad beans"@en ; skos:altLabel "fava beans"@en , "horse beans"@en ;
  skos:hiddenLabel "brod beans"@en ; skos:broader :plants ; skos:definition "Beans of *Vicia faba*."@en ;
  skos:notation "B1" .
:peas a skos:Concept ; skos:prefLabel "peas"@en , "pois"@fr ; skos:altLabel "petits pois"@fr .
:vetch a skos:Concept ; owl:deprecated true ; skos:prefLabel "pease vetch"@en ; skos:broader :peas .
:group a skos:Collection ; skos:prefLabel "not a concept"@en ; skos:member :peas .
`;

test("Turtle gives concepts with names, definitions, notations and both directions of the hierarchy", async () => {
  const taxonomy = await turtle(garden);
  expect(taxonomy.title).toBe("Garden");
  expect(names(taxonomy.concepts)).toEqual(["plants", "broad beans", "peas", "pease vetch"]);
  expect(taxonomy.get("http://example.org/beans")).toEqual({
    id: "http://example.org/beans",
    prefLabel: "broad beans",
    altLabels: ["fava beans", "horse beans"],
    hiddenLabels: ["brod beans"],
    definition: "Beans of *Vicia faba*.",
    broader: ["http://example.org/plants"],
    narrower: [],
    deprecated: false,
    notation: "B1",
  });
  const plants = taxonomy.get("http://example.org/plants")!;
  expect(plants.narrower).toEqual(["http://example.org/beans", "http://example.org/peas"]);
  expect(taxonomy.topConcepts).toEqual([plants]);
  expect(taxonomy.get("http://example.org/vetch")!.deprecated).toBe(true);
  expect(taxonomy.warnings).toEqual([]);
});

test("N-Triples and gzip say the same as Turtle", async () => {
  const triples = [
    "<http://example.org/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/2004/02/skos/core#Concept> .",
    '<http://example.org/a> <http://www.w3.org/2004/02/skos/core#prefLabel> "caf\\u00E9"@en .',
  ].join("\n");
  const plain = await loadTaxonomy(written("plain.nt", triples));
  const packed = await loadTaxonomy(written("packed.nt.gz", gzipSync(triples)));
  expect(names(plain.concepts)).toEqual(["café"]);
  expect(packed.concepts).toEqual(plain.concepts);
});

test("labels fall back from the wanted language to English, to no language, to any, to the id", async () => {
  const body = `
:a a skos:Concept ; skos:prefLabel "colour"@en-GB , "couleur"@fr ; skos:altLabel "teinte"@fr , "hue"@en .
:b a skos:Concept ; skos:prefLabel "plain" , "schlicht"@de .
:c a skos:Concept ; skos:prefLabel "nur deutsch"@de .
:d_%C3%A9 a skos:Concept .`;
  expect(names((await turtle(body, { language: ["it", "fr-CA"] })).concepts)).toEqual([
    "couleur",
    "plain",
    "nur deutsch",
    "d é",
  ]);
  const english = await turtle(body);
  expect(names(english.concepts)).toEqual(["colour", "plain", "nur deutsch", "d é"]);
  expect(english.concepts[0]!.altLabels).toEqual(["hue"]);
  expect(english.warnings).toEqual(["concepts without a preferred label, shown by another name or their id: 1"]);
});

test("a second preferred label of one language becomes an alternative", async () => {
  const taxonomy = await turtle(
    `:a a skos:Concept ; skos:prefLabel "first"@en , "second"@en ; skos:altLabel "first"@en .`,
  );
  expect(taxonomy.concepts[0]).toMatchObject({ prefLabel: "first", altLabels: ["second"] });
});

test("labels and definitions that are nodes of their own are followed, wherever they stand", async () => {
  const taxonomy = await turtle(`
:l1 a skosxl:Label ; skosxl:literalForm "before"@en .
:a a skos:Concept ; skosxl:prefLabel :l1 ; skosxl:altLabel [ skosxl:literalForm "inside"@en ] ; skos:definition :d .
:d rdf:value "after"@en .`);
  expect(taxonomy.concepts[0]).toMatchObject({ prefLabel: "before", altLabels: ["inside"], definition: "after" });
});

test("a path leads from the top by the shortest way, through several parents", async () => {
  const taxonomy = await tsv("top\tTop\na\tA\ttop\nb\tB\ta\nc\tC\tb\ta\n");
  expect(names(taxonomy.pathTo(taxonomy.get("c")!))).toEqual(["Top", "A", "C"]);
  expect(names(taxonomy.pathTo(taxonomy.get("top")!))).toEqual(["Top"]);
  const twoTops = await tsv("far\tFar\nnear\tNear\nm\tM\tfar\nx\tX\tm\tnear\n");
  expect(names(twoTops.pathTo(twoTops.get("x")!))).toEqual(["Near", "X"]);
});

test("cycles and self-references end paths, are counted, and lose no concept", async () => {
  const taxonomy = await tsv("a\tA\tb\nb\tB\tc\nc\tC\ta\nd\tD\ta\td\n");
  expect(names(taxonomy.pathTo(taxonomy.get("d")!))).toEqual(["C", "B", "A", "D"]);
  expect(taxonomy.topConcepts).toEqual([]);
  expect(taxonomy.get("d")!.broader).toEqual(["a"]);
  expect(taxonomy.warnings).toEqual([expect.stringMatching(/broader than themselves in a cycle \(as [abc]\): 3$/)]);
  expect((await tsv("a\tA\tb\nb\tB\ta\n")).warnings).toEqual([expect.stringMatching(/cycle \(as [ab]\): 2$/)]);
});

test("a chain of 50,000 concepts is walked without recursion", async () => {
  const rows = Array.from({ length: 50_000 }, (_, i) => `c${i}\tname ${i}${i === 0 ? "" : `\tc${i - 1}`}`);
  const taxonomy = await tsv(rows.join("\n"));
  expect(taxonomy.pathTo(taxonomy.get("c49999")!)).toHaveLength(50_000);
});

test("TSV columns go by the header, without one by position; ids may hold spaces and brackets", async () => {
  const headed = await tsv(
    "id\tname\tbroader\tn_train\r\n1940 census\tCensus of 1940\t\t7\r\nx\tX\t1940 census\t1\r\ny\tY\t1940 census\t1\r\nz\tZ\tx y\t2\r\n",
  );
  expect(headed.get("x")!.broader).toEqual(["1940 census"]);
  expect(headed.get("z")!.broader).toEqual(["x", "y"]);
  expect(headed.warnings).toEqual([]);
  const plain = await tsv("<http://e.org/a>\talpha\n<http://e.org/b>\tbeta\t<http://e.org/a>\n");
  expect(plain.get("http://e.org/b")!.broader).toEqual(["http://e.org/a"]);
});

test("relations to concepts that are not there are left out and counted", async () => {
  const taxonomy = await tsv("a\tA\tgone\n");
  expect(taxonomy.get("a")!.broader).toEqual([]);
  expect(taxonomy.warnings).toEqual(["relations to a concept that is not in the file, left out (as gone): 1"]);
});

test("findByLabel minds neither case nor Unicode form, knows every name, and lists homographs preferred first", async () => {
  const taxonomy = await tsv("1\tCafé\n2\tMercury\n3\tmercury\n");
  expect(taxonomy.findByLabel("cafe\u0301")).toEqual([taxonomy.get("1")]);
  expect(taxonomy.findByLabel(" MERCURY ").map((it) => it.id)).toEqual(["2", "3"]);
  expect(taxonomy.findByLabel("merc")).toEqual([]);
  expect(taxonomy.findByLabel("")).toEqual([]);
  const beans = await turtle(garden);
  expect(names(beans.findByLabel("Fava Beans"))).toEqual(["broad beans"]);
  expect(names(beans.findByLabel("brod beans"))).toEqual(["broad beans"]);
});

test("search puts whole names before later words, preferred before other names, deprecated last", async () => {
  const taxonomy = await turtle(garden);
  expect(names(taxonomy.search("pe"))).toEqual(["peas", "pease vetch"]);
  expect(names(taxonomy.search("BEANS"))).toEqual(["broad beans"]);
  expect(names(taxonomy.search("p", 2))).toEqual(["peas", "plants"]);
  expect(names(taxonomy.search("v"))).toEqual(["pease vetch"]);
  const kinds = await turtle(`
:a a skos:Concept ; skos:prefLabel "z"@en ; skos:altLabel "pea"@en .
:b a skos:Concept ; skos:prefLabel "peanut"@en .`);
  expect(names(kinds.search("pea"))).toEqual(["peanut", "z"]);
  expect(taxonomy.search("  ")).toEqual([]);
  expect(taxonomy.search("p", 0)).toEqual([]);
});

test.each([
  ["a broken statement", "bad.ttl", `${prefixes}:a a skos:Concept ;;;\n:b : : .`, /bad\.ttl:7: /],
  ["an undefined prefix", "prefix.ttl", "\nfoo:a a foo:b .", /prefix\.ttl:2: Undefined prefix "foo:"/],
  ["a file cut short", "cut.ttl", `${prefixes}:a a skos:Concept ; skos:prefLabel "a`, /cut\.ttl:6: /],
  ["a row without a name", "row.tsv", "a\tA\nb\n", /row\.tsv:2: expected "id<TAB>name<TAB>broader", found "b"/],
  [
    "a header without a name",
    "head.tsv",
    "id\ttitle\n",
    /head\.tsv:1: the header has no column "name" \(found: id, title\)/,
  ],
  ["no concepts", "none.ttl", `${prefixes}:a skos:prefLabel "a" .`, /none\.ttl: no concepts found/],
  ["an empty file", "empty.tsv", "", /empty\.tsv: no concepts found/],
  ["a format nobody knows", "a.owl", "", /a\.owl: not a known taxonomy format \(known: \.ttl/],
  ["bytes that are not UTF-8", "latin.tsv", Uint8Array.of(97, 9, 0xe9, 10), /latin\.tsv:1: not UTF-8/],
  ["UTF-8 cut inside a character", "half.tsv", Uint8Array.of(97, 9, 98, 0xc3), /half\.tsv:1: not UTF-8/],
  ["bytes that are not gzip", "fake.tsv.gz", "a\tA\n", /fake\.tsv\.gz: cannot be read: incorrect header check/],
  ["gzip cut short", "cut.tsv.gz", gzipSync("a\tA\n").subarray(0, 12), /cut\.tsv\.gz: cannot be read: unexpected end/],
])("%s is an error that names file and line", async (_, name, content, message) => {
  const failed = loadTaxonomy(written(name, content));
  await expect(failed).rejects.toBeInstanceOf(TaxonomyError);
  await expect(failed).rejects.toThrow(message);
});

test("a file that is not there is an error that says so", async () => {
  await expect(loadTaxonomy(path.join(folder, "missing.ttl"))).rejects.toThrow(/missing\.ttl: cannot be read: ENOENT/);
  await expect(loadTaxonomy(path.join(folder, "missing.tsv.gz"))).rejects.toThrow(/cannot be read: ENOENT/);
});

test("sizes are bounded: bytes, concepts, and single texts", async () => {
  const bomb = written("bomb.tsv.gz", gzipSync(`a\t${"A".repeat(100_000)}\n`));
  await expect(loadTaxonomy(bomb, { limits: { maxBytes: 50_000 } })).rejects.toThrow(/more than 50000 bytes of text/);
  await expect(tsv("a\tA\nb\tB\nc\tC\n", { limits: { maxConcepts: 2 } })).rejects.toThrow(/:3: more than 2 concepts/);
  const long = await turtle(`:a a skos:Concept ; skos:prefLabel "${"x".repeat(11)}"@en , "short"@en .`, {
    limits: { maxTextLength: 10 },
  });
  expect(names(long.concepts)).toEqual(["short"]);
  expect(long.warnings).toEqual(["texts of more than 10 characters, left out: 1"]);
});

test("a byte order mark, CRLF and characters across chunk borders change nothing", async () => {
  const filler = `é\tf${"é".repeat(40_000)}\r\n`;
  const taxonomy = await tsv(`\uFEFFa\tA\r\n${filler}`, { limits: { maxTextLength: 100_000 } });
  expect(taxonomy.get("a")!.prefLabel).toBe("A");
  expect(taxonomy.get("é")!.prefLabel).toBe(`f${"é".repeat(40_000)}`);
});
