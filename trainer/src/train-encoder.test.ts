import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { openModel } from "@tagwright/model";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { readEncoderFolder } from "./encoder/source/read-encoder.ts";
import { DiskSpaceError } from "./fine-tune/disk-space.ts";
import type { ProgressEvent } from "./progress.ts";
import { tiny, trainings } from "./test-data.ts";
import type { TrainOptions } from "./train.ts";

const { corpus, trainOn } = trainings(scratchFolder);

test.each(["bert", "mpnet"] as const)(
  "%s learns the corpus level by level, and the model suggests with it",
  async (it) => {
    const notes = corpus(240, 80);
    const { out, events } = await trainOn({ corpus: notes, encoder: await readEncoderFolder(tiny(it)) });
    const levels = events.filter((it) => it.type === "level");
    expect(levels.map((it) => [it.level, it.levels, it.nodes])).toEqual([
      [0, 2, 8],
      [1, 2, 80],
    ]);
    const looks = levels.map(({ level }) => events.filter((it) => it.type === "quality" && it.level === level));
    expect(looks.map((it) => it.length)).toEqual(levels.map(() => 2));
    expect(events.find((it) => it.type === "engine")).toMatchObject({ name: "cpu" });
    expect(existsSync(`${out}.training`)).toBe(false);
    // Words alone tell these labels: 8-bit weights lose nothing.
    expect(existsSync(path.join(out, "encoder.int8.onnx"))).toBe(true);
    const model = await openModel(out);
    try {
      expect(model.info.encoder).toBe(`tiny-${it}`);
      const line = JSON.parse(readFileSync(notes, "utf8").split("\n")[0]!) as { text: string; labels: string[] };
      const suggested = await model.suggest(line.text, 3);
      expect(suggested.map(({ id }) => id)).toContain(line.labels[0]);
    } finally {
      model.dispose();
    }
  },
  120_000,
);

test("with 8-bit weights a text gets the same bits alone and among texts of other lengths", async () => {
  const notes = corpus(240, 80);
  const { out } = await trainOn({ corpus: notes });
  expect(existsSync(path.join(out, "encoder.int8.onnx"))).toBe(true);
  const lines = readFileSync(notes, "utf8").split("\n").slice(0, 6);
  const texts = lines.map((it, i) => `${(JSON.parse(it) as { text: string }).text} `.repeat(1 + (i % 3)));
  const suggestTo = async (...asked: string[]) => {
    const model = await openModel(out, { threads: 1 });
    try {
      return await model.suggestMany(asked, 5);
    } finally {
      model.dispose();
    }
  };
  const together = await suggestTo(...texts);
  for (const [i, text] of texts.entries()) expect([together[i]]).toEqual(await suggestTo(text));
}, 120_000);

test("the preset best learns once more, from all documents, where a fifth of them was held out", async () => {
  const notes = corpus(240, 80);
  const tuned = (options: Partial<TrainOptions>) => trainOn({ corpus: notes, keepAll: true, ...options });
  const [fast, best] = [await tuned({}), await tuned({ preset: "best" })];
  const levelsOf = (type: ProgressEvent["type"]) =>
    best.events.flatMap((it) => (it.type === type && "level" in it ? [it.level] : []));
  expect(levelsOf("level")).toEqual([0, 1, 2, 3]);
  expect(new Set(levelsOf("step"))).toEqual(new Set([0, 1, 2, 3]));
  expect(best.events.filter((it) => it.type === "level").map((it) => it.levels)).toEqual([4, 4, 4, 4]);
  // Nothing is held out of the second.
  expect(new Set(levelsOf("quality"))).toEqual(new Set([0, 1]));
  const fileOf = ({ out }: typeof best, name: string) => readFileSync(path.join(out, name));
  expect(fileOf(best, "encoder.onnx").equals(fileOf(fast, "encoder.onnx"))).toBe(false);
  expect(fileOf(best, "README.md").toString()).toMatch(/tunedAgain.*on all documents/u);
  expect(fileOf(fast, "README.md").toString()).not.toMatch(/tunedAgain/u);
  expect(existsSync(`${best.out}.training`)).toBe(false);
  const model = await openModel(best.out);
  try {
    const line = JSON.parse(readFileSync(notes, "utf8").split("\n")[0]!) as { text: string; labels: string[] };
    const suggested = await model.suggest(line.text, 3);
    expect(suggested.map(({ id }) => id)).toContain(line.labels[0]);
  } finally {
    model.dispose();
  }
  const frozen = await tuned({ preset: "best", freeze: true });
  expect(frozen.events.some((it) => it.type === "step")).toBe(false);
}, 120_000);

