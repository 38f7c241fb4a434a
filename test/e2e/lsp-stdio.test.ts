// The built language server over standard input and output, as an editor other than VS Code runs it: with a client
// written from the specification, a model that the command line trained, and much that no good editor would send.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { LspError, startLspClient } from "@tagwright/testing";
import { expect, onTestFinished, test } from "vitest";
import { tagwright } from "./command-line.ts";
import { ghost, note, other, ready, root, start, stateOf, trained, useTrainedModel } from "./lsp-server.ts";
import { makeNotes } from "./notes.ts";

useTrainedModel();

test("the server says what it can do, and speaks UTF-16 positions", async () => {
  const { capabilities } = await start();
  expect(capabilities).toMatchObject({
    positionEncoding: "utf-16",
    inlineCompletionProvider: true,
    hoverProvider: true,
    completionProvider: { resolveProvider: true },
    codeActionProvider: { codeActionKinds: ["quickfix", "source.addSuggestedTags"] },
    textDocumentSync: { openClose: true, change: 2 },
  });
});

test("with a model: ghost text, completion, code action and hover, and nothing but messages on stdout", async () => {
  const started = await start();
  const { client, uri, open } = started;
  open("note.md", note);
  await ready(started);
  const [set, first] = await ghost(started);
  expect(set!.split(", ").length).toBeGreaterThan(1);
  expect(set!.startsWith(first!)).toBe(true);
  const at = { textDocument: { uri: uri("note.md") }, position: { line: 2, character: 7 } };
  const { items } = (await client.request("textDocument/completion", at)) as { items: { label: string }[] };
  expect(items.map((it) => it.label)).toContain("astronomy");
  const range = { start: at.position, end: at.position };
  const context = { diagnostics: [] };
  const actions = (await client.request("textDocument/codeAction", { ...at, range, context })) as { title: string }[];
  expect(actions[0]!.title).toContain("Add suggested tags");
  open("other.md", other);
  const onTag = { textDocument: { uri: uri("other.md") }, position: { line: 1, character: 8 } };
  const hover = (await client.request("textDocument/hover", onTag)) as { contents: { value: string } };
  expect(hover.contents.value).toContain("**astronomy**");
  expect(hover.contents.value).toMatch(/Words that spoke for it: .*(?:comet|orbit)/);
  expect(client.noise()).toBe("");
});

test("an edit is seen at once: a tag that was typed is not suggested again", async () => {
  const started = await start();
  const { client, uri, open } = started;
  open("note.md", note);
  await ready(started);
  const [, best] = await ghost(started);
  client.notify("textDocument/didChange", {
    textDocument: { uri: uri("note.md"), version: 2 },
    contentChanges: [
      { range: { start: { line: 2, character: 7 }, end: { line: 2, character: 7 } }, text: `${best}, ` },
    ],
  });
  const [after] = await ghost(started, "note.md", 7 + best!.length + 2);
  expect(after).not.toContain(best);
});

test("of keys that are typed quickly few are asked about: what the next one overtakes is let go", async () => {
  const started = await start();
  const { client, uri, open } = started;
  open("note.md", note);
  await ready(started);
  await ghost(started);
  const asked = async () => {
    const { workerRequests } = (await client.request("tagwright/diagnostics")) as { workerRequests: number };
    return workerRequests;
  };
  let version = 1;
  const type = () => {
    const textDocument = { uri: uri("note.md"), version: ++version };
    const at = { line: 4, character: 0 };
    client.notify("textDocument/didChange", {
      textDocument,
      contentChanges: [{ range: { start: at, end: at }, text: "comet " }],
    });
    return client.cancellable("textDocument/inlineCompletion", {
      textDocument: { uri: uri("note.md") },
      position: { line: 2, character: 7 },
      context: { triggerKind: 1 },
    });
  };
  const before = await asked();
  expect(await type().result).not.toEqual([]);
  const forOne = (await asked()) - before;
  expect(forOne).toBeGreaterThan(0);

  const overtaken: Promise<unknown>[] = [];
  for (let key = 0; key < 12; key++) {
    const { result, cancel } = type();
    overtaken.push(result.catch((error: unknown) => error));
    // The server has the request, and is overtaken soon after; on a busy machine now and then too late.
    await asked();
    cancel();
  }
  expect(await type().result).not.toEqual([]);
  for (const result of await Promise.all(overtaken))
    expect(result instanceof LspError || Array.isArray(result)).toBe(true);
  expect((await asked()) - before).toBeLessThan(8 * forOne);
});

