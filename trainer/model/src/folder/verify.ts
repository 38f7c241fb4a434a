// Every byte of a model folder checked against model.json, for `tagwright doctor`. Opening checks what it reads only.
import { createHash } from "node:crypto";
import path from "node:path";
import { ModelFolderError } from "../errors.ts";
import type { ModelInfo } from "../types.ts";
import { checkSha256, copyAgain, fileNames, findModelFolder } from "./files.ts";
import { openModelFile } from "./model-file.ts";
import { openModelFolder } from "./reader.ts";

const blockBytes = 2 ** 20;

export interface Verification {
  readonly info: ModelInfo;
  /** Of all files but model.json. */
  readonly bytes: number;
  readonly numChunks: number;
}

/** Reads all files and all chunks of a model folder. @throws ModelFolderError naming the first thing that is wrong. */
export async function verifyModelFolder(folder: string): Promise<Verification> {
  const real = findModelFolder(folder);
  const model = await openModelFolder(real, { cacheBytes: 0 });
  try {
    let bytes = 0;
    for (const name of fileNames) {
      const record = model.manifest.files[name];
      if (record === undefined) continue;
      checkSha256(path.join(real, name), hashFile(real, name, record.bytes), record.sha256);
      bytes += record.bytes;
    }
    const numDifferent = new Set(model.labels).size;
    if (numDifferent !== model.labels.length) {
      const found = `${model.labels.length - numDifferent} repeated`;
      throw new ModelFolderError({
        place: path.join(real, "labels.txt"),
        expected: "each label once",
        found,
        cure: copyAgain,
      });
    }
    if (model.info.numFeatures > 0) model.vocabulary.term(0);
    for (const encoder of model.encoders) await encoder.read();
    let numChunks = 0;
    for (const { tree, ranker } of model.members) {
      for (const [l, { childStart }] of tree.levels.entries()) {
        for (let parent = 0; parent + 1 < childStart.length; parent++) ranker.levels[l]!.chunk(parent);
        numChunks += childStart.length - 1;
      }
    }
    return { info: model.info, bytes, numChunks };
  } finally {
    model.dispose();
  }
}

function hashFile(folder: string, name: (typeof fileNames)[number], bytes: number): string {
  const file = openModelFile(folder, name, { bytes });
  try {
    const hash = createHash("sha256");
    const buffer = new Uint8Array(blockBytes);
    for (let position = 0; position < bytes; position += blockBytes) {
      const block = buffer.subarray(0, Math.min(blockBytes, bytes - position));
      file.read(block, position);
      hash.update(block);
    }
    return hash.digest("hex");
  } finally {
    file.close();
  }
}