test("what the whole run will take is said once, and refused where it will not fit, before anything is learnt", async () => {
  const learns = (event: ProgressEvent) => event.type === "progress" && event.stage !== "read";
  const { events } = await trainOn();
  const estimates = events.filter((it) => it.type === "estimate");
  expect(estimates).toHaveLength(1);
  expect(events.indexOf(estimates[0]!)).toBeLessThan(events.findIndex(learns));
  const words = await trainOn({ encoder: [] });
  const alone = words.events.find((it) => it.type === "estimate")!;
  expect(estimates[0]!.seconds).toBeGreaterThan(0);
  expect(estimates[0]!.memoryBytes).toBeGreaterThan(alone.memoryBytes);
  expect(estimates[0]!.diskBytes).toBeGreaterThan(alone.diskBytes);
  const before: ProgressEvent[] = [];
  const refused = (options: Partial<TrainOptions>) => trainOn(options, (event) => before.push(event));
  await expect(refused({ memoryLimit: 280 })).rejects.toThrow(/fine-tuning: at most 280 MiB of memory expected/u);
  const cure =
    /words: at most 64 MiB of memory expected, about \d+ MiB needed; leave rare labels out with --min-label/u;
  for (const encoder of [undefined, []]) await expect(refused({ memoryLimit: 64, encoder })).rejects.toThrow(cure);
  const manyFeatures = refused({ memoryLimit: 64, encoder: [], features: "auto" });
  await expect(manyFeatures).rejects.toThrow(/train with --features words, or raise --memory-limit/u);
  expect(before.some(learns)).toBe(false);
}, 60_000);

test("a disk without room for checkpoints and model is refused before anything is learnt", async () => {
  const out = path.join(scratchFolder(), "model");
  const before: ProgressEvent[] = [];
  const asked: string[] = [];
  const freeBytes = async (folder: string) => {
    asked.push(folder);
    return 1000;
  };
  const refused = trainOn({ out }, (event) => before.push(event), { freeBytes });
  await expect(refused).rejects.toThrow(DiskSpaceError);
  await expect(refused).rejects.toThrow(
    /room for about \d+ MiB of checkpoints and model expected, 1 MiB found; .*--out/u,
  );
  expect(asked).toEqual([out]);
  expect(before.some((it) => it.type === "progress" && it.stage !== "read")).toBe(false);
  expect(readdirSync(path.dirname(out))).toEqual([]);
}, 60_000);

test("held-out documents say how much of what fine-tuning changed is kept, unless all of it is asked for", async () => {
  // Of these few documents half of what was learnt serves better than all of it.
  const notes = corpus(40);
  const keptBy = async (options: Partial<TrainOptions>) => {
    const { out, events } = await trainOn({ corpus: notes, features: "none", ...options });
    const said = events.flatMap((it) =>
      it.type === "log" && /^of what fine-tuning changed/u.test(it.message) ? [it.message] : [],
    );
    const [, share] = /keptOfTuning[^\d\n]*([\d.]+)/u.exec(readFileSync(path.join(out, "README.md"), "utf8"))!;
    return { said, share, onnx: readFileSync(path.join(out, "encoder.onnx")) };
  };
  const words = (await readEncoderFolder(tiny("bert"))).weights.get("words")!.data as Float32Array;
  const chosen = await keptBy({});
  expect(chosen.said).toHaveLength(1);
  expect(chosen.said[0]).toMatch(/held-out nDCG at 5: [\d.]+ % with 100 %, [\d.]+ % with 50 %, [\d.]+ % with 0 %$/u);
  expect(["0", "0.5", "1"]).toContain(chosen.share);
  const all = await keptBy({ keepAll: true });
  expect(all).toMatchObject({ said: [], share: "1" });
  // The weights that are written are those that were chosen.
  expect(chosen.onnx.equals(all.onnx)).toBe(chosen.share === "1");
  const published = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  expect(chosen.onnx.includes(published)).toBe(chosen.share === "0");
}, 120_000);

