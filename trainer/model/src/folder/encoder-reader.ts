// The encoder's files. Opening a model looks at their sizes alone: they may be large, and suggestions do without an
// encoder for a while. They are read later, in pieces, and then their hashes are checked and the graph is looked through.
import path from "node:path";
import { checkOnnx } from "../encoder/check-onnx.ts";
import {
  type EncoderDescription,
  type EncoderFiles,
  type EncoderPart,
  encoderFileName,
} from "../encoder/description.ts";
import { checkSha256, encoderNumbers, type FileName, newSha256 } from "./files.ts";
import { fileRecord, type Manifest } from "./manifest.ts";
import { type ModelFile, type ModelFileOptions, openModelFile } from "./model-file.ts";

/** Bytes that are read before others in this thread have their turn. */
const blockBytes = 4 * 2 ** 20;

export interface EncoderSource {
  readonly description: EncoderDescription;
  /** @throws ModelFolderError where a file is not what model.json says, or the graph may do more than compute. */
  read(): Promise<EncoderFiles>;
}

export interface EncoderSources {
  /** One an encoder of the model, in the order of their numbers. */
  readonly sources: readonly EncoderSource[];
  dispose(): void;
}

/** The encoders of a model: none, one or more. @throws ModelFolderError for a file of another size. */
export function openEncoderFiles(
  folder: string,
  manifest: Manifest,
  { keepOpen }: Pick<ModelFileOptions, "keepOpen">,
): EncoderSources {
  const opened: ModelFile[] = [];
  const dispose = () => {
    for (const it of opened) it.close();
  };
  const open = (name: FileName) => {
    const file = openModelFile(folder, name, { bytes: fileRecord(manifest, name).bytes, keepOpen });
    opened.push(file);
    return () => readChecked(file, fileRecord(manifest, name).sha256);
  };
  try {
    const encoders = manifest.encoderModels;
    const numbers = encoders.length > 1 ? encoderNumbers(encoders.length) : [undefined];
    const sources = encoders.map((description, i): EncoderSource => {
      const file = (part: EncoderPart) => encoderFileName(part, numbers[i]);
      const graphs = [file("encoder.onnx"), file("encoder.int8.onnx")].filter((it) => manifest.files[it] !== undefined);
      const readGraph = new Map(graphs.map((it) => [it, open(it)]));
      const readTokenizer = open(file("tokenizer.json"));
      const readConfig = open(file("tokenizer_config.json"));
      const { serves } = description;
      return {
        description,
        async read() {
          const onnx = await readGraph.get(serves)!();
          checkOnnx(path.join(folder, serves), onnx);
          const decoder = new TextDecoder();
          return {
            onnx,
            tokenizer: decoder.decode(await readTokenizer()),
            tokenizerConfig: decoder.decode(await readConfig()),
          };
        },
      };
    });
    return { sources, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

async function readChecked(file: ModelFile, sha256: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(file.bytes);
  const hash = newSha256();
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    file.read(block, at);
    hash.update(block);
    await new Promise((resolve) => setImmediate(resolve));
  }
  checkSha256(file.place, hash.digest("hex"), sha256);
  return bytes;
}
