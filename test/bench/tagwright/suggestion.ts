// How long one suggestion takes, from text to tags, in a built server over standard input and output. Every text is new
// to the server, and longer than its encoder reads.
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { quantile } from "../../../trainer/src/eval/metrics.ts";
import { startLspClient } from "../../support/src/lsp-client.ts";

export interface SuggestionOptions {
  /** dist/server.cjs. */
  readonly server: string;
  readonly model: string;
  /** JSON Lines with `text`, maybe gzipped. */
  readonly documents: string;
  readonly count: number;
  /** Word pieces that a text has at least. */
  readonly pieces: number;
  readonly threads: number;
}

/** Of a piece, on average, in texts of few pieces a character. */
const CHARACTERS_A_PIECE = 7;
const WARM_UP = 20;

interface State {
  readonly kind: string;
  readonly message?: string;
  readonly lexical?: { readonly loading: boolean; readonly reason: string };
}

/** Milliseconds, one suggestion after the other. */
export async function timeSuggestions({ server, model, documents, count, pieces, threads }: SuggestionOptions) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "tagwright-bench-"));
  cpSync(model, path.join(folder, ".tags/model"), { recursive: true });
  const client = startLspClient({ command: [process.execPath, server, "--stdio"], cwd: folder });
  try {
    const folderUri = pathToFileURL(folder).toString();
    await client.request("initialize", {
      processId: process.pid,
      rootUri: folderUri,
      workspaceFolders: [{ uri: folderUri, name: "bench" }],
      capabilities: {},
      initializationOptions: { trusted: true, settings: { encoder: { threads } } },
    });
    const start = performance.now();
    client.notify("initialized", {});
    const status = await client.until("tagwright/status", (it) => isSettled((it as { state: State }).state));
    const { kind, message, lexical } = (status as { state: State }).state;
    if (kind !== "ready" || lexical !== undefined) throw new Error(`${model}: ${message ?? lexical?.reason ?? kind}`);
    const warmUp = performance.now() - start;
    const times: number[] = [];
    for (const [i, text] of textsOf(documents, count + WARM_UP, pieces * CHARACTERS_A_PIECE).entries()) {
      const asked = performance.now();
      const answer = await client.request("tagwright/suggest", { uri: `${folderUri}/${i}.md`, text });
      times.push(performance.now() - asked);
      if (answer === null) throw new Error(`text ${i}: the server gave no answer`);
    }
    const measured = times.slice(WARM_UP);
    return { warmUp, p50: quantile(measured, 0.5), p95: quantile(measured, 0.95), suggestions: measured.length };
  } finally {
    await client.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function isSettled({ kind, lexical }: State): boolean {
  return kind === "failed" || (kind === "ready" && lexical?.loading !== true);
}

/** Texts of `length` characters, each beginning at another document. */
function textsOf(file: string, wanted: number, length: number): string[] {
  const bytes = readFileSync(file);
  const lines = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8").trim().split("\n");
  const all = lines.slice(0, 4 * wanted).map((it): string => JSON.parse(it).text);
  return Array.from({ length: wanted }, (_, first) => {
    let text = `${first}\n`;
    for (let at = first; text.length < length; at++) text += `${all[at % all.length]}\n\n`;
    return text.slice(0, length);
  });
}
