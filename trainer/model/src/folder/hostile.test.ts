import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ModelFolderError } from "../errors.ts";
import { type ExampleShape, exampleModel, inTemporaryFolder, newTemporaryFolder } from "./example-model.ts";
import { sha256 } from "./files.ts";
import { openModelFolder } from "./reader.ts";
import { verifyModelFolder } from "./verify.ts";
import { writeModelFolder } from "./writer.ts";

const shape: ExampleShape = {
  labels: ["apple", "pear", "quince", "rose", "tulip", "oak", "elm"],
  names: ["Apple", "pear", "Quince", "rose", "tulip", "oak", "elm"],
  blocks: [70, 5],
  numMembers: 2,
  seed: 3,
};
let scratch: string;
let original: string;

beforeAll(async () => {
  scratch = newTemporaryFolder();
  original = path.join(scratch, "original");
  await writeModelFolder(original, exampleModel(shape).content);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Opens the model and uses all of it but the card: every chunk and a term. */
async function useAll(folder: string): Promise<void> {
  const model = await openModelFolder(folder, { cacheBytes: 0 });
  try {
    model.vocabulary.term(0);
    for (const { tree, ranker } of model.members) {
      for (const [l, { childStart }] of tree.levels.entries()) {
        for (let p = 0; p + 1 < childStart.length; p++) ranker.levels[l]!.chunk(p);
      }
    }
  } finally {
    model.dispose();
  }
}

/** Runs `check` with a copy of the model that `change` was let loose on. */
async function withChanged(change: (folder: string) => void, check: (folder: string) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const copy = path.join(folder, "model");
    cpSync(original, copy, { recursive: true });
    change(copy);
    await check(copy);
  });
}

async function expectRefused(change: (folder: string) => void, message: RegExp | string = ""): Promise<void> {
  await withChanged(change, async (folder) => {
    const error = await useAll(folder).catch((it) => it);
    expect(error).toBeInstanceOf(ModelFolderError);
    expect(error.message).toMatch(message);
    await expect(verifyModelFolder(folder)).rejects.toBeInstanceOf(ModelFolderError);
  });
}

type Json = Record<string, unknown>;

/** Changes model.json, and nothing else. */
function editManifest(edit: (manifest: Json) => void): (folder: string) => void {
  return (folder) => {
    const place = path.join(folder, "model.json");
    const manifest = JSON.parse(readFileSync(place, "utf8"));
    edit(manifest);
    writeFileSync(place, JSON.stringify(manifest));
  };
}

/** Changes bytes of a file and gives model.json the new size and hashes: an attacker, not an accident. */
function forge(name: string, edit: (bytes: Buffer) => Buffer): (folder: string) => void {
  return (folder) => {
    const bytes = edit(readFileSync(path.join(folder, name)));
    writeFileSync(path.join(folder, name), bytes);
    editManifest((manifest) => {
      const files = manifest["files"] as Record<string, Json>;
      files[name] = { bytes: bytes.length, sha256: sha256(bytes) };
      const index = manifest["rankerIndex"] as Json;
      if (name === "ranker.safetensors") index["sha256"] = sha256(bytes.subarray(0, index["bytes"] as number));
    })(folder);
  };
}

/** Overwrites item `at` of a 32-bit tensor. */
function pokeTensor(file: string, tensor: string, at: number, value: number): (folder: string) => void {
  return forge(file, (bytes) => {
    bytes.writeUInt32LE(value, tensorStart(bytes, tensor) + 4 * at);
    return bytes;
  });
}

/** Where a tensor of a safetensors file begins. */
function tensorStart(bytes: Buffer, tensor: string): number {
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  return 8 + headerBytes + JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes))[tensor].data_offsets[0];
}

const nan = 0x7fc00000;

test("the untouched model passes every check", async () => {
  await useAll(original);
  const { info, numChunks, bytes } = await verifyModelFolder(original);
  expect(info.numLabels).toBe(7);
  expect(numChunks).toBe(2 * (1 + 3));
  const sizes = readdirSync(original)
    .filter((it) => it !== "model.json")
    .map((name) => readFileSync(path.join(original, name)).length);
  expect(bytes).toBe(sizes.reduce((a, b) => a + b, 0));
});

test("a missing file is named", async () => {
  for (const name of readdirSync(original).filter((it) => it !== "README.md")) {
    await expectRefused((folder) => rmSync(path.join(folder, name)), name);
  }
});

