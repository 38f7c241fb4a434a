// Model folders of the fixtures, changed as an accident or an attacker would, for tests of what is refused.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { EncoderError, ModelFolderError } from "../errors.ts";
import type { Model, OpenOptions } from "../types.ts";
import { inTemporaryFolder } from "./example-model.ts";
import { sha256 } from "./files.ts";
import { openModelFolder } from "./reader.ts";

export type Json = Record<string, unknown>;

export function fixture(version: string): string {
  return path.join(import.meta.dirname, "../../../../test/fixtures/models", version);
}

/** What happens to copies of the fixture of a format version, opened with `openModel`. */
export function tampering(version: string, openModel: (folder: string, options?: OpenOptions) => Promise<Model>) {
  async function withChanged(
    change: (folder: string) => void,
    check: (folder: string) => Promise<void>,
  ): Promise<void> {
    await inTemporaryFolder(async (folder) => {
      const copy = path.join(folder, "model");
      cpSync(fixture(version), copy, { recursive: true });
      change(copy);
      await check(copy);
    });
  }

  /** Refused when it is opened. */
  async function expectRefused(change: (folder: string) => void, expected: RegExp | string): Promise<void> {
    await withChanged(change, async (folder) => {
      const error = await openModelFolder(folder).catch((it) => it);
      expect(error).toBeInstanceOf(ModelFolderError);
      expect(error.message).toMatch(expected);
    });
  }

  /** Opened, since words alone can answer; refused when the encoder is read, and by who waits for it. */
  async function expectLexical(change: (folder: string) => void, expected: RegExp): Promise<void> {
    await withChanged(change, async (folder) => {
      const refused = await openModel(folder).then(String, (it) => it);
      expect(refused instanceof ModelFolderError || refused instanceof EncoderError, String(refused)).toBe(true);
      expect(refused.message).toMatch(expected);
      const model = await openModel(folder, { background: true });
      await expect.poll(() => model.encoder.kind).toBe("failed");
      expect(model.encoder).toMatchObject({ reason: refused.message });
      expect(await model.suggest("a text", 8)).toHaveLength(8);
      model.dispose();
    });
  }

  return { withChanged, expectRefused, expectLexical };
}

/** `edit` gets model.json and its list of files. */
export function editManifest(edit: (manifest: Json, files: Json) => void): (folder: string) => void {
  return (folder) => {
    const place = path.join(folder, "model.json");
    const manifest = JSON.parse(readFileSync(place, "utf8"));
    edit(manifest, manifest.files);
    writeFileSync(place, JSON.stringify(manifest));
  };
}

/** Other content, with the size and hash that model.json names: an attacker, not an accident. */
export function forge(name: string, edit: (bytes: Buffer) => Uint8Array): (folder: string) => void {
  return (folder) => {
    const bytes = edit(readFileSync(path.join(folder, name)));
    writeFileSync(path.join(folder, name), bytes);
    editManifest((_, listed) => {
      listed[name] = { bytes: bytes.length, sha256: sha256(bytes) };
    })(folder);
  };
}