test("without a model every answer is empty, and the state says how many documents a training would have", async () => {
  const started = await start({ model: false });
  started.open("note.md", note);
  const tagged = (it: unknown) => (it as { state: { taggedDocuments?: number } }).state.taggedDocuments;
  expect(await started.client.until("tagwright/status", (it) => tagged(it) !== undefined)).toMatchObject({
    state: { kind: "none", taggedDocuments: 1 },
  });
  expect(await ghost(started)).toEqual([]);
  writeFileSync(path.join(started.folder, "third.md"), other);
  started.client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: started.uri("third.md"), type: 1 }] });
  await started.client.until("tagwright/status", (it) => tagged(it) === 2);
});

test("a model that appears is used without a restart, and one that is cut short is a state with a reason", async () => {
  const started = await start({ model: false });
  const { client, folder, open } = started;
  open("note.md", note);
  cpSync(path.join(trained, "model"), path.join(folder, ".tags/model"), { recursive: true });
  const notes = pathToFileURL(folder).toString();
  expect(await client.request("tagwright/modelChanged", { folder: notes })).toBe(true);
  expect((await ghost(started)).length).toBeGreaterThan(0);
  const ranker = path.join(folder, ".tags/model/ranker.safetensors");
  writeFileSync(ranker, readFileSync(ranker).subarray(0, 200));
  const manifest = path.join(folder, ".tags/model/model.json");
  writeFileSync(manifest, `${readFileSync(manifest, "utf8")}\n`);
  expect(await client.request("tagwright/modelChanged", { folder: notes })).toBe(false);
  const failed = await client.until("tagwright/status", (it) => stateOf(it) === "failed");
  expect(failed).toMatchObject({ state: { message: expect.stringContaining("ranker.safetensors") } });
  expect(await ghost(started)).toEqual([]);
});

const fixture = path.join(root, "test/fixtures/models/v1");
const withoutPrevious = { restored: false, reason: expect.stringContaining("there is nothing to go back to") };

test("the previous model is described and brought back, and the same again returns to the new one", async () => {
  const started = await start();
  const { client, folder, open } = started;
  const params = { folder: pathToFileURL(folder).toString() };
  open("note.md", note);
  await ready(started);
  const expected = await ghost(started);
  expect(await client.request("tagwright/previousModel", params)).toEqual({ kind: "none" });
  expect(await client.request("tagwright/restoreModel", params)).toEqual(withoutPrevious);
  expect(await ghost(started)).toEqual(expected);

  cpSync(fixture, path.join(folder, ".tags/model.previous"), { recursive: true });
  const { counts, createdAt } = JSON.parse(readFileSync(path.join(fixture, "model.json"), "utf8"));
  const facts = { labels: counts.labels, documents: counts.documents, createdAt };
  const previous = await client.request("tagwright/previousModel", params);
  expect(previous).toEqual({ kind: "model", encoder: "none", ...facts });
  expect(await client.request("tagwright/restoreModel", params)).toEqual({ restored: true });
  await client.until("tagwright/status", (it) => (it as { state: { labels?: number } }).state.labels === facts.labels);
  expect(await ghost(started)).not.toEqual(expected);
  expect(await client.request("tagwright/previousModel", params)).toMatchObject({ kind: "model", labels: 5 });
  expect(await client.request("tagwright/restoreModel", params)).toEqual({ restored: true });
  expect(await ghost(started)).toEqual(expected);
});