test("a ranker without words suggests by the embedding alone", async () => {
  const notes = corpus(160);
  const { out } = await trainOn({ corpus: notes, features: "none" });
  const model = await openModel(out);
  try {
    expect(readFileSync(path.join(out, "vocabulary.txt"), "utf8")).toBe("");
    const lines = readFileSync(notes, "utf8").trim().split("\n");
    const texts = lines.map((line) => (JSON.parse(line) as { text: string }).text);
    const suggested = await model.suggestMany(texts, 1);
    // This encoder knows none of the made-up words; what it sees of a text is its length.
    expect(new Set(suggested.map(([first]) => first!.margin)).size).toBeGreaterThan(1);
  } finally {
    model.dispose();
  }
}, 120_000);

test("a frozen encoder is written as it was published, and reads as much of a text as was asked for", async () => {
  const { out, events } = await trainOn({ freeze: true, maxPieces: 12, batch: 8, engine: "cpu" });
  const card = readFileSync(path.join(out, "README.md"), "utf8");
  expect(card).toMatch(/--engine cpu --freeze --batch 8 --max-pieces 12 /u);
  expect(card).toMatch(/\| encoderOrigin +\| folder tiny-bert, model\.safetensors SHA-256 [0-9a-f]{64}/u);
  const { encoderModels } = JSON.parse(readFileSync(path.join(out, "model.json"), "utf8"));
  expect(encoderModels[0].maxPieces).toBe(12);
  expect(events.some((it) => it.type === "step")).toBe(false);
  const published = await readEncoderFolder(tiny("bert"));
  const words = published.weights.get("words")!.data as Float32Array;
  const bytes = readFileSync(path.join(out, "encoder.onnx"));
  expect(bytes.includes(Buffer.from(words.buffer, words.byteOffset, words.byteLength))).toBe(true);
}, 120_000);

test.each([1, 2])(
  "with --passages %i the end of a long text is read where there is a second one",
  async (passages) => {
    const beginning = "the same words ".repeat(20);
    const ends = ["solar power", "a tree of labels and many other words"];
    const notes = corpus(40);
    const { out } = await trainOn({ corpus: notes, freeze: true, features: "none", maxPieces: 12, passages });
    const { encoderModels } = JSON.parse(readFileSync(path.join(out, "model.json"), "utf8"));
    expect(encoderModels[0].passages).toBe(passages);
    const card = readFileSync(path.join(out, "README.md"), "utf8");
    expect(card).toMatch(new RegExp(`--passages ${passages}\\b`, "u"));
    const model = await openModel(out);
    try {
      const [one, other] = await model.suggestMany(
        ends.map((end) => beginning + end),
        3,
      );
      const margins = [one!, other!].map((suggested) => suggested.map(({ margin }) => margin));
      expect(margins[0]!.length).toBeGreaterThan(0);
      if (passages === 1) expect(margins[0]).toEqual(margins[1]);
      else expect(margins[0]).not.toEqual(margins[1]);
    } finally {
      model.dispose();
    }
  },
  120_000,
);

test.each(["flat", "dynamic"] as const)(
  "the %s schedule learns the labels in one level",
  async (schedule) => {
    const { events } = await trainOn({ schedule });
    expect(events.filter((it) => it.type === "level")).toHaveLength(1);
    const losses = events.flatMap((it) => (it.type === "step" ? [it.loss] : []));
    expect(losses.at(-1)).toBeLessThan(0.95 * losses[0]!);
  },
  120_000,
);

