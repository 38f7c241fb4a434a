import { writeFileSync } from "node:fs";
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import type { TextDocumentEdit, TextEdit } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { codeActions } from "./features/code-actions.ts";
import { Cancelled } from "./guard.ts";
import type { FolderStatus } from "./protocol.ts";
import { Session, type SessionOptions } from "./session.ts";
import { fileUri } from "./uris.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A session without a worker: an editor that says nothing but which folders it has. */
function sessionOf(options: Partial<SessionOptions> = {}): Session {
  return new Session({
    workerScript: path.join("no", "worker.cjs"),
    log: log as never,
    documents: { get: () => undefined },
    fetchSettings: async () => ({}),
    fetchExcludes: async () => undefined,
    onStatus: () => undefined,
    ...options,
  });
}

test("a document that is not saved yet belongs to the folder that it is named in, or to the only one", async () => {
  const [a, b] = [scratchFolder(), scratchFolder()];
  const [first, second] = [fileUri(a), fileUri(b)];
  const session = sessionOf();
  const folderOf = async (uri: string) => (await session.folderOf(uri)).uri;
  try {
    await session.open([first]);
    expect(await folderOf("untitled:Untitled-1")).toBe(first);
    expect(await folderOf(`${second}/loose.md`)).toBe("");
    await session.open([first, second]);
    expect(await folderOf(`untitled:${b}/new%20note.md`)).toBe(second);
    expect(await folderOf("untitled:Untitled-1")).toBe("");
    await session.open([]);
    expect(await folderOf("untitled:Untitled-1")).toBe("");
  } finally {
    await session.dispose();
  }
});

test.each([
  ["a window without a folder", []],
  ["a folder that is not on disk", ["vscode-vfs://github/someone/notes"]],
  ["a folder that is gone", ["file:///no/such/folder"]],
])("%s has no tagged documents, and is not counted for ever", async (_, folders) => {
  const statuses: FolderStatus[] = [];
  const session = sessionOf({ onStatus: (it) => statuses.push(it) });
  try {
    await session.open(folders, true);
    await expect.poll(() => statuses.at(-1)?.state).toEqual({ kind: "none", taggedDocuments: 0 });
  } finally {
    await session.dispose();
  }
});

test("without a model, documents that are tagged and saved are counted again", async () => {
  const root = scratchFolder({ "a.md": "Text\n" });
  const session = sessionOf();
  try {
    await session.open([fileUri(root)], true);
    const folder = await session.folder(fileUri(root));
    await expect.poll(() => folder.status.state).toEqual({ kind: "none", taggedDocuments: 0 });
    for (const name of ["a.md", "b.md"]) {
      const file = path.join(root, name);
      writeFileSync(file, "---\ntags: [x]\n---\n");
      await session.fileChanged(fileUri(file));
    }
    const counted = () => folder.status.state;
    await expect.poll(counted, { timeout: 20_000 }).toEqual({ kind: "none", taggedDocuments: 2 });
  } finally {
    await session.dispose();
  }
});

test("a document that changes while the model is asked does not change the answer, which is let go", async () => {
  const uri = "file:///notes/note.md";
  const text = "---\ntitle: T\ntags: [a]\n---\nBody\n";
  const document = TextDocument.create(uri, "markdown", 1, text);
  const session = sessionOf({ documents: { get: () => document } });
  try {
    await session.open([], true);
    const context = (await session.context(uri))!;
    const suggest = async () => {
      const at = { line: 1, character: 8 };
      TextDocument.update(document, [{ range: { start: at, end: at }, text: "his is the title" }], 2);
      return [{ id: "b", name: "b", margin: 1, probability: 0.9 }];
    };
    const { folder } = context;
    const asked = { ...context, folder: { settings: folder.settings, model: folder.model, suggest } as never };
    const top = { line: 0, character: 0 };
    session.throwIfChanged(context.document);
    const [action] = await codeActions(asked, { start: top, end: top }, { diagnostics: [] });
    const [change] = action!.edit!.documentChanges as TextDocumentEdit[];
    expect(change!.textDocument.version).toBe(1);
    const before = TextDocument.create(uri, "markdown", 1, text);
    expect(TextDocument.applyEdits(before, change!.edits as TextEdit[])).toBe(text.replace("[a]", "[a, b]"));
    expect(() => session.throwIfChanged(context.document)).toThrow(Cancelled);
  } finally {
    await session.dispose();
  }
});

test("folders that are made again while their settings are fetched leave one, whichever settings come first", async () => {
  const folder = fileUri(scratchFolder({ "a.md": "---\ntags: [x]\n---\n" }));
  const answers: (() => void)[] = [];
  const statuses: FolderStatus[] = [];
  const session = new Session({
    workerScript: path.join("no", "worker.cjs"),
    log: log as never,
    documents: { get: () => undefined },
    fetchSettings: () => new Promise((resolve) => answers.push(() => resolve({}))),
    fetchExcludes: async () => undefined,
    onStatus: (it) => statuses.push(it),
  });
  const until = async (isTrue: () => boolean) => {
    while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await session.open([folder], false);
  const early = session.folder(folder);
  await session.open([folder], true);
  await until(() => answers.length === 2);
  // The later question is answered first.
  answers[1]!();
  const current = await session.folder(folder);
  answers[0]!();
  expect(await early).toBe(current);
  await until(() => current.status.state.kind === "none" && current.status.state.taggedDocuments === 1);
  expect(session.diagnostics("1").folders).toEqual([current.status]);
  await session.dispose();
});

test.each([
  ["the editor's excludes, whoever set them", async () => [{ "**/private": true }, { out: true }], 1],
  ["those of the folder's own settings, where the editor has none", async () => undefined, 2],
  ["those as well, where the editor does not answer", async () => Promise.reject(new Error("no")), 2],
])("documents are counted without %s", async (_, fetchExcludes: () => Promise<unknown[] | undefined>, count) => {
  const note = "---\ntags: [x]\n---\n";
  const folder = scratchFolder({
    "a.md": note,
    "private/b.md": note,
    "out/c.md": note,
    ".vscode/settings.json": '{ "files.exclude": { "out": true } }',
  });
  const session = new Session({
    workerScript: path.join("no", "worker.cjs"),
    log: log as never,
    documents: { get: () => undefined },
    fetchSettings: async () => ({}),
    fetchExcludes,
    onStatus: () => undefined,
  });
  await session.open([fileUri(folder)], true);
  const { model } = await session.folder(fileUri(folder));
  const counted = () => model.state.kind === "none" && model.state.taggedDocuments;
  await expect.poll(counted, { timeout: 20_000 }).toBe(count);
  await session.dispose();
});

test("folders are made again where a setting or an exclude is another, and stay where the editor only says it may be", async () => {
  const uri = fileUri(scratchFolder({ "a.md": "---\ntags: [x]\n---\n" }));
  let settings: object = {};
  let exclude: readonly unknown[] = [{ out: true }];
  const session = new Session({
    workerScript: path.join("no", "worker.cjs"),
    log: log as never,
    documents: { get: () => undefined },
    fetchSettings: async () => settings,
    fetchExcludes: async () => exclude,
    onStatus: () => undefined,
  });
  try {
    await session.open([uri], true);
    const first = await session.folder(uri);
    await session.reconfigure();
    expect(await session.folder(uri)).toBe(first);
    exclude = [{ out: false }];
    await session.reconfigure();
    const second = await session.folder(uri);
    expect(second).not.toBe(first);
    settings = { formats: { keys: ["topics"] } };
    await session.reconfigure();
    expect(await session.folder(uri)).not.toBe(second);
  } finally {
    await session.dispose();
  }
});
