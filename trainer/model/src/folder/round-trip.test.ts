import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { message } from "../encoder/example-encoder.ts";
import { type ExampleShape, exampleModel, inTemporaryFolder, smallShape } from "./example-model.ts";
import { openModelFolder } from "./reader.ts";
import { verifyModelFolder } from "./verify.ts";
import { writeModelFolder } from "./writer.ts";

const label = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom(
    "a\tb",
    "two\nlines",
    "back\\slash",
    "\\n",
    "\ufeffbom",
    "\ud800",
    "",
    "__proto__",
    "日本語",
    "e\u0301",
  ),
);
const shape = fc.record({
  labels: fc.uniqueArray(label, { minLength: 1, maxLength: 20 }),
  blocks: fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 3 }),
  numMembers: fc.integer({ min: 1, max: 3 }),
  hidden: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
  seed: fc.nat(),
});

test("a model that was written is read back the same, whatever its labels and sizes", async () => {
  await fc.assert(
    fc.asyncProperty(shape, fc.boolean(), async ({ hidden, ...rest }, named) => {
      const shape: ExampleShape = { ...rest, hidden };
      const names = named ? { names: shape.labels.map((it, i) => (i % 2 === 0 ? it : `name of ${it}`)) } : {};
      const { content, chunks } = exampleModel({ ...shape, ...names });
      await inTemporaryFolder(async (folder) => {
        const target = path.join(folder, "model");
        await writeModelFolder(target, content);
        const model = await openModelFolder(target);
        expect(model.labels).toEqual(content.labels);
        expect(model.names).toEqual(content.names ?? content.labels);
        expect(model.tfidf).toEqual(content.tfidf);
        expect(model.info.formatVersion).toBe(5);
        expect(await Promise.all(model.encoders.map((it) => it.read()))).toEqual(
          content.encoders!.map(({ onnx, tokenizer, tokenizerConfig }) => ({ onnx, tokenizer, tokenizerConfig })),
        );
        expect(model.members.map((it) => it.encoder)).toEqual(content.members.map((it) => it.encoder ?? 0));
        expect(Array.from({ length: content.tfidf.numFeatures }, (_, f) => model.vocabulary.term(f))).toEqual(
          content.vocabulary,
        );
        for (const [m, { tree, ranker }] of model.members.entries()) {
          expect(tree).toEqual(content.members[m]!.tree);
          for (const [l, level] of ranker.levels.entries()) {
            expect(level.bias).toEqual(content.members[m]!.levels[l]!.bias);
            const read = chunks[m]![l]!.map((_, p) => level.chunk(p));
            // Where entries and rows are follows from the rest, and is there or not.
            expect(read.map(({ startOf: _, rowIndex: __, ...chunk }) => chunk)).toEqual(chunks[m]![l]);
          }
        }
        model.dispose();
      });
    }),
    { numRuns: 40 },
  );
});

test("what the model says about itself is what the training said", async () => {
  await inTemporaryFolder(async (folder) => {
    const { content } = exampleModel();
    await writeModelFolder(folder, content);
    const { info, manifest, dispose } = await openModelFolder(folder);
    dispose();
    expect(info).toMatchObject({
      formatVersion: 5,
      createdAt: "2026-01-02T03:04:05.000Z",
      numLabels: 7,
      numDocuments: 40,
      numFeatures: 12,
      encoder: "none",
      preset: "fast",
      holdOut: 10,
      threshold: 0.25,
      metrics: { "precision@1": 0.5 },
    });
    expect(manifest.scoring).toEqual({ beam: 10, power: 3, pathWeight: 1, candidates: 50 });
    expect(manifest.calibration).toEqual({ values: [0, 0.5, 1], probabilities: [0.01, 0.2, 0.9] });
    expect(readFileSync(path.join(folder, "README.md"), "utf8")).toBe("# Example\n");
  });
});

test("equal content gives equal files, so equal identifiers", async () => {
  await inTemporaryFolder(async (folder) => {
    const targets = ["a", "b"].map((name) => path.join(folder, name));
    for (const target of targets) await writeModelFolder(target, exampleModel().content);
    const [a, b] = targets.map((it) => readdirSync(it).map((name) => [name, readFileSync(path.join(it, name), "hex")]));
    expect(a).toEqual(b);
  });
});

test("names are stored only where one differs from its label", async () => {
  await inTemporaryFolder(async (folder) => {
    const same = path.join(folder, "same");
    await writeModelFolder(same, exampleModel({ ...smallShape, names: smallShape.labels }).content);
    expect(readdirSync(same)).not.toContain("names.txt");
    const other = path.join(folder, "other");
    await writeModelFolder(other, exampleModel({ ...smallShape, names: smallShape.labels.with(2, "Quitte") }).content);
    expect(readFileSync(path.join(other, "names.txt"), "utf8")).toBe("\n\nQuitte\n\n\n\n\n");
  });
});