test("a file cut short is refused wherever it was cut", async () => {
  for (const name of readdirSync(original).filter((it) => it !== "README.md")) {
    const { length } = readFileSync(path.join(original, name));
    for (const rest of [0, 1, 7, 8, 9, Math.floor(length / 2), length - 2]) {
      await expectRefused((folder) => truncateSync(path.join(folder, name), Math.max(rest, 0)), name);
    }
  }
});

test("a flipped bit is found, at the latest when the byte is used", async () => {
  for (const name of readdirSync(original).filter((it) => it !== "README.md" && it !== "model.json")) {
    const { length } = readFileSync(path.join(original, name));
    const step = Math.max(1, Math.floor(length / 40));
    for (let at = 0; at < length; at += step) {
      const flip = (folder: string) => {
        const bytes = readFileSync(path.join(folder, name));
        bytes[at]! ^= 1 << (at % 8);
        writeFileSync(path.join(folder, name), bytes);
      };
      await expectRefused(flip, name);
    }
  }
});

test("a flipped bit of model.json is refused, or leaves a model whose identifier is another", async () => {
  const bytes = readFileSync(path.join(original, "model.json"));
  const { info, dispose } = await openModelFolder(original);
  dispose();
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1 << (at % 7);
    await withChanged(
      (folder) => writeFileSync(path.join(folder, "model.json"), changed),
      async (folder) => {
        const opened = await openModelFolder(folder).catch((error) => {
          expect(error).toBeInstanceOf(ModelFolderError);
        });
        if (opened === undefined) return;
        opened.dispose();
        expect(opened.info.id).not.toBe(info.id);
      },
    );
  }
});

test("the model card is for people: edited or missing, the model works, and only a full check tells", async () => {
  const changes = [
    (folder: string) => writeFileSync(path.join(folder, "README.md"), "my notes"),
    (folder: string) => rmSync(path.join(folder, "README.md")),
  ];
  for (const change of changes) {
    await withChanged(change, async (folder) => {
      await useAll(folder);
      await expect(verifyModelFolder(folder)).rejects.toThrow(/README\.md: expected/);
    });
  }
});

test.each<[string, (manifest: Json) => void, RegExp]>([
  [
    "a newer version",
    (it) => Object.assign(it, { formatVersion: 6 }),
    /\(formatVersion\): expected 1 to 5, found 6; update/,
  ],
  ["an older version", (it) => Object.assign(it, { formatVersion: 0 }), /\(formatVersion\): expected 1 to 5, found 0/],
  ["no version", (it) => delete it["formatVersion"], /\(formatVersion\): expected 1 to 5, found nothing/],
  ["an encoder", (it) => Object.assign(it, { encoder: "bert" }), /\(encoder\): expected "none", found "bert"/],
  ["a path as a file name", (it) => Object.assign(it["files"] as Json, { "../../x": {} }), /\(files\)/],
  ["a prototype as a file name", (it) => Object.assign(it["files"] as Json, { constructor: {} }), /\(files\)/],
  ["an unlisted file", (it) => delete (it["files"] as Json)["tree.safetensors"], /\(tree\.safetensors\)/],
  ["an absurd label count", (it) => Object.assign(it["counts"] as Json, { labels: 4e9 }), /labels\.txt: expected 4000/],
  ["a fraction of a label", (it) => Object.assign(it["counts"] as Json, { labels: 6.5 }), /\(labels\)/],
  ["a negative count", (it) => Object.assign(it["counts"] as Json, { features: -1 }), /\(features\)/],
  ["another feature count", (it) => Object.assign(it["counts"] as Json, { features: 76 }), /expected 76 features/],
  ["an index past the end", (it) => Object.assign(it["rankerIndex"] as Json, { bytes: 2 ** 50 }), /\(index\)/],
  ["an index that is too short", (it) => Object.assign(it["rankerIndex"] as Json, { bytes: 9 }), /\(index\)/],
  ["no hash", (it) => Object.assign(it["rankerIndex"] as Json, { sha256: "" }), /\(sha256\)/],
  ["no tree", (it) => Object.assign(it, { members: [] }), /\(members\)/],
  ["a tree too many", (it) => (it["members"] as Json[]).push({ numLevels: 2 }), /member\.2\.level\.0\.child_start/],
  ["a level too many", (it) => Object.assign((it["members"] as Json[])[0]!, { numLevels: 3 }), /level\.2\.child_start/],
  ["a thousand levels", (it) => Object.assign((it["members"] as Json[])[0]!, { numLevels: 1000 }), /\(numLevels\)/],
  ["a block too many", (it) => (it["tfidf"] as Json[]).push((it["tfidf"] as Json[])[0]!), /block\.2/],
  ["n-grams from 3 to 2", (it) => Object.assign((it["tfidf"] as Json[])[0]!, { minN: 3 }), /\(maxN\)/],
  ["another analyzer", (it) => Object.assign((it["tfidf"] as Json[])[0]!, { analyzer: "sound" }), /\(analyzer\)/],
  ["more held out than there is", (it) => Object.assign(it, { holdOut: 101 }), /\(holdOut\)/],
  ["a threshold that is no chance", (it) => Object.assign(it, { threshold: 2 }), /\(threshold\)/],
  ["a metric that is no number", (it) => Object.assign(it, { metrics: { p: "high" } }), /\(metrics\)/],
  ["no date", (it) => Object.assign(it, { createdAt: "soon" }), /\(createdAt\)/],
])("model.json with %s is refused with the key", async (_, edit, message) => {
  await expectRefused(editManifest(edit), message);
});

