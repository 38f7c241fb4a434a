import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import type { FolderStatus } from "./protocol.ts";
import { Session } from "./session.ts";
import { fileUri } from "./uris.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

test("folders that are made again while their settings are fetched leave one, whichever settings come first", async () => {
  const folder = fileUri(scratchFolder({ "a.md": "---\ntags: [x]\n---\n" }));
  const answers: (() => void)[] = [];
  const statuses: FolderStatus[] = [];
  const session = new Session({
    workerScript: path.join("no", "worker.cjs"),
    log: log as never,
    documents: { get: () => undefined },
    fetchSettings: () => new Promise((resolve) => answers.push(() => resolve({}))),
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