test("terms are found across many groups of lines", async () => {
  await inTemporaryFolder(async (folder) => {
    const { content } = exampleModel({ ...smallShape, blocks: [1000] });
    const terms = Array.from({ length: 1000 }, (_, i) => "ü".repeat(i % 40) + i);
    await writeModelFolder(folder, { ...content, vocabulary: terms });
    const { vocabulary, dispose } = await openModelFolder(folder);
    for (const feature of [999, 0, 63, 64, 65, 127, 128, 500]) expect(vocabulary.term(feature)).toBe(terms[feature]);
    expect(() => vocabulary.term(1000)).toThrow(RangeError);
    dispose();
  });
});

test("the quantised graph answers where there is one, and an encoder with its licence is described as it was given", async () => {
  await inTemporaryFolder(async (folder) => {
    const { content } = exampleModel({ ...smallShape, hidden: 3 });
    const [encoder] = content.encoders!;
    const int8 = new Uint8Array([...encoder!.onnx, ...message([3, "another"])]);
    await writeModelFolder(folder, { ...content, encoders: [{ ...encoder!, int8, licence: "MIT" }] });
    const { encoders, info, dispose } = await openModelFolder(folder);
    expect(info).toMatchObject({ formatVersion: 5, encoder: "example" });
    expect(encoders[0]!.description).toEqual({
      hidden: 3,
      weight: 1,
      pooling: "mean",
      maxPieces: 128,
      passages: 1,
      serves: "encoder.int8.onnx",
      origin: "a test",
      licence: "MIT",
    });
    expect((await encoders[0]!.read()).onnx).toEqual(int8);
    dispose();
  });
});

test("several encoders are described by name, each with its own files and its own graph", async () => {
  await inTemporaryFolder(async (folder) => {
    const { content } = exampleModel({ ...smallShape, hidden: [3, 5], numMembers: 2 });
    const [first, second] = content.encoders!;
    const int8 = new Uint8Array([...second!.onnx, ...message([3, "another"])]);
    await writeModelFolder(folder, { ...content, encoders: [first!, { ...second!, int8, weight: 2 }] });
    expect(readdirSync(folder).filter((it) => /onnx|tokenizer/u.test(it))).toEqual([
      "encoder-1.onnx",
      "encoder-2.int8.onnx",
      "encoder-2.onnx",
      "tokenizer-1.json",
      "tokenizer-2.json",
      "tokenizer_config-1.json",
      "tokenizer_config-2.json",
    ]);
    const { encoders, info, manifest, dispose } = await openModelFolder(folder);
    expect(info).toMatchObject({ formatVersion: 5, encoder: "2 examples" });
    expect(encoders.map((it) => it.description)).toMatchObject([
      { name: "example 0", hidden: 3, weight: 1, serves: "encoder-1.onnx" },
      { name: "example 1", hidden: 5, weight: 2, serves: "encoder-2.int8.onnx" },
    ]);
    expect(manifest.members.map((it) => it.encoder)).toEqual([1, 1, 2, 2]);
    expect((await encoders[1]!.read()).onnx).toEqual(int8);
    dispose();
    expect(await verifyModelFolder(folder)).toMatchObject({ numChunks: 4 * 4 });
  });
});

test("a graph that would not be trusted is not written: the old model stays", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeModelFolder(folder, exampleModel().content);
    const { content } = exampleModel({ ...smallShape, hidden: 3 });
    const loop = message([7, message([1, message([5, message([6, message([2, "body"])])])])]);
    const [encoder] = content.encoders!;
    const untrusted = { ...content, encoders: [{ ...encoder!, onnx: Buffer.concat([encoder!.onnx, loop]) }] };
    await expect(writeModelFolder(folder, untrusted)).rejects.toThrow(/a graph within a node/);
    const { info, dispose } = await openModelFolder(folder);
    expect(info.encoder).toBe("none");
    dispose();
  });
});

test("content that contradicts itself is refused before anything is written", async () => {
  await inTemporaryFolder(async (folder) => {
    const target = path.join(folder, "model");
    const { content } = exampleModel();
    const { content: several } = exampleModel({ ...smallShape, hidden: [3, 5] });
    const wrong = [
      { labels: content.labels.with(1, "apple") },
      { labels: content.labels.slice(1) },
      { names: ["one"] },
      { tfidf: { ...content.tfidf, numFeatures: 11 } },
      { members: content.members.map((it) => ({ ...it, levels: it.levels.slice(1) })) },
      { members: exampleModel({ ...smallShape, hidden: 3 }).content.members },
      { ...exampleModel({ ...smallShape, hidden: 3 }).content, members: content.members },
      { ...several, scoring: content.scoring },
      { ...several, members: several.members.slice(1) },
      { ...several, members: several.members.map((it) => ({ ...it, encoder: 0 })) },
      { ...several, members: several.members.map((it) => ({ ...it, encoder: (it.encoder ?? 0) + 1 })) },
      { ...several, encoders: Array(17).fill(several.encoders![0]) },
    ];
    for (const part of wrong)
      await expect(writeModelFolder(target, { ...content, ...part })).rejects.toThrow(RangeError);
    await expect(writeModelFolder(target, { ...content, vocabulary: ["one"] })).rejects.toThrow(RangeError);
    expect(readdirSync(folder)).toEqual([]);
  });
});
