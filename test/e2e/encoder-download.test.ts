// What is fetched on command, as a person would do it: `tagwright encoder get` and `train --download`, from a hub of our own.
import path from "node:path";
import { scratchFolder } from "@tagwright/testing";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import {
  commit,
  type FakeHub,
  filesOf,
  startFakeHub,
  tinyEncoder,
} from "../../trainer/src/encoder/source/test-data.ts";
import { start, tagwright } from "./command-line.ts";
import { makeNotes } from "./notes.ts";

let hub: FakeHub;
beforeAll(async () => {
  hub = await startFakeHub(filesOf(tinyEncoder));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});

/** Nothing has been fetched there. */
let home: string;
beforeEach(() => {
  home = scratchFolder();
  vi.stubEnv("TAGWRIGHT_HOME", home);
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_TOKEN", undefined);
  hub.fault = {};
  hub.requests.length = 0;
});

interface Line {
  readonly type: string;
  readonly stage?: string;
  readonly done?: number;
  readonly total?: number;
  readonly message?: string;
}
const linesOf = (stdout: string): Line[] =>
  stdout
    .trim()
    .split("\n")
    .map((it) => JSON.parse(it) as Line);

test("get says what it downloads, shows how far it is, and keeps it; a second time there is nothing to do", async () => {
  const first = await tagwright(["encoder", "get", "org/tiny", "--json"]);
  expect([first.code, first.stderr]).toEqual([0, ""]);
  const lines = linesOf(first.stdout);
  const size = [...filesOf(tinyEncoder).values()].reduce((sum, it) => sum + it.length, 0);
  expect(lines[0]).toMatchObject({
    type: "log",
    message: expect.stringMatching(/^Downloading 5 files, 0\.1 MiB, from /u),
  });
  expect(lines.find((it) => it.type === "progress")).toMatchObject({ stage: "download", total: size });
  expect(lines.findLast((it) => it.type === "progress")).toMatchObject({ done: size, total: size });
  const folder = (lines.at(-1) as unknown as { folder: string }).folder;
  expect(lines.at(-1)).toMatchObject({ type: "done", source: "org/tiny", fetched: true });
  expect(filesOf(folder).get("model.safetensors")).toEqual(filesOf(tinyEncoder).get("model.safetensors"));

  hub.requests.length = 0;
  const second = await tagwright(["encoder", "get", "org/tiny"]);
  expect([second.code, second.stdout]).toEqual([0, expect.stringContaining(`org/tiny is already in ${folder}\n`)]);
  expect(hub.requests).toEqual([]);
  expect((await tagwright(["encoder", "list"])).stdout).toContain(folder);
  expect((await tagwright(["encoder", "check", "org/tiny"])).stdout).toContain(`hub org/tiny@${commit}`);
}, 60_000);

// Windows has no signal that asks.
test.skipIf(process.platform === "win32")(
  "Ctrl+C ends a download at once, and the same command goes on with it",
  async () => {
    hub.fault = { stalls: true };
    const getting = start(["encoder", "get", "org/tiny", "--json"]);
    await getting.seen(/"type":"progress"/u);
    await vi.waitFor(() => expect(hub.requests.at(-1)?.path).toMatch(/model\.safetensors$/u), 10_000);
    getting.child.kill("SIGINT");
    const { code, stderr } = await getting.finished;
    expect([code, stderr]).toEqual([130, expect.stringMatching(/stopped/iu)]);
    expect((await tagwright(["encoder", "list"])).stdout).toMatch(/^None yet/u);

    hub.fault = {};
    expect((await tagwright(["encoder", "get", "org/tiny"])).stdout).toContain("org/tiny is now in ");
  },
  60_000,
);

test("train fetches the encoder where --download asks for it, and only then", async () => {
  const notes = makeNotes(40).map(({ tags, text }, i) => JSON.stringify({ id: `n${i}`, text, labels: tags }));
  const folder = scratchFolder({ "notes.jsonl": `${notes.join("\n")}\n` });
  const out = path.join(folder, "model");
  const train = ["train", "--corpus", path.join(folder, "notes.jsonl"), "--out", out, "--encoder", "org/tiny"];
  const refused = await tagwright(train);
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("tagwright encoder get org/tiny")]);
  expect(hub.requests).toEqual([]);

  const trained = await tagwright([...train, "--download", "--freeze", "--json"]);
  expect([trained.code, trained.stderr]).toEqual([0, ""]);
  expect(linesOf(trained.stdout).find((it) => it.stage === "download")).toBeDefined();
  expect((await tagwright(["evaluate", "--model", out, "--corpus", path.join(folder, "notes.jsonl")])).code).toBe(0);
  expect((await tagwright([...train, "--freeze"])).code).toBe(0);
}, 120_000);

test("a hub that refuses is exit code 3 with the cure, and nothing is kept", async () => {
  hub.fault = { status: 404 };
  const { code, stderr } = await tagwright(["encoder", "get", "org/tiny"]);
  expect([code, stderr]).toEqual([3, expect.stringContaining("status 404; check the name and the revision")]);
  expect((await tagwright(["encoder", "list"])).stdout).toMatch(/^None yet/u);
}, 60_000);
