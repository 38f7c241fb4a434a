// Fetches an encoder from the Hugging Face hub, or from a mirror that HF_ENDPOINT names: only the files that are of use, at
// one commit, checked against the hub's hashes. An interrupted download goes on where it stopped.
import { createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { downloadFile, HubApiError, type ListFileEntry, listFiles, modelInfo } from "@huggingface/hub";
import { hashError, hashOf } from "./cache.ts";
import { EncoderSourceError } from "./encoder-source-error.ts";
import { checkRoom, type FetchContext, FetchError, mebibytes, UnreachableError } from "./fetching.ts";
import { readTexts } from "./read-encoder.ts";
import { type HubSource, maxBytesOf, neededFiles, wantedFiles, weightsName } from "./sources.ts";

export interface HubOptions extends FetchContext {
  /** Default: HF_ENDPOINT, else the public hub. */
  readonly hubUrl?: string;
  /** Default: HF_TOKEN. Sent to the hub only. */
  readonly accessToken?: string;
}

const publicHub = "https://huggingface.co";
/** Broken connections in a row that brought nothing new. */
const maxFruitlessTries = 3;
const commitPattern = /^[0-9a-f]{40}$/u;

interface Place {
  /** For messages: `org/name@commit`. */
  readonly text: string;
  readonly common: { readonly hubUrl: string; readonly fetch: typeof fetch };
  readonly repo: { readonly type: "model"; readonly name: string };
  readonly revision: string;
}

/**
 * Fetches into `folder`; files that are whole are kept. Returns where the encoder came from, with the commit.
 * @throws UnreachableError where the hub does not answer or is out of order; FetchError where it has no such encoder or
 *   wants a token; EncoderSourceError where the encoder is none that can be read, or other than announced; EncoderDiskError.
 */
export async function fetchFromHub(
  source: HubSource,
  folder: string,
  options: HubOptions = {},
): Promise<{ origin: string }> {
  const place = await findPlace(source, options);
  const files = await planFiles(place, options.signal);
  const total = files.reduce((sum, it) => sum + it.size, 0);
  const sizes = await Promise.all(files.map((it) => sizeOf(localPath(folder, it))));
  const have = sizes.reduce((sum, size, i) => sum + Math.min(size, files[i]!.size), 0);
  const rest = have > 0 ? `, ${mebibytes(have)} of it are here from an earlier try` : "";
  options.onMessage?.(
    `Downloading ${files.length} files, ${mebibytes(total)}, from ${new URL(place.common.hubUrl).host}/${place.text}${rest}`,
  );
  await checkRoom(folder, total - have, options);
  let before = 0;
  for (const file of files) {
    // They come last; whether they will be of use is known before.
    if (file.path === weightsName) await readTexts(folder);
    await fetchFile(
      place,
      file,
      localPath(folder, file),
      (done) => options.onProgress?.(before + done, total),
      options,
    );
    before += file.size;
  }
  return { origin: `hub ${place.text}` };
}

async function findPlace({ id, revision }: HubSource, options: HubOptions): Promise<Place> {
  const hubUrl = (options.hubUrl || process.env["HF_ENDPOINT"] || publicHub).replace(/\/+$/u, "");
  const accessToken = checkToken(options.accessToken ?? process.env["HF_TOKEN"] ?? "");
  const { signal } = options;
  // The library takes tokens of the public hub only, and sends them to its CloudFront as well.
  const ownFetch: typeof fetch = async (url, init) => {
    const request = new Request(url, { ...init, ...(signal && { signal }) });
    const isHub = new URL(request.url).origin === new URL(hubUrl).origin;
    if (isHub && accessToken !== "") request.headers.set("authorization", `Bearer ${accessToken}`);
    return fetch(request);
  };
  const common = { hubUrl, fetch: ownFetch };
  const text = revision === undefined ? id : `${id}@${revision}`;
  const { sha } = await asking(text, signal, () =>
    modelInfo({ ...common, name: id, additionalFields: ["sha"], ...(revision !== undefined && { revision }) }),
  );
  if (typeof sha !== "string" || !commitPattern.test(sha)) throw unexpected(text, "a commit", JSON.stringify(sha));
  return { text: `${id}@${sha}`, common, repo: { type: "model", name: id }, revision: sha };
}

/** Without white space around it. @throws FetchError where it cannot be sent. */
function checkToken(text: string): string {
  const token = text.trim();
  if (/^[!-~]*$/u.test(token)) return token;
  const expected = "a token of ASCII characters without spaces";
  const cure = "set it to your access token alone, or to nothing";
  throw new FetchError({ place: "HF_TOKEN", expected, found: "others in HF_TOKEN", cure });
}

async function planFiles(
  { text, common, repo, revision }: Place,
  signal: AbortSignal | undefined,
): Promise<ListFileEntry[]> {
  const all = new Map<string, ListFileEntry>();
  await asking(text, signal, async () => {
    for await (const it of listFiles({ ...common, repo, revision, recursive: true })) all.set(it.path, it);
  });
  const missing = neededFiles.filter((it) => !all.has(it));
  if (missing.length > 0) {
    const cure = all.has("pytorch_model.bin")
      ? "its weights are a pickle, which may run code: take a revision or an encoder with model.safetensors"
      : "take an encoder that has them";
    throw new EncoderSourceError({ place: text, expected: missing.join(", "), found: `${all.size} other files`, cure });
  }
  return wantedFiles.flatMap((name) => {
    const file = all.get(name);
    if (file === undefined) return [];
    if (Number.isSafeInteger(file.size) && file.size >= 0 && file.size <= maxBytesOf(name)) return [file];
    throw unexpected(`${text}/${name}`, `a size of at most ${maxBytesOf(name)} bytes`, String(file.size));
  });
}

/** Fetches what is missing of one file and checks it; content that is wrong is fetched once more, from its start. */
async function fetchFile(
  place: Place,
  file: ListFileEntry,
  target: string,
  onBytes: (done: number) => void,
  { signal }: FetchContext,
): Promise<void> {
  const name = `${place.text}/${file.path}`;
  await mkdir(path.dirname(target), { recursive: true });
  const begunBefore = (await sizeOf(target)) > 0;
  await fetchRest(place, file, target, onBytes, signal);
  const wrong = await findWrongHash(file, target, signal);
  if (wrong === undefined) return;
  await rm(target, { force: true });
  if (begunBefore) return fetchFile(place, file, target, onBytes, { ...(signal && { signal }) });
  throw hashError(name, wrong.expected, wrong.found, "nothing of it is kept; try again later, or take another source");
}

async function fetchRest(
  place: Place,
  file: ListFileEntry,
  target: string,
  onBytes: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = `${place.text}/${file.path}`;
  if ((await sizeOf(target)) > file.size) await rm(target);
  for (let fruitless = 0; ; ) {
    const done = await sizeOf(target);
    onBytes(done);
    if (done === file.size && (await isThere(target))) return;
    if (fruitless === maxFruitlessTries) {
      const cure = "run the same command again, it goes on where it stopped";
      throw new UnreachableError({
        place: name,
        expected: `${file.size} bytes`,
        found: `${done} before the connection broke`,
        cure,
      });
    }
    const blob = await asking(name, signal, () =>
      downloadFile({ ...place.common, repo: place.repo, revision: place.revision, path: file.path, xet: false }),
    );
    if (blob === null) throw unexpected(name, "the file that the hub lists", "none");
    if (blob.size !== file.size) throw unexpected(name, `${file.size} bytes`, `${blob.size}`);
    try {
      await append(blob.slice(done, file.size), target, done, (more) => onBytes(done + more), signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (isDiskError(error)) throw error;
      if (error instanceof HubApiError) throw refusal(name, error);
    }
    fruitless = (await sizeOf(target)) > done ? 0 : fruitless + 1;
  }
}

async function append(
  rest: Blob,
  target: string,
  start: number,
  onBytes: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let done = 0;
  // No more than was announced, whatever comes.
  async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      const kept = chunk.subarray(0, rest.size - done);
      done += kept.length;
      yield kept;
      onBytes(done);
      if (done === rest.size) return;
    }
  }
  const stream = Readable.fromWeb(rest.stream() as Parameters<typeof Readable.fromWeb>[0]);
  await pipeline(stream, counted, createWriteStream(target, { flags: start > 0 ? "a" : "w" }), {
    ...(signal && { signal }),
  });
}

