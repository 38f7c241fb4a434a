import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EncoderSourceError } from "./encoder-source-error.ts";
import { EncoderDiskError, UnreachableError } from "./fetching.ts";
import { fetchFromHub, type HubOptions } from "./hub.ts";
import { commit, type FakeHub, filesOf, newScratch, startFakeHub, tinyEncoder } from "./test-data.ts";

const files = filesOf(tinyEncoder);
const weights = files.get("model.safetensors")!;
let hub: FakeHub;
let scratch: ReturnType<typeof newScratch>;

beforeEach(async () => {
  const others = [
    ["pytorch_model.bin", Buffer.alloc(9)],
    ["onnx/model.onnx", Buffer.alloc(9)],
    ["../evil", Buffer.alloc(9)],
  ] as const;
  hub = await startFakeHub(new Map([...files, ...others]));
  scratch = newScratch();
});
afterEach(async () => {
  await hub.close();
  scratch.remove();
});

function fetchTiny(options: HubOptions = {}) {
  return fetchFromHub({ id: "org/tiny" }, scratch.folder, { hubUrl: hub.url, accessToken: "", ...options });
}

function weightsHere(): Buffer {
  return readFileSync(path.join(scratch.folder, "model.safetensors"));
}

function weightRequests() {
  return hub.requests.filter((it) => it.path.endsWith("/model.safetensors") && it.range !== "bytes=0-0");
}

test("the files that are of use arrive, and nothing else", async () => {
  const messages: string[] = [];
  const progress: number[][] = [];
  const onProgress = (done: number, total: number) => void progress.push([done, total]);
  const { origin } = await fetchTiny({ onMessage: (it) => messages.push(it), onProgress });
  expect(filesOf(scratch.folder)).toEqual(files);
  expect(origin).toBe(`hub org/tiny@${commit}`);
  const total = [...files.values()].reduce((sum, it) => sum + it.length, 0);
  expect(messages).toEqual([`Downloading 5 files, 0.1 MiB, from ${new URL(hub.url).host}/org/tiny@${commit}`]);
  expect(progress.at(-1)).toEqual([total, total]);
  expect(progress.every(([done = 0], i) => i === 0 || done >= progress[i - 1]![0]!)).toBe(true);
});

test("files that are whole are not fetched again", async () => {
  await fetchTiny();
  hub.requests.length = 0;
  await fetchTiny();
  expect(hub.requests.filter((it) => it.path.includes("/resolve/"))).toEqual([]);
});

test.each(["hf_secret", "of-a-mirror", " hf_secret\n"])("the token %j goes with every request", async (accessToken) => {
  await fetchTiny({ accessToken });
  expect(new Set(hub.requests.map((it) => it.token))).toEqual(new Set([`Bearer ${accessToken.trim()}`]));
});

test("a token goes to the hub alone, also where the files are elsewhere", async () => {
  const elsewhere = await startFakeHub(files);
  hub.fault = { redirectsTo: elsewhere.url.replace("127.0.0.1", "localhost") };
  await fetchTiny({ accessToken: "hf_secret" });
  await elsewhere.close();
  expect(weightsHere().equals(weights)).toBe(true);
  expect(new Set(elsewhere.requests.map((it) => it.token))).toEqual(new Set([undefined]));
});

test.each(["hf_ä", "hf_a hf_b"])("%j is told to be no token, and is not repeated", async (accessToken) => {
  const fetching = fetchTiny({ accessToken });
  await expect(fetching).rejects.toThrow("HF_TOKEN: expected a token");
  await expect(fetching).rejects.not.toThrow(accessToken);
  expect(hub.requests).toEqual([]);
});

test("without a token none is sent", async () => {
  await fetchTiny();
  expect(new Set(hub.requests.map((it) => it.token))).toEqual(new Set([undefined]));
});

test.each([
  [
    401,
    EncoderSourceError,
    "status 401; it does not exist or is not public: check its name; where you have access, set HF_TOKEN",
  ],
  [403, EncoderSourceError, "status 403; it does not exist or is not public"],
  [404, EncoderSourceError, "status 404; check the name and the revision"],
  [429, UnreachableError, "status 429; the hub is busy"],
  [500, UnreachableError, "status 500; the hub is busy or out of order"],
])("status %i is explained", async (status, type, message) => {
  hub.fault = { status };
  await expect(fetchTiny()).rejects.toThrow(type);
  await expect(fetchTiny()).rejects.toThrow(message);
});

