// The encoder's files. Opening a model looks at their sizes alone: they may be large, and suggestions do without an
// encoder for a while. They are read later, in pieces, and then their hashes are checked and the graph is looked through.
import path from "node:path";
import { checkOnnx } from "../encoder/check-onnx.ts";
import type { EncoderDescription, EncoderFiles } from "../encoder/description.ts";
import { checkSha256, type FileName, newSha256 } from "./files.ts";
import { fileRecord, type Manifest } from "./manifest.ts";
import { type ModelFile, type ModelFileOptions, openModelFile } from "./model-file.ts";

/** Bytes that are read before others in this thread have their turn. */
const blockBytes = 4 * 2 ** 20;

export interface EncoderSource {
  readonly description: EncoderDescription;
  /** @throws ModelFolderError where a file is not what model.json says, or the graph may do more than compute. */
  read(): Promise<EncoderFiles>;
  dispose(): void;
}

/** The encoder of a model; undefined where it has none. @throws ModelFolderError for a file of another size. */
export function openEncoderFiles(
  folder: string,
  manifest: Manifest,
  { keepOpen }: Pick<ModelFileOptions, "keepOpen">,
): EncoderSource | undefined {
  const description = manifest.encoderModel;
  if (description === undefined) return undefined;
  const files = new Map<FileName, ModelFile>();
  const dispose = () => {
    for (const it of files.values()) it.close();
  };
  const names: FileName[] = ["encoder.onnx", "tokenizer.json", "tokenizer_config.json"];
  if (manifest.files["encoder.int8.onnx"] !== undefined) names.push("encoder.int8.onnx");
  try {
    for (const name of names) {
      files.set(name, openModelFile(folder, name, { bytes: fileRecord(manifest, name).bytes, keepOpen }));
    }
  } catch (error) {
    dispose();
    throw error;
  }
  const read = async (name: FileName) => readChecked(files.get(name)!, fileRecord(manifest, name).sha256);
  return {
    description,
    async read() {
      const onnx = await read(description.serves);
      checkOnnx(path.join(folder, description.serves), onnx);
      const decoder = new TextDecoder();
      return {
        onnx,
        tokenizer: decoder.decode(await read("tokenizer.json")),
        tokenizerConfig: decoder.decode(await read("tokenizer_config.json")),
      };
    },
    dispose,
  };
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