/** Large files have a SHA-256; small ones the SHA-1 that git gives them. */
async function findWrongHash(file: ListFileEntry, target: string, signal: AbortSignal | undefined) {
  if (file.lfs !== undefined) {
    const found = await hashOf(target, signal);
    return found === file.lfs.oid ? undefined : { expected: file.lfs.oid, found };
  }
  if (file.oid === undefined) return undefined;
  const found = await hashOf(target, signal, "sha1", `blob ${file.size}\0`);
  return found === file.oid ? undefined : { expected: file.oid, found };
}

/** Runs a question to the hub; what goes wrong becomes an error that says what to do. */
async function asking<T>(place: string, signal: AbortSignal | undefined, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof HubApiError) throw refusal(place, error);
    if (error instanceof TypeError) {
      // A proxy that wants a password is an error without a message.
      const reason = (error.cause instanceof Error && error.cause.message) || error.message;
      const cure = "check the connection, or the proxy, or name a mirror in HF_ENDPOINT";
      throw new UnreachableError({ place, expected: "an answer of the hub", found: reason, cure }, { cause: error });
    }
    throw unexpected(place, "an answer of the hub", error instanceof Error ? error.message : String(error));
  }
}

function refusal(place: string, error: HubApiError): FetchError {
  const { statusCode } = error;
  const fault = { place, expected: "an answer of the hub", found: `status ${statusCode}` };
  if (statusCode === 401 || statusCode === 403) {
    const cure =
      "it does not exist or is not public: check its name; where you have access, set HF_TOKEN to your access token";
    return new FetchError({ ...fault, cure }, { cause: error });
  }
  if (statusCode === 404) {
    return new FetchError({ ...fault, cure: "check the name and the revision" }, { cause: error });
  }
  if (statusCode === 429 || statusCode >= 500) {
    return new UnreachableError(
      { ...fault, cure: "the hub is busy or out of order: try again later" },
      { cause: error },
    );
  }
  return new FetchError({ ...fault, cure: "take another encoder" }, { cause: error });
}

function unexpected(place: string, expected: string, found: string): FetchError {
  const cure = "what answers is no Hugging Face hub of today: check HF_ENDPOINT, or try again later";
  return new FetchError({ place, expected, found, cure });
}

function isDiskError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && (error.syscall === "write" || error.syscall === "open");
}

function localPath(folder: string, { path: name }: ListFileEntry): string {
  return path.join(folder, ...name.split("/"));
}

async function isThere(place: string): Promise<boolean> {
  return (await stat(place).catch(() => undefined)) !== undefined;
}

async function sizeOf(place: string): Promise<number> {
  return (await stat(place).catch(() => undefined))?.size ?? 0;
}