test("model.json may say more than this version knows", async () => {
  await withChanged(
    editManifest((it) => Object.assign(it, { trainedOn: "a newer idea" })),
    useAll,
  );
});

test.each<[string, (folder: string) => void, RegExp]>([
  ["a label at two leaves", pokeTensor("tree.safetensors", "member.0.label_of", 0, 1), /each label at one leaf/],
  ["a label that is none", pokeTensor("tree.safetensors", "member.1.label_of", 0, 7), /labels below 7, found 7/],
  [
    "children not from 0",
    pokeTensor("tree.safetensors", "member.0.level.0.child_start", 0, 1),
    /child_start ascending/,
  ],
  [
    "children in disorder",
    pokeTensor("tree.safetensors", "member.0.level.1.child_start", 1, 7),
    /child_start ascending/,
  ],
  ["leaves without a label", pokeTensor("tree.safetensors", "member.0.level.1.child_start", 3, 8), /7 leaves/],
  ["nodes without end", pokeTensor("tree.safetensors", "member.0.level.0.child_start", 1, 2 ** 32 - 1), /4294967296/],
  ["hashes in disorder", pokeTensor("tfidf.safetensors", "block.0.hash_high", 0, 9), /ascending hashes/],
  ["an idf that is no number", pokeTensor("tfidf.safetensors", "block.1.idf", 2, nan), /finite idf of feature 2/],
  [
    "a bias that is no number",
    pokeTensor("ranker.safetensors", "member.0.level.1.bias", 3, nan),
    /finite bias of node 3/,
  ],
  ["a chunk not from 0", pokeTensor("ranker.safetensors", "member.0.level.1.chunk_rows", 0, 1), /first chunk at 0/],
  [
    "a chunk of 4 billion rows",
    pokeTensor("ranker.safetensors", "member.0.level.1.chunk_rows", 1, 2 ** 32 - 1),
    /in order/,
  ],
  [
    "more rows than entries",
    pokeTensor("ranker.safetensors", "member.1.level.1.chunk_entries", 1, 0),
    /chunk 0 in order/,
  ],
  [
    "a chunk past the end",
    pokeTensor("ranker.safetensors", "member.1.level.1.chunk_bytes", 3, 99_999),
    /tensor "member\.1\.level\.1\.chunks" of U8 \[99999\]/,
  ],
  [
    "more rows than entries in the last chunk",
    pokeTensor("ranker.safetensors", "member.1.level.1.chunk_rows", 3, 99_999),
    /chunk 2 in order/,
  ],
  [
    "a chunk of less than no bytes",
    pokeTensor("ranker.safetensors", "member.0.level.1.chunk_bytes", 1, 99_999),
    /chunk 1 in order/,
  ],
])("a forged file with %s is refused before it is used", async (_, change, message) => {
  await expectRefused(change, message);
});