test("a hub that is not there is told from one that refuses", async () => {
  await hub.close();
  await expect(fetchTiny()).rejects.toThrow(UnreachableError);
  await expect(fetchTiny()).rejects.toThrow(/org\/tiny: expected an answer of the hub, found connect ECONNREFUSED/u);
});

test("a connection that breaks again and again is taken up where it broke", async () => {
  hub.fault = { cutAfter: 9000 };
  await fetchTiny();
  expect(weightsHere().equals(weights)).toBe(true);
  const starts = weightRequests().map((it) => Number(/=(\d+)-/u.exec(it.range ?? "=0-")?.[1]));
  expect(starts.at(-1)).toBeGreaterThan(20_000);
  expect(starts.every((it, i) => i === 0 || it >= starts[i - 1]!)).toBe(true);
});

test("half a file is kept, said, and gone on with by the next run", async () => {
  hub.fault = { cutAfter: 0 };
  const half = weights.subarray(0, 12_345);
  writeFileSync(path.join(scratch.folder, "model.safetensors"), half);
  await expect(fetchTiny()).rejects.toThrow(
    `model.safetensors: expected ${weights.length} bytes, found 12345 before the connection broke; run the same command again`,
  );
  expect(weightsHere().equals(half)).toBe(true);
  hub.fault = {};
  hub.requests.length = 0;
  await fetchTiny();
  expect(weightsHere().equals(weights)).toBe(true);
  expect(weightRequests().map((it) => it.range)).toEqual([`bytes=12345-${weights.length - 1}`]);
});

test("content with another hash is refused and not kept", async () => {
  hub.fault = { spoils: true };
  await expect(fetchTiny()).rejects.toThrow(
    /model\.safetensors: expected SHA-256 [0-9a-f]{16}…, found [0-9a-f]{16}…: other content/u,
  );
  expect([...filesOf(scratch.folder).keys()]).not.toContain("model.safetensors");
});

test("what an earlier try left of another file is thrown away", async () => {
  writeFileSync(path.join(scratch.folder, "model.safetensors"), Buffer.alloc(5000, 7));
  mkdirSync(path.join(scratch.folder, "1_Pooling"));
  writeFileSync(path.join(scratch.folder, "1_Pooling", "config.json"), "x".repeat(5000));
  await fetchTiny();
  expect(filesOf(scratch.folder)).toEqual(files);
});

test("a server that knows no ranges still gives a whole file", async () => {
  writeFileSync(path.join(scratch.folder, "model.safetensors"), weights.subarray(0, 5000));
  hub.fault = { ignoresRange: true };
  await fetchTiny();
  expect(weightsHere().equals(weights)).toBe(true);
});

test("cancelling ends at once and keeps what is there", async () => {
  hub.fault = { stalls: true };
  const controller = new AbortController();
  const onProgress = () => void (weightRequests().length > 0 && setTimeout(() => controller.abort(), 50));
  await expect(fetchTiny({ signal: controller.signal, onProgress })).rejects.toThrow("aborted");
  hub.fault = {};
  await fetchTiny();
  expect(weightsHere().equals(weights)).toBe(true);
});

test("a disk without room is refused before anything is fetched", async () => {
  const fetching = fetchTiny({ freeBytes: async () => 1000 });
  await expect(fetching).rejects.toThrow(EncoderDiskError);
  await expect(fetching).rejects.toThrow("0.1 MiB free; make room or set TAGWRIGHT_HOME");
  expect(hub.requests.some((it) => it.path.includes("/resolve/"))).toBe(false);
});

test("a text file larger than can be read is refused before anything is fetched", async () => {
  hub.fault = { tokenizerBytes: 2 ** 27 + 1 };
  await expect(fetchTiny()).rejects.toThrow(
    /tokenizer\.json: expected a size of at most 134217728 bytes, found 134217729/u,
  );
  expect(hub.requests.some((it) => it.path.includes("/resolve/"))).toBe(false);
});

test("a model with pickled weights alone is refused with the reason", async () => {
  await hub.close();
  hub = await startFakeHub(
    new Map(
      [...files].filter(([name]) => name !== "model.safetensors").concat([["pytorch_model.bin", Buffer.alloc(1)]]),
    ),
  );
  await expect(fetchTiny()).rejects.toThrow(
    "expected model.safetensors, found 5 other files; its weights are a pickle, which may run code",
  );
});
