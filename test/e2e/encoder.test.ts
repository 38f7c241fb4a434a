// A model with an encoder in the built server over standard input and output: it warms up, answers from all of the
// model, survives what ends it in the middle, and finds onnxruntime where the packed extension has it.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type LspClient, scratchFolder, startLspClient } from "@tagwright/testing";
import { expect, onTestFinished, test } from "vitest";
import { exampleOnnx } from "../../trainer/model/src/encoder/example-encoder.ts";
import { tagwright } from "./command-line.ts";

const root = path.resolve(import.meta.dirname, "../..");
const dist = path.join(root, "dist");
const fixture = (version: string) => path.join(root, "test/fixtures/models", version);
const note = "---\ntags: []\n---\nSolar power, and text classification with trees of labels.\n";

interface Started {
  readonly client: LspClient;
  readonly folder: string;
  uri(name: string): string;
}

interface StartOptions {
  /** Changes the model before the server sees it. */
  readonly change?: (modelFolder: string) => void;
  /** Where the bundles are. */
  readonly server?: string;
  /** Documents beside the note. */
  readonly many?: number;
  /** Of the model's format: 2 with an encoder, 3 with two. */
  readonly version?: "v2" | "v3";
}

async function start({ change, server = dist, many = 0, version = "v2" }: StartOptions = {}): Promise<Started> {
  const more = Object.fromEntries(
    Array.from({ length: many }, (_, i) => [`more/${i}.md`, `Note ${i}. ${note.repeat(5)}`]),
  );
  const folder = scratchFolder({ "note.md": note, ...more });
  const modelFolder = path.join(folder, ".tags/model");
  cpSync(fixture(version), modelFolder, { recursive: true });
  change?.(modelFolder);
  // From elsewhere: what a module finds must not depend on where the server was started.
  const command = [process.execPath, path.join(server, "server.cjs"), "--stdio"] as const;
  const client = startLspClient({ command: [...command], cwd: folder });
  onTestFinished(() => client.stop());
  const folderUri = pathToFileURL(folder).toString();
  await client.request("initialize", {
    processId: process.pid,
    rootUri: folderUri,
    workspaceFolders: [{ uri: folderUri, name: "notes" }],
    capabilities: {},
    initializationOptions: { trusted: true, settings: { suggestions: { minProbability: 0 }, encoder: { threads: 1 } } },
  });
  client.notify("initialized", {});
  return { client, folder, uri: (name) => `${folderUri}/${name}` };
}

/** Puts a made-up encoder in place of the model's: nearly all time of a batch goes by in native code. */
function slowDown(modelFolder: string): void {
  const table = Array.from({ length: 220 }, (_, i) => Array.from({ length: 16 }, (_, j) => Math.sin(i + j)));
  const onnx = exampleOnnx({ table, slow: true });
  writeFileSync(path.join(modelFolder, "encoder.int8.onnx"), onnx);
  const place = path.join(modelFolder, "model.json");
  const manifest = JSON.parse(readFileSync(place, "utf8"));
  manifest.files["encoder.int8.onnx"] = { bytes: onnx.length, sha256: createHash("sha256").update(onnx).digest("hex") };
  writeFileSync(place, JSON.stringify(manifest));
}

type State = { readonly kind: string; readonly lexical?: { readonly loading: boolean; readonly reason: string } };
const stateOf = (status: unknown) => (status as { state: State }).state;
const whole = ({ client }: Started) =>
  client.until("tagwright/status", (it) => stateOf(it).kind === "ready" && stateOf(it).lexical === undefined);
const failed = ({ client }: Started) =>
  client.until("tagwright/status", (it) => stateOf(it).lexical?.loading === false).then(stateOf);

type Tag = { readonly tag: string; readonly probability: number };
async function suggest({ client, uri }: Started): Promise<Tag[]> {
  const answer = await client.request("tagwright/suggest", { uri: uri("note.md"), text: note });
  return (answer as { suggestions: Tag[] }).suggestions;
}

async function byCommand(folder: string): Promise<Tag[]> {
  const options = [
    "tag",
    "--model",
    path.join(folder, ".tags/model"),
    "--top",
    "8",
    "--json",
    path.join(folder, "note.md"),
  ];
  const { stdout, stderr, code } = await tagwright(options, { cwd: folder });
  expect(code, stderr).toBe(0);
  const { suggestions } = JSON.parse(stdout) as { suggestions: { name: string; probability: number }[] };
  return suggestions.map((it) => ({ tag: it.name, probability: it.probability }));
}

/** A server in the middle of a batch. */
async function encoding(
  change?: (modelFolder: string) => void,
): Promise<Started & { batch: Promise<unknown>; cancel(): void }> {
  const started = await start({ many: 120, ...(change && { change }) });
  await whole(started);
  const { client, folder } = started;
  const params = { folder: pathToFileURL(folder).toString(), minProbability: 0, partialResultToken: "batch" };
  const { result, cancel } = client.cancellable("tagwright/suggestWorkspace", params);
  const batch = result.catch(() => undefined);
  await client.until("$/progress", () => true);
  return { ...started, batch, cancel };
}

