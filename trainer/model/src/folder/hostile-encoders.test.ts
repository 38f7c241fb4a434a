import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { openModel } from "../model.ts";
import { editManifest, forge, type Json, tampering } from "./tampering.ts";
import { verifyModelFolder } from "./verify.ts";

const { expectRefused, expectLexical, withChanged } = tampering("v3", openModel);

const files = [
  "encoder-1.int8.onnx",
  "encoder-1.onnx",
  "encoder-2.onnx",
  "tokenizer-1.json",
  "tokenizer-2.json",
  "tokenizer_config-1.json",
  "tokenizer_config-2.json",
];

const encodersOf = (manifest: Json) => manifest["encoderModels"] as Json[];
const addEncoder = (it: Json) => {
  encodersOf(it).push({ ...encodersOf(it)[1]!, serves: "encoder-3.onnx" });
  membersOf(it).push({ ...membersOf(it)[3]!, encoder: 3 });
};
const membersOf = (manifest: Json) => manifest["members"] as Json[];

function swap(folder: string, [a, b]: readonly [string, string]): void {
  renameSync(path.join(folder, a), path.join(folder, "third"));
  renameSync(path.join(folder, b), path.join(folder, a));
  renameSync(path.join(folder, "third"), path.join(folder, b));
}

test("a missing file of any of several encoders is found when the model is opened", async () => {
  for (const name of files) await expectRefused((folder) => rmSync(path.join(folder, name)), name);
});

test("two encoders whose files were swapped are told apart by size, or by hash before one answers", async () => {
  await expectRefused((folder) => swap(folder, ["encoder-1.onnx", "encoder-2.onnx"]), "encoder-1.onnx: expected");
  await expectRefused((folder) => swap(folder, ["tokenizer-1.json", "tokenizer-2.json"]), "tokenizer-1.json: expected");
  await expectLexical((folder) => {
    const bytes = readFileSync(path.join(folder, "tokenizer-2.json"));
    bytes[bytes.length >> 1]! ^= 4;
    writeFileSync(path.join(folder, "tokenizer-2.json"), bytes);
  }, /tokenizer-2\.json: expected SHA-256/);
});

test("the tensors of trees that are told to read another encoder do not fit", async () => {
  const change = editManifest((manifest) => {
    encodersOf(manifest)[1]!["hidden"] = 17;
  });
  await expectRefused(change, /member\.2\.level\.0\.dense/);
});

test("a file of one encoder that is forged is an error that names it, and words alone answer", async () => {
  await expectLexical(
    forge("encoder-2.onnx", () => Buffer.from("hello, world")),
    /encoder-2\.onnx/,
  );
  await expectLexical(
    forge("tokenizer-1.json", () => Buffer.from("[]")),
    /^tiny-bert: tokenizer\.json: expected a JSON object/,
  );
});

test("an encoder of several that fails at work fails the model, and says which it was", async () => {
  /** Pieces that the graph has no row for; special ones stay, so that the encoder starts. */
  const shift = (bytes: Buffer) => {
    const tokenizer = JSON.parse(bytes.toString());
    const { vocab } = tokenizer.model as { vocab: Record<string, number> };
    for (const piece of Object.keys(vocab)) if (!piece.startsWith("[")) vocab[piece]! += 1000;
    return Buffer.from(JSON.stringify(tokenizer));
  };
  await withChanged(forge("tokenizer-2.json", shift), async (folder) => {
    const states: string[] = [];
    const model = await openModel(folder, { background: true, onEncoder: (it) => states.push(it.kind) });
    await expect.poll(() => model.encoder.kind).toBe("ready");
    expect(await model.suggest("a text", 8)).toHaveLength(8);
    expect(model.encoder).toMatchObject({
      kind: "failed",
      reason: expect.stringMatching(/^tiny-distilbert: the encoder/),
    });
    expect((await model.explain("a text", "oak")).embedding).toBe(0);
    expect(states).toEqual(["ready", "failed"]);
    model.dispose();
  });
});

test("a changed byte in a graph that does not answer is found by a verification", async () => {
  await withChanged(
    (folder) => {
      const bytes = readFileSync(path.join(folder, "encoder-1.onnx"));
      bytes[100]! ^= 4;
      writeFileSync(path.join(folder, "encoder-1.onnx"), bytes);
    },
    async (folder) => {
      await expect(verifyModelFolder(folder)).rejects.toThrow(/encoder-1\.onnx: expected SHA-256/);
    },
  );
});

test.each<[string, (manifest: Json, files: Json) => void, RegExp]>([
  ["no list of encoders", (it) => delete it["encoderModels"], /\(encoderModels\): expected a list of 2 to 16/],
  ["one encoder", (it) => encodersOf(it).pop(), /\(encoderModels\): expected a list of 2 to 16/],
  [
    "seventeen encoders",
    (it) => encodersOf(it).push(...Array(15).fill(encodersOf(it)[0])),
    /\(encoderModels\): expected a list of 2 to 16/,
  ],
  ["more encoders than files", (it) => addEncoder(it), /encoder-3\.onnx/],
  ["a nameless encoder", (it) => delete encodersOf(it)[1]!["name"], /\(name\)/],
  [
    "a tree of no encoder",
    (it) => delete membersOf(it)[0]!["encoder"],
    /\(encoder\): expected the number of an encoder/,
  ],
  ["a tree of encoder 0", (it) => Object.assign(membersOf(it)[0]!, { encoder: 0 }), /\(encoder\)/],
  [
    "a tree of a third encoder",
    (it) => Object.assign(membersOf(it)[3]!, { encoder: 3 }),
    /\(encoder\).*1 to 2, found 3/,
  ],
  ["a tree of encoder 1.5", (it) => Object.assign(membersOf(it)[3]!, { encoder: 1.5 }), /\(encoder\)/],
  [
    "an encoder without a tree",
    (it) => Object.assign(it, { members: membersOf(it).map((member) => ({ ...member, encoder: 1 })) }),
    /\(members\): expected a tree of encoder 2/,
  ],
  ["the other's graph", (it) => Object.assign(encodersOf(it)[1]!, { serves: "encoder-1.onnx" }), /\(serves\)/],
  ["the graph of a lone encoder", (it) => Object.assign(encodersOf(it)[1]!, { serves: "encoder.onnx" }), /\(serves\)/],
  ["a graph that is not listed", (_, it) => delete it["encoder-1.int8.onnx"], /\(serves\)/],
  ["the file of a lone encoder", (_, it) => Object.assign(it, { "encoder.onnx": it["encoder-1.onnx"] }), /\(files\)/],
  [
    "the file of a third encoder",
    (_, it) => Object.assign(it, { "encoder-3.onnx": it["encoder-1.onnx"] }),
    /\(files\)/,
  ],
  ["no rule", (it) => delete (it["scoring"] as Json)["combine"], /a usable "scoring"/],
  ["an unknown rule", (it) => Object.assign(it["scoring"] as Json, { combine: "median" }), /a usable "scoring"/],
  ["version 2", (it) => Object.assign(it, { formatVersion: 2 }), /\(encoderModel\)/],
  ["version 1", (it) => Object.assign(it, { formatVersion: 1 }), /\(files\)/],
])("a model.json of several encoders is refused that has %s", async (_, edit, expected) => {
  await expectRefused(editManifest(edit), expected);
});
