// A built language server on a folder of notes, with a model that the command line trained: what its tests start from.
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type LspClient, scratchFolder, startLspClient } from "@tagwright/testing";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { tagwright } from "./command-line.ts";
import { makeNotes } from "./notes.ts";

export const root = path.resolve(import.meta.dirname, "../..");
const server = path.join(root, "dist/server.cjs");
export const trained = mkdtempSync(path.join(tmpdir(), "tagwright-lsp-"));

/** Trains the model before all tests of a file, and removes it after them. */
export function useTrainedModel(): void {
  beforeAll(async () => {
    if (!existsSync(server)) throw new Error(`${server} is missing; run "npm run build" first`);
    const lines = makeNotes(120).map(({ tags, text }, i) => JSON.stringify({ id: String(i), text, labels: tags }));
    const corpus = path.join(trained, "notes.jsonl");
    writeFileSync(corpus, `${lines.join("\n")}\n`);
    const { code, stderr } = await tagwright([
      "train",
      "--corpus",
      corpus,
      "--out",
      path.join(trained, "model"),
      "--json",
    ]);
    expect(code, stderr).toBe(0);
  }, 60_000);
  afterAll(() => rmSync(trained, { recursive: true, force: true }));
}

export const note =
  "---\ntitle: A walk\ntags: []\n---\nGalaxy, nebula and comet by the telescope; later a tide and an anchor.\n";

export const other = "---\ntags: [astronomy]\n---\nThe orbit of a comet.\n";

interface Started {
  readonly client: LspClient;
  readonly folder: string;
  readonly capabilities: Record<string, unknown>;
  uri(name: string): string;
  open(name: string, text: string): void;
}

/** A server on a folder of notes, with the fixture's model unless told otherwise; every label is likely enough. */
export async function start({
  model = true,
  trusted = true,
  files = {} as Record<string, string>,
} = {}): Promise<Started> {
  const folder = scratchFolder({ "note.md": note, "other.md": other, ...files });
  if (model) cpSync(path.join(trained, "model"), path.join(folder, ".tags/model"), { recursive: true });
  const client = startLspClient({ command: [process.execPath, server, "--stdio"] });
  onTestFinished(() => client.stop());
  const folderUri = pathToFileURL(folder).toString();
  const { capabilities } = (await client.request("initialize", {
    processId: process.pid,
    rootUri: folderUri,
    workspaceFolders: [{ uri: folderUri, name: "notes" }],
    capabilities: {},
    initializationOptions: { trusted, settings: { suggestions: { minProbability: 0 } } },
  })) as { capabilities: Record<string, unknown> };
  client.notify("initialized", {});
  const uri = (name: string) => `${folderUri}/${name}`;
  const open = (name: string, text: string) =>
    client.notify("textDocument/didOpen", {
      textDocument: { uri: uri(name), languageId: "markdown", version: 1, text },
    });
  return { client, folder, capabilities, uri, open };
}

export const stateOf = (status: unknown) => (status as { state: { kind: string } }).state.kind;
const settled = new Set(["ready", "failed", "restricted"]);
export const ready = async ({ client }: Started) => {
  const status = await client.until("tagwright/status", (it) => settled.has(stateOf(it)));
  expect(status).toMatchObject({ state: { kind: "ready" } });
};

export async function ghost({ client, uri }: Started, name = "note.md", character = 7): Promise<string[]> {
  const items = (await client.request("textDocument/inlineCompletion", {
    textDocument: { uri: uri(name) },
    position: { line: 2, character },
    context: { triggerKind: 1 },
  })) as { insertText: string }[];
  return items.map((it) => it.insertText);
}