test.each([
  [
    "documents that are all alike but for a word of their own",
    Array.from({ length: 30 }, (_, i) => ({ text: `the same words${i}`, labels: [`l${i % 3}`] })),
    /^all 30 documents have the same words/u,
  ],
  [
    "labels of which most share one document",
    Array.from({ length: 12 }, (_, i) => ({ text: `word${i} here`, labels: i === 0 ? ["a", "b", "c", "d"] : ["a"] })),
    /^3 of 4 labels \("b", "c", "d"\) have the very same documents/u,
  ],
  ["two documents", ["one", "two"].map((text) => ({ text, labels: ["x", text] })), /^all 2 documents/u],
])(
  "%s make a model of finite numbers, and a warning with the cure, with and without an encoder",
  async (_, documents, warning) => {
    const lines = documents.map((it, i) => `${JSON.stringify({ id: `d${i}`, ...it })}\n`);
    const folder = scratchFolder({ "notes.jsonl": lines.join("") });
    const notes = path.join(folder, "notes.jsonl");
    const warnings = (events: readonly ProgressEvent[]) =>
      events.flatMap((it) => (it.type === "log" && it.level === "warning" && warning.test(it.message) ? [it] : []));
    const { out, events } = await trainOn({ corpus: notes });
    expect(warnings(events)).toHaveLength(1);
    expect(warnings((await trainOn({ corpus: notes, encoder: [] })).events)).toHaveLength(1);
    for (const event of events) if (event.type === "step") expect(Number.isFinite(event.loss)).toBe(true);
    const model = await openModel(out);
    try {
      const suggested = await model.suggest(documents[0]!.text, 3);
      expect(suggested.length).toBeGreaterThan(0);
      expect(suggested.every(({ probability }) => probability >= 0 && probability <= 1)).toBe(true);
    } finally {
      model.dispose();
    }
  },
  120_000,
);

test("a corpus without texts is refused for an encoder", async () => {
  const folder = scratchFolder({ "train.txt": "2 3 2\n0 0:1 1:1\n1 1:1 2:1\n" });
  await expect(trainOn({ corpus: folder })).rejects.toThrow(/--encoder none/u);
});

test.each([
  [
    "documents of one text",
    Array.from({ length: 9 }, (_, i) => ({ text: "the same words", labels: [`l${i % 3}`] })),
    /the same text in all 9/u,
  ],
  [
    "labels that all share one document",
    Array.from({ length: 9 }, (_, i) => ({ text: `word${i} here`, labels: i === 0 ? ["a", "b", "c"] : [] })),
    /expected at least two labelled documents/u,
  ],
  [
    "labels that all share their documents",
    Array.from({ length: 9 }, (_, i) => ({ text: `word${i} here`, labels: i < 2 ? ["a", "b", "c"] : [] })),
    /the very same documents for all 3 labels/u,
  ],
])(
  "%s are refused, with and without an encoder, and the model that is there stays",
  async (_, documents, message) => {
    const lines = documents.map((it, i) => `${JSON.stringify({ id: `d${i}`, ...it })}\n`);
    const folder = scratchFolder({ "notes.jsonl": lines.join("") });
    const notes = path.join(folder, "notes.jsonl");
    const { out } = await trainOn({ encoder: [] });
    const before = readFileSync(path.join(out, "model.json"), "utf8");
    const beside = readdirSync(path.dirname(out));
    for (const encoder of [undefined, []]) {
      const given = encoder ? { encoder } : {};
      await expect(trainOn({ corpus: notes, out, ...given })).rejects.toThrow(message);
    }
    expect(readFileSync(path.join(out, "model.json"), "utf8")).toBe(before);
    expect(readdirSync(path.dirname(out))).toEqual(beside);
  },
  120_000,
);