test("a previous model that is damaged is not brought back unseen, and an untrusted folder keeps its own", async () => {
  const started = await start();
  const { client, folder } = started;
  const params = { folder: pathToFileURL(folder).toString() };
  const previous = path.join(folder, ".tags/model.previous");
  cpSync(fixture, previous, { recursive: true });
  writeFileSync(path.join(previous, "labels.txt"), "x");
  expect(await client.request("tagwright/previousModel", params)).toEqual({
    kind: "failed",
    message: expect.stringContaining("labels.txt"),
  });
  const untrusted = await start({ trusted: false });
  const theirs = { folder: pathToFileURL(untrusted.folder).toString() };
  cpSync(fixture, path.join(untrusted.folder, ".tags/model.previous"), { recursive: true });
  expect(await untrusted.client.request("tagwright/previousModel", theirs)).toEqual({ kind: "none" });
  expect(await untrusted.client.request("tagwright/restoreModel", theirs)).toMatchObject({ restored: false });
});

test("in an untrusted workspace its model is not opened", async () => {
  const started = await start({ trusted: false });
  started.open("note.md", note);
  await started.client.until("tagwright/status", (it) => stateOf(it) === "restricted");
  expect(await ghost(started)).toEqual([]);
  started.client.notify("tagwright/trustGranted");
  await started.client.until("tagwright/status", (it) => stateOf(it) === "ready");
  expect((await ghost(started)).length).toBeGreaterThan(0);
});

test("a server that is killed in the middle of a request loses nothing: the next one answers the same", async () => {
  const first = await start();
  first.open("note.md", note);
  await ready(first);
  const expected = await ghost(first);
  const pending = first.client.request("tagwright/suggest", {
    uri: first.uri("big.md"),
    text: "comet orbit ".repeat(300_000),
  });
  let isAnswered = false;
  pending.then(
    () => (isAnswered = true),
    () => undefined,
  );
  // What is sent later is answered: the request has been read, and is worked on.
  await first.client.request("tagwright/isTagSlot", { uri: first.uri("note.md"), line: 1, character: 0 });
  expect(isAnswered).toBe(false);
  first.client.child.kill("SIGKILL");
  await expect(pending).rejects.toThrow("the server ended");
  expect(await first.client.ended).toBeNull();
  const second = await start();
  second.open("note.md", note);
  await ready(second);
  expect(await ghost(second)).toEqual(expected);
});

const requests = [
  "textDocument/inlineCompletion",
  "textDocument/completion",
  "completionItem/resolve",
  "textDocument/codeAction",
  "textDocument/hover",
  "tagwright/suggest",
  "tagwright/plan",
  "tagwright/isTagSlot",
  "tagwright/suggestWorkspace",
  "tagwright/modelChanged",
  "tagwright/previousModel",
  "tagwright/restoreModel",
  "tagwright/diagnostics",
  "no/such/method",
];

test("malformed parameters get an answer or an error, and the server goes on", async () => {
  const started = await start();
  const { client, open, uri } = started;
  open("note.md", note);
  await ready(started);
  const wrong = [
    undefined,
    {},
    [],
    { textDocument: null, position: null, uri: 3, folder: {} },
    { textDocument: { uri: "not a uri" }, position: { line: -1, character: 1e12 }, uri: "%%%", folder: "x" },
    { textDocument: { uri: uri("note.md") }, position: { line: "a" }, range: {}, context: {} },
    { label: null, data: { uri: [] } },
  ];
  for (const method of requests) {
    for (const params of wrong) {
      await client.request(method, params).catch((error: unknown) => expect(error).toBeInstanceOf(LspError));
    }
  }
  for (const params of wrong) {
    client.notify("textDocument/didClose", params);
    client.notify("workspace/didChangeWatchedFiles", params);
    client.notify("workspace/didChangeConfiguration", params);
    client.notify("tagwright/unknown", params);
  }
  // One of them has closed the note, as it may.
  open("note.md", note);
  await client.request("tagwright/modelChanged", { folder: uri("").slice(0, -1) });
  expect((await ghost(started)).length).toBeGreaterThan(0);
});

test("bytes that are no message do not end the server", async () => {
  const started = await start();
  const { client, open } = started;
  client.write("Content-Length: 9\r\n\r\n{not json");
  client.write("Content-Length: 2\r\n\r\n[]Content-Length: 4\r\n\r\nnull");
  open("note.md", note);
  await ready(started);
  expect((await ghost(started)).length).toBeGreaterThan(0);
});

