import { readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { message } from "../encoder/example-encoder.ts";
import { EncoderError } from "../errors.ts";
import { openModel } from "../model.ts";
import { editManifest, fixture, forge, type Json, tampering } from "./tampering.ts";
import { verifyModelFolder } from "./verify.ts";

const files = ["encoder.int8.onnx", "encoder.onnx", "tokenizer.json", "tokenizer_config.json"];

const { expectRefused, expectLexical, withChanged } = tampering("v2", openModel);

test("a file of the encoder that is missing, cut short or elsewhere is found when the model is opened", async () => {
  for (const name of files) {
    await expectRefused((folder) => rmSync(path.join(folder, name)), name);
    await expectRefused((folder) => truncateSync(path.join(folder, name), 7), `${name}: expected`);
    await expectRefused((folder) => {
      rmSync(path.join(folder, name));
      symlinkSync(path.join(fixture("v2"), name), path.join(folder, name));
    }, "inside the model folder");
  }
});

test("a changed byte is found before the encoder answers", async () => {
  for (const name of files.filter((it) => it !== "encoder.onnx")) {
    await expectLexical((folder) => {
      const bytes = readFileSync(path.join(folder, name));
      bytes[bytes.length >> 1]! ^= 4;
      writeFileSync(path.join(folder, name), bytes);
    }, /SHA-256 .*its content was changed/);
  }
});

test("a changed byte in the graph that does not answer is found by a verification", async () => {
  await withChanged(
    (folder) => {
      const bytes = readFileSync(path.join(folder, "encoder.onnx"));
      bytes[100]! ^= 4;
      writeFileSync(path.join(folder, "encoder.onnx"), bytes);
    },
    async (folder) => {
      await expect(verifyModelFolder(folder)).rejects.toThrow(/encoder\.onnx: expected SHA-256/);
    },
  );
});

const external = message([8, "stolen"], [13, message([1, "location"], [2, "/etc/passwd"])], [14, 1]);
test.each<[string, string, (bytes: Buffer) => Uint8Array, RegExp]>([
  [
    "weights in another file",
    "encoder.int8.onnx",
    (bytes) => Buffer.concat([bytes, message([7, message([5, external])])]),
    /encoder\.int8\.onnx, graph, initializer: expected a graph that only computes, found a tensor in another file/,
  ],
  ["no graph", "encoder.int8.onnx", () => Buffer.from("hello, world"), /encoder\.int8\.onnx/],
  ["an empty graph", "encoder.int8.onnx", () => message([1, 8]), /cannot be loaded/],
  ["no tokenizer", "tokenizer.json", () => Buffer.from("[]"), /tokenizer\.json: expected a JSON object/],
  ["a setting that is no JSON", "tokenizer_config.json", () => Buffer.from("{"), /tokenizer_config\.json/],
])("an encoder that was forged does not run: %s", async (_, name, edit, expected) => {
  await expectLexical(forge(name, edit), expected);
});

test("an encoder that fails at work is an error for who waited for it, and a state for who did not", async () => {
  /** Pieces that the graph has no row for; special ones stay, so that the encoder starts. */
  const shift = (bytes: Buffer) => {
    const tokenizer = JSON.parse(bytes.toString());
    const { vocab } = tokenizer.model as { vocab: Record<string, number> };
    for (const piece of Object.keys(vocab)) if (!piece.startsWith("[")) vocab[piece]! += 1000;
    return Buffer.from(JSON.stringify(tokenizer));
  };
  await withChanged(forge("tokenizer.json", shift), async (folder) => {
    const waiting = await openModel(folder);
    await expect(waiting.suggest("a text", 8)).rejects.toThrow(EncoderError);
    await expect(waiting.explain("a text", "oak")).rejects.toThrow(EncoderError);
    waiting.dispose();
    const model = await openModel(folder, { background: true });
    await expect.poll(() => model.encoder.kind).toBe("ready");
    expect(await model.suggest("a text", 8)).toHaveLength(8);
    expect(model.encoder.kind).toBe("failed");
    expect((await model.explain("a text", "oak")).embedding).toBe(0);
    model.dispose();
  });
});

test("an encoder whose positions end before the passages do is found at its start", async () => {
  await withChanged(
    editManifest((manifest) => {
      (manifest["encoderModel"] as Json)["maxPieces"] = 4000;
    }),
    async (folder) => {
      await expect(openModel(folder)).rejects.toThrow(/the encoder failed/);
    },
  );
});

test.each<[string, (manifest: Json, encoder: Json, files: Json) => void, RegExp]>([
  ["no description", (it) => delete it["encoderModel"], /\(encoderModel\): expected an object, found nothing/],
  ["no width", (_, it) => delete it["hidden"], /\(hidden\)/],
  [
    "a width of 2^31",
    (_, it) => Object.assign(it, { hidden: 2 ** 31 }),
    /\(hidden\): expected a number from 1 to 16384/,
  ],
  ["a weight of 0", (_, it) => Object.assign(it, { weight: 0 }), /\(weight\)/],
  ["a weight that drowns all words", (_, it) => Object.assign(it, { weight: 1e300 }), /\(weight\)/],
  ["pieces without room", (_, it) => Object.assign(it, { maxPieces: 2 }), /\(maxPieces\)/],
  ["a million passages", (_, it) => Object.assign(it, { passages: 1e6 }), /\(passages\)/],
  ["an unknown pooling", (_, it) => Object.assign(it, { pooling: "max" }), /\(pooling\)/],
  ["a graph from elsewhere", (_, it) => Object.assign(it, { serves: "../encoder.onnx" }), /\(serves\)/],
  ["a graph that is not listed", (_, __, it) => delete it["encoder.int8.onnx"], /\(serves\)/],
  ["no tokenizer", (_, __, it) => delete it["tokenizer.json"], /\(tokenizer\.json\)/],
  ["a file of its own", (_, __, it) => Object.assign(it, { "evil.so": {} }), /\(files\)/],
  ["version 1", (it) => Object.assign(it, { formatVersion: 1 }), /\(files\)/],
  ["a nameless encoder", (it) => Object.assign(it, { encoder: 7 }), /\(encoder\)/],
])("a model.json is refused that has %s", async (_, edit, expected) => {
  const change = editManifest((manifest, files) => edit(manifest, manifest["encoderModel"] as Json, files));
  await expectRefused(change, expected);
});
