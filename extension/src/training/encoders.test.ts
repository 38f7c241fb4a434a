import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { costOf, encoderName, isEncoderHere, listEncoders, parseEncoders } from "./encoders.ts";
import { listEngines, parseEngines } from "./engines.ts";

const config = (layers: number, hidden: number) => JSON.stringify({ num_hidden_layers: layers, hidden_size: hidden });
function downloaded() {
  const folder = scratchFolder({
    "mine/config.json": config(12, 768),
    "minilm/config.json": config(6, 384),
    "distil/config.json": JSON.stringify({ n_layers: 6, dim: 768 }),
    "with,comma/config.json": config(6, 384),
    "broken/config.json": "{",
  });
  const here = [
    { source: "all-MiniLM-L6-v2", folder: path.join(folder, "minilm"), bytes: 5 },
    { source: "org/distil", folder: path.join(folder, "distil"), bytes: 0 },
  ];
  return { folder, here };
}

test.each([
  ["all-MiniLM-L6-v2", true],
  ["org/other", false],
  ["all-MiniLM-L6-v2,org/other", false],
  ["mine", true],
  ["mine, all-MiniLM-L6-v2", true],
  ["mine,org/other", false],
  ["with,comma", true],
])("of two encoders that are here, and folders, whether %s is: %s", (encoder, expected) => {
  const { folder, here } = downloaded();
  expect(isEncoderHere(encoder, here, folder)).toBe(expected);
});

test("where nobody says which encoders are here, only folders are known to be", () => {
  const { folder } = downloaded();
  expect(isEncoderHere("all-MiniLM-L6-v2", undefined, folder)).toBeUndefined();
  expect(isEncoderHere("mine", undefined, folder)).toBe(true);
});

test.each([
  ["all-MiniLM-L6-v2", 1],
  ["org/distil", 4],
  ["mine", 8],
  ["mine, all-MiniLM-L6-v2", 9],
  ["org/other", undefined],
  ["mine,org/other", undefined],
  ["broken", undefined],
])("a step of %s costs %d of the default encoder's", async (encoder, expected) => {
  const { folder, here } = downloaded();
  expect(await costOf(encoder, here, folder)).toBe(expected);
});

test("the cost of an encoder that is offered is known before it is here", async () => {
  expect(await costOf("all-MiniLM-L6-v2", undefined, downloaded().folder)).toBe(1);
  expect(await costOf("sentence-transformers/all-mpnet-base-v2", [], downloaded().folder)).toBe(8);
});

test.each([undefined, null, {}, { encoders: 3 }, "oops"])("%j lists no encoders and no engines", (answer) => {
  expect(parseEncoders(answer)).toBeUndefined();
  expect(parseEngines(answer)).toBeUndefined();
});

test("what is no encoder or engine in a list is left out", () => {
  const files = { "config.json": { bytes: 2 }, "model.safetensors": { bytes: 40 }, odd: null };
  expect(parseEncoders({ encoders: [null, 3, { source: "a" }, { source: "a", folder: "/a", files }] })).toEqual([
    { source: "a", folder: "/a", bytes: 42 },
  ]);
  const engines = [null, { name: "cpu", title: "onnxruntime", version: "1" }, { name: "cuda", title: "x", note: "no" }];
  expect(parseEngines({ engines })).toEqual([
    { name: "cpu", about: "onnxruntime 1", isHere: true },
    { name: "cuda", about: "no", isHere: false },
  ]);
});

test("the trainer is asked; one that is missing, fails or says something else leaves it open", async () => {
  const scripts = scratchFolder({
    "trainer.cjs": `
      const asked = process.argv.slice(2).join(" ");
      if (asked === "encoder list --json") console.log('{"encoders":[{"source":"a","folder":"/a"}]}');
      if (asked === "doctor --no-model --json") console.log('{"engines":[{"name":"cpu","title":"x","version":"1"}]}');`,
    "broken.cjs": "process.exit(3)",
    "chatty.cjs": "console.log('hello')",
  });
  const script = (name: string) => path.join(scripts, name);
  expect(await listEncoders(script("trainer.cjs"), scripts)).toHaveLength(1);
  expect(await listEngines(script("trainer.cjs"), scripts)).toHaveLength(1);
  for (const name of ["broken.cjs", "missing.cjs", "chatty.cjs"])
    expect(await listEncoders(script(name), scripts), name).toBeUndefined();
});

test("an encoder in a folder is called by the folder's name, one that is offered by its own", () => {
  expect(encoderName("sentence-transformers/all-mpnet-base-v2")).toBe("all-mpnet-base-v2");
  expect(encoderName(path.resolve("some", "mine"))).toBe("mine");
  expect(encoderName("org/other")).toBe("org/other");
});