test("a document of ten megabytes is answered, and a cancelled request for it ends at once", async () => {
  const started = await start();
  const { client, open, uri } = started;
  open("big.md", note + "Under the comet and the nebula, day after day, a walk of many words ".repeat(160_000));
  open("note.md", note);
  await ready(started);
  const start0 = performance.now();
  const { result, cancel } = client.cancellable("textDocument/inlineCompletion", {
    textDocument: { uri: uri("big.md") },
    position: { line: 2, character: 7 },
    context: { triggerKind: 1 },
  });
  cancel();
  const answer = await result.catch((error: unknown) => error);
  expect(answer instanceof LspError || (Array.isArray(answer) && answer.length === 0)).toBe(true);
  expect((await ghost(started, "big.md")).length).toBeGreaterThan(0);
  expect((await ghost(started)).length).toBeGreaterThan(0);
  expect(performance.now() - start0).toBeLessThan(20_000);
});

test("a NUL byte and lone surrogates in a text are no reason to fail", async () => {
  const started = await start();
  started.open("note.md", `${note}\0\ud800 comet`);
  await ready(started);
  expect((await ghost(started)).length).toBeGreaterThan(0);
});

test("a folder is suggested for in portions, each document once", async () => {
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`more/${i}.md`, note]));
  const started = await start({ files });
  await ready(started);
  const { client, folder } = started;
  const result = await client.request("tagwright/suggestWorkspace", {
    folder: pathToFileURL(folder).toString(),
    minProbability: 0,
    partialResultToken: "batch",
  });
  expect(result).toMatchObject({ state: "ready", documents: 42, skipped: [] });
  const portions = client.received("$/progress") as { token: string; value: { documents: { uri: string }[] } }[];
  const uris = portions.filter((it) => it.token === "batch").flatMap((it) => it.value.documents.map((d) => d.uri));
  expect(new Set(uris).size).toBe(42);
  expect(uris.length).toBe(42);
});

test("a document gets the same tags with the same probabilities as from the command line", async () => {
  const notes = makeNotes(20, 99).map(
    ({ text }, i) => [`more/${i}.md`, `---\ntitle: Note ${i}\n---\n${text}\n`] as const,
  );
  const started = await start({ files: Object.fromEntries(notes) });
  await ready(started);
  const { client, folder, uri } = started;
  const model = path.join(folder, ".tags/model");
  const { stdout } = await tagwright(["tag", "--model", model, "--top", "5", "--json", path.join(folder, "more")], {
    cwd: folder,
  });
  const lines = stdout
    .trim()
    .split("\n")
    .map((it) => JSON.parse(it) as Record<string, unknown>);
  const byCommand = new Map(
    lines.map((it) => [path.basename(String(it["path"] ?? it["document"])), it["suggestions"]]),
  );
  expect(byCommand.size).toBe(20);
  for (const [name, text] of notes) {
    const { suggestions } = (await client.request("tagwright/suggest", { uri: uri(name), text })) as {
      suggestions: { tag: string; probability: number }[];
    };
    const expected = (byCommand.get(path.basename(name)) as { name: string; probability: number }[]).slice(0, 5);
    expect(suggestions.slice(0, 5).map((it) => it.tag)).toEqual(expected.map((it) => it.name));
    for (const [at, it] of expected.entries()) expect(suggestions[at]!.probability).toBeCloseTo(it.probability, 4);
  }
});

test("the command line serves too: initialize, shutdown, exit", async () => {
  const bin = path.join(root, "trainer/bin/tagwright.cjs");
  const client = startLspClient({ command: [process.execPath, bin, "serve", "--stdio"] });
  onTestFinished(() => client.stop());
  const { serverInfo } = (await client.request("initialize", {
    processId: process.pid,
    rootUri: null,
    capabilities: {},
  })) as { serverInfo: { name: string } };
  expect(serverInfo.name).toBe("tagwright");
  client.notify("initialized", {});
  expect(await client.request("shutdown")).toBeNull();
  client.notify("exit");
  expect(await client.ended).toBe(0);
  expect(client.noise()).toBe("");
});

test("shutdown and exit end the process", async () => {
  const { client } = await start();
  expect(await client.request("shutdown")).toBeNull();
  client.notify("exit");
  expect(await client.ended).toBe(0);
});