test.each([
  ["an encoder", "v2"],
  ["two encoders", "v3"],
] as const)("with %s the server says that it warms up, then answers as the command line does", async (_, version) => {
  const started = await start({ version });
  await whole(started);
  const seen = started.client.received("tagwright/status").map(stateOf);
  expect(seen.some((it) => it.lexical?.loading === true)).toBe(true);
  const expected = await byCommand(started.folder);
  const found = await suggest(started);
  expect(found.map((it) => it.tag)).toEqual(expected.map((it) => it.tag));
  for (const [i, it] of expected.entries()) expect(found[i]!.probability).toBeCloseTo(it.probability, 5);
});

test("an encoder that does not start is said with its reason, and words alone answer", async () => {
  const damage = (folder: string) => {
    const place = path.join(folder, "encoder.int8.onnx");
    const bytes = readFileSync(place);
    bytes[1000]! ^= 1;
    writeFileSync(place, bytes);
  };
  const started = await start({ change: damage });
  expect((await failed(started)).lexical?.reason).toMatch(/encoder\.int8\.onnx: expected SHA-256/);
  expect((await suggest(started)).length).toBe(8);
  const { code, stderr } = await tagwright([
    "tag",
    "--model",
    path.join(started.folder, ".tags/model"),
    started.folder,
  ]);
  expect(code).toBe(4);
  expect(stderr).toMatch(/encoder\.int8\.onnx: expected SHA-256/);
});

test("one encoder of two that does not start is said by name, and words alone answer", async () => {
  const damage = (folder: string) => writeFileSync(path.join(folder, "tokenizer-2.json"), " ".repeat(3566));
  const started = await start({ change: damage, version: "v3" });
  expect((await failed(started)).lexical?.reason).toMatch(/^tiny-distilbert: .*tokenizer-2\.json: expected SHA-256/u);
  expect((await suggest(started)).length).toBe(8);
});

test("a server that is shut down while it encodes ends in order", async () => {
  for (const delay of [20, 150]) {
    const { client, batch } = await encoding(slowDown);
    await new Promise((resolve) => setTimeout(resolve, delay));
    expect(await client.request("shutdown")).toBeNull();
    client.notify("exit");
    expect(await client.ended).toBe(0);
    expect(client.noise()).toBe("");
    await batch;
  }
}, 60_000);

test("a server whose editor goes away while it encodes ends without a crash", async () => {
  for (const delay of [20, 150]) {
    const { client, folder } = await encoding(slowDown);
    await new Promise((resolve) => setTimeout(resolve, delay));
    client.child.stdin?.end();
    expect(await client.ended, folder).toBe(1);
  }
}, 60_000);

test("a cancelled batch ends, and the encoder goes on answering", async () => {
  const started = await encoding();
  started.cancel();
  await started.batch;
  expect((await suggest(started)).length).toBe(8);
});

test("what still waits for the encoder about a text is let go when the text changes", async () => {
  const { client, uri, ...rest } = await start({ change: slowDown });
  await whole({ client, uri, ...rest });
  const document = { uri: uri("note.md"), languageId: "markdown", version: 1, text: note };
  client.notify("textDocument/didOpen", { textDocument: document });
  const ask = (i: number) => client.request("tagwright/suggest", { uri: uri(`${i}.md`), text: `${i} ${note}` });
  const begin = performance.now();
  await ask(0);
  const askedMs = performance.now() - begin;
  const ended: string[] = [];
  const before = Array.from({ length: Math.ceil(3000 / askedMs) }, (_, i) => ask(i + 1));
  const others = Promise.all(before).then(() => ended.push("others"));
  const top = { line: 0, character: 0 };
  const params = { textDocument: { uri: document.uri }, range: { start: top, end: top }, context: { diagnostics: [] } };
  const actions = client.request("textDocument/codeAction", params).then((it) => {
    ended.push("actions");
    return it;
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  client.notify("textDocument/didChange", {
    textDocument: { uri: document.uri, version: 2 },
    contentChanges: [{ text: `${note}More.\n` }],
  });
  expect(await actions).toEqual([]);
  await others;
  expect(ended).toEqual(["actions", "others"]);
}, 60_000);

test("a server that is killed while it encodes leaves the model as it was", async () => {
  const { client, folder } = await encoding();
  await client.stop();
  const { code, stdout } = await tagwright(["doctor", "--model", path.join(folder, ".tags/model")]);
  expect(code, stdout).toBe(0);
});

test("the packed server finds onnxruntime beside itself, for this platform alone", async () => {
  const { copyOnnxruntime } = (await import(pathToFileURL(path.join(root, "extension/native.mjs")).toString())) as {
    copyOnnxruntime(folder: string, os: string, arch: string): void;
  };
  const extension = scratchFolder({ "package.json": readFileSync(path.join(root, "package.json"), "utf8") });
  onTestFinished(() => rmSync(extension, { recursive: true, force: true }));
  const packed = path.join(extension, "dist");
  mkdirSync(packed);
  for (const name of ["server.cjs", "server-worker.cjs"]) cpSync(path.join(dist, name), path.join(packed, name));
  const without = await start({ server: packed });
  expect((await failed(without)).lexical?.reason).toMatch(/onnxruntime-node does not load on/);
  expect((await suggest(without)).length).toBe(8);
  copyOnnxruntime(packed, process.platform, process.arch);
  const started = await start({ server: packed });
  await whole(started);
  const tags = (await suggest(started)).map((it) => it.tag);
  expect(tags).toEqual((await byCommand(started.folder)).map((it) => it.tag));
});