test("forged text files are refused", async () => {
  const last = (bytes: Buffer) => bytes.subarray(0, -1);
  await expectRefused(forge("labels.txt", last), /labels\.txt: expected 7 lines, found 6 and a part of one/);
  await expectRefused(
    forge("labels.txt", () => Buffer.from([0xff, 10])),
    /labels\.txt: expected UTF-8/,
  );
  await expectRefused(
    forge("names.txt", (bytes) => Buffer.concat([bytes, bytes])),
    /names\.txt: expected 7 lines, found 14/,
  );
  await expectRefused(
    forge("vocabulary.txt", (bytes) => Buffer.concat([bytes, Buffer.from("\n")])),
    /vocabulary\.txt: expected 75 lines, found 76/,
  );
});

test("labels that repeat are found by a full check", async () => {
  await withChanged(
    forge("labels.txt", () => Buffer.from("a\nb\nc\na\ne\nf\ng\n")),
    async (folder) => {
      await expect(verifyModelFolder(folder)).rejects.toThrow("labels.txt: expected each label once, found 1 repeated");
    },
  );
});

const posix = process.platform !== "win32";

test.runIf(posix)("a link out of the folder is refused, one within it is not", async () => {
  await expectRefused((folder) => {
    renameSync(path.join(folder, "labels.txt"), path.join(folder, "..", "outside.txt"));
    symlinkSync(path.join("..", "outside.txt"), path.join(folder, "labels.txt"));
  }, /labels\.txt: expected a file inside the model folder, found a link to .*outside\.txt/);
  await expectRefused((folder) => {
    rmSync(path.join(folder, "labels.txt"));
    symlinkSync("nowhere", path.join(folder, "labels.txt"));
  }, /found a link to nothing/);
  await withChanged((folder) => {
    renameSync(path.join(folder, "labels.txt"), path.join(folder, "real.txt"));
    symlinkSync("real.txt", path.join(folder, "labels.txt"));
  }, useAll);
});

test.runIf(posix)("a model folder reached through a link is opened", async () => {
  const link = path.join(scratch, "link");
  symlinkSync(original, link);
  await useAll(link);
});

test.runIf(posix)("a named pipe or a folder in the place of a file is refused, not waited for", async () => {
  await expectRefused((folder) => {
    rmSync(path.join(folder, "ranker.safetensors"));
    execFileSync("mkfifo", [path.join(folder, "ranker.safetensors")]);
  }, /expected a regular file/);
  await expectRefused((folder) => {
    rmSync(path.join(folder, "labels.txt"));
    mkdirSync(path.join(folder, "labels.txt"));
  }, /expected a regular file/);
});

test("no folder, a file and a folder of something else each say what to do", async () => {
  await inTemporaryFolder(async (folder) => {
    const file = path.join(folder, "file");
    writeFileSync(file, "");
    await expect(openModelFolder(path.join(folder, "none"))).rejects.toThrow(/found nothing; train a model first/);
    await expect(openModelFolder(file)).rejects.toThrow(/found a file; name the folder that holds model\.json/);
    await expect(openModelFolder(folder)).rejects.toThrow(/found no model\.json in it/);
  });
});

/** A model with an encoder of three dimensions, changed and then used. */
async function expectDenseRefused(change: (folder: string) => void, message: RegExp | string): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const model = path.join(folder, "model");
    await writeModelFolder(model, exampleModel({ ...shape, hidden: 3 }).content);
    await useAll(model);
    change(model);
    const error = await useAll(model).catch((it) => it);
    expect(error).toBeInstanceOf(ModelFolderError);
    expect(error.message).toMatch(message);
  });
}

const ranker = "ranker.safetensors";

test("a dense weight that was changed is found when its chunk is read", async () => {
  await expectDenseRefused((folder) => {
    const place = path.join(folder, ranker);
    const bytes = readFileSync(place);
    bytes[tensorStart(bytes, "member.1.level.1.dense") + 5]! ^= 1;
    writeFileSync(place, bytes);
  }, "member 1, level 1), chunk 0");
});

test("scales that are no sizes are refused, and panels of another width than the embedding", async () => {
  const scale = "member.0.level.0.dense_scale";
  const [infinite, minusOne] = [0x7f800000, 0xbf800000];
  for (const value of [nan, infinite, minusOne])
    await expectDenseRefused(pokeTensor(ranker, scale, 1, value), "expected finite scales of at least 0");
  for (const hidden of [2, 4]) {
    const edit = editManifest((manifest) => {
      (manifest["encoderModels"] as Json[])[0]!["hidden"] = hidden;
    });
    await expectDenseRefused(edit, "level.0.dense");
  }
});
